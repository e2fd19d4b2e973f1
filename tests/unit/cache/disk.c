/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was put is found after a restart, what was purged is not; the oldest
 * goes when there is no more room; a disk that fails is done without.
 */
#include "disk_stock.h"

#include "cache/disk_impl.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void
a_restart_forgets_nothing(void **state)
{
	static const int64_t lengths[] = { 0, 1, 100, 5000, 65536, 65537,
		200000, 300000, 3000000 };
	char key[] = "http://a.example:80/A";
	struct disk_stock d;

	(void)state;
	disk_begin(&d, 64 * MIB, 0);
	disk_again(&d); /* with nothing in it */
	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		key[strlen(key) - 1] = (char)('A' + i);
		assert_int_equal(
		    put(&d.s,
			(struct made){
			    .key = key, .tags = "front", .length = lengths[i] },
			(char)('A' + i)),
		    0);
	}
	for (int round = 0; round < 2; round++) {
		disk_again(&d);
		assert_int_equal(disk_stats(&d).objects, COUNT_OF(lengths));
		for (size_t i = 0; i < COUNT_OF(lengths); i++) {
			key[strlen(key) - 1] = (char)('A' + i);
			struct cache_object *object = disk_find(&d, key, NULL);
			assert_non_null(object);
			assert_true(str_is(cache_object_key(object), key));
			assert_true(str_is(cache_object_tags(object), "front"));
			assert_true(str_is(cache_object_head(object),
			    "Content-Type: text/plain\r\n"));
			assert_int_equal(cache_object_meta(object).status, 200);
			assert_int_equal(
			    cache_object_meta(object).content_length,
			    lengths[i]);
			assert_int_equal(
			    disk_read_all(&d, object, (char)('A' + i)),
			    lengths[i]);
		}
		key[strlen(key) - 1] = 'z';
		assert_null(disk_find(&d, key, NULL));
	}
	assert_int_equal(d.emptied + d.damaged + d.failed, 0);
	disk_end(&d);
}

static void
of_unknown_length_and_freshened_too(void **state)
{
	struct disk_stock d;

	(void)state;
	disk_begin(&d, 64 * MIB, 0);
	struct cache_object *old =
	    make((struct made){ .key = "http://a:80/", .length = HTTP_UNSAID });
	assert_int_equal(cache_put(&d.s.user, old), 0);
	fill(old, 'o', 5000);
	cache_body_end(cache_object_body(old));
	struct cache_object *fresh = make((struct made){
	    .key = "http://a:80/", .tags = "fresh", .freshened = old });
	assert_int_equal(cache_put(&d.s.user, fresh), 0);
	cache_object_unref(old);
	cache_object_unref(fresh);
	disk_again(&d);
	assert_int_equal(disk_stats(&d).objects, 1);
	struct cache_object *object = disk_find(&d, "http://a:80/", NULL);
	assert_true(str_is(cache_object_tags(object), "fresh"));
	assert_int_equal(disk_read_all(&d, object, 'o'), 5000);
	disk_end(&d);
}

static void
variants_come_together_the_newest_first(void **state)
{
	struct disk_stock d;

	(void)state;
	disk_begin(&d, 64 * MIB, 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(put(&d.s,
				     (struct made){ .key = "http://a:80/",
					 .vary = "accept-language:de\n",
					 .length = 10 + i },
				     'd'),
		    0);
		assert_int_equal(put(&d.s,
				     (struct made){ .key = "http://a:80/",
					 .vary = "accept-language:en\n",
					 .length = 20 + i },
				     'e'),
		    0);
	}
	assert_int_equal(put(&d.s,
			     (struct made){ .key = "http://a:80/x",
				 .vary = "accept-language:en\n",
				 .length = 1 },
			     'o'),
	    0);
	assert_int_equal(
	    put(&d.s, (struct made){ .key = "http://a:80/x", .length = 2 },
		'n'),
	    0);
	disk_again(&d);
	assert_int_equal(disk_stats(&d).objects, 4);
	struct cache_object *object = disk_find(&d, "http://a:80/", "en");
	assert_int_equal(disk_read_all(&d, object, 'e'), 21);
	assert_null(disk_find(&d, "http://a:80/", "fr"));
	object = find(&d.s, "http://a:80/", "de"); /* is here already */
	assert_int_equal(disk_read_all(&d, object, 'd'), 11);
	object = disk_find(&d, "http://a:80/x", "en");
	assert_int_equal(disk_read_all(&d, object, 'n'), 2);
	disk_end(&d);
}

/* ---- purging ---- */

static void
put_letters(struct disk_stock *d, char from, char to)
{
	char key[] = "http://x.example:80/A";

	for (char letter = from; letter <= to; letter++) {
		key[7] = letter % 2 == 0 ? 'a' : 'b';
		key[strlen(key) - 1] = letter;
		assert_int_equal(put(&d->s,
				     (struct made){ .key = key,
					 .tags = letter % 3 == 0 ? "third" : "",
					 .stamp = cache_stamp(d->s.cache),
					 .length = 100 * letter },
				     letter),
		    0);
	}
}

/* Which letters are found, each with its own body. */
static unsigned
letters(struct disk_stock *d)
{
	char key[] = "http://x.example:80/A";
	unsigned bits = 0;

	for (char letter = 'A'; letter <= 'Z'; letter++) {
		key[7] = letter % 2 == 0 ? 'a' : 'b';
		key[strlen(key) - 1] = letter;
		struct cache_object *object = disk_find(d, key, NULL);
		if (object == NULL)
			continue;
		assert_int_equal(
		    disk_read_all(d, object, letter), 100 * letter);
		bits |= 1u << (letter - 'A');
	}
	return bits;
}

static void
a_purge_outlives_a_restart(void **state)
{
	static const struct {
		enum cache_purge_kind kind;
		const char *what;
		unsigned gone; /* of A to Z */
	} rows[] = {
		{ CACHE_PURGE_KEY, "http://a.example:80/B", 0x2 },
		{ CACHE_PURGE_PREFIX, "http://a.ex", 0x2aaaaaa },
		{ CACHE_PURGE_HOST, "b.example", 0x1555555 },
		{ CACHE_PURGE_TAG, "third", 0x2492492 },
		{ CACHE_PURGE_ALL, "", 0x3ffffff },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows) * 2; i++) {
		struct str what = str_of(rows[i / 2].what);
		unsigned left = 0x3ffffff & ~rows[i / 2].gone;
		struct disk_stock d;
		disk_begin(&d, 64 * MIB, i % 2 == 0 ? 0 : 64 << 10);
		put_letters(&d, 'A', 'Z');
		if (i % 4 < 2)
			disk_again(&d); /* not in memory */
		assert_true(
		    cache_purge(d.s.cache, rows[i / 2].kind, what) >= 0);
		assert_int_equal(letters(&d), left);
		disk_again(&d);
		assert_int_equal(letters(&d), left);
		put_letters(&d, 'A', 'Z'); /* what is new counts again */
		disk_again(&d);
		assert_int_equal(letters(&d), 0x3ffffff);
		assert_int_equal(d.emptied + d.damaged + d.failed, 0);
		disk_end(&d);
	}
}

static void
what_is_dropped_is_gone_there_too(void **state)
{
	struct disk_stock d;

	(void)state;
	disk_begin(&d, 64 * MIB, 0);
	put_letters(&d, 'A', 'D');
	disk_again(&d);
	struct cache_object *object =
	    disk_find(&d, "http://b.example:80/C", NULL);
	(void)cache_drop(&d.s.user, object);
	assert_int_equal(letters(&d), 0xb);
	disk_again(&d);
	assert_int_equal(letters(&d), 0xb);
	disk_end(&d);
}

/* Another key, a purge of which is taken for one of `key`. */
static void
find_other(struct disk_stock *d, const char *key, char *ret, size_t len)
{
	uint64_t slot =
	    cache_key_hash(d->s.cache, str_of(key)) % CACHE_PURGE_KEYS_MAX;

	for (unsigned i = 0;; i++) {
		(void)snprintf(ret, len, "http://b.example:80/%u", i);
		if (cache_key_hash(d->s.cache, str_of(ret)) %
			CACHE_PURGE_KEYS_MAX ==
		    slot)
			return;
	}
}

/* It waits for the writer when another's purge makes it one that is not
 * written: what it replaced is older all the same. */
static void
what_was_not_written_brings_nothing_old_back(void **state)
{
	const char *key = "http://a.example:80/A";
	struct disk_stock d;
	char other[40];

	(void)state;
	disk_begin(&d, 64 * MIB, 0);
	find_other(&d, key, other, sizeof(other));
	struct made made = { .key = key, .length = 100 };
	assert_int_equal(put(&d.s, made, 'A'), 0);
	disk_again(&d);
	pthread_mutex_t *writer = &d.s.cache->disk->files;
	(void)pthread_mutex_lock(writer);
	made.key = "http://a.example:80/first";
	assert_int_equal(put(&d.s, made, 'F'), 0);
	made.key = key;
	assert_int_equal(put(&d.s, made, 'B'), 0);
	assert_int_equal(
	    cache_purge(d.s.cache, CACHE_PURGE_KEY, str_of(other)), 0);
	(void)pthread_mutex_unlock(writer);
	assert_non_null(find(&d.s, key, NULL)); /* in memory it is */
	disk_again(&d);
	assert_non_null(disk_find(&d, "http://a.example:80/first", NULL));
	assert_null(disk_find(&d, key, NULL));
	disk_end(&d);
}

/* More purges than the list holds: nothing older is trusted. */
static void
many_purges_become_one(void **state)
{
	struct disk_stock d;
	char tag[20];

	(void)state;
	disk_begin(&d, 64 * MIB, 0);
	put_letters(&d, 'A', 'D');
	disk_again(&d);
	for (int i = 0; i < 4100; i++) {
		(void)snprintf(tag, sizeof(tag), "t%d", i);
		(void)cache_purge(d.s.cache, CACHE_PURGE_TAG, str_of(tag));
		cache_rest(&d.s.user);
		if (i == 4000)
			put_letters(&d, 'E', 'F');
	}
	assert_int_equal(letters(&d), 0x30);
	disk_again(&d);
	assert_int_equal(letters(&d), 0x30);
	disk_end(&d);
}

/* ---- room ---- */

static struct cache_object *
find_numbered(struct disk_stock *d, unsigned i)
{
	char key[40];

	(void)snprintf(key, sizeof(key), "http://a:80/%u", i);
	return disk_find(d, key, NULL);
}

static void
put_numbered(struct disk_stock *d, unsigned from, unsigned count)
{
	char key[40];

	for (unsigned i = from; i < from + count; i++) {
		(void)snprintf(key, sizeof(key), "http://a:80/%u", i);
		assert_int_equal(
		    put(&d->s, (struct made){ .key = key, .length = 3000 },
			(char)('a' + i % 26)),
		    0);
		cache_rest(&d->s.user);
		if (i % 1000 == 0)
			cache_disk_flush(d->s.cache);
	}
	cache_disk_flush(d->s.cache);
}

static void
the_oldest_goes_but_for_what_is_asked_for(void **state)
{
	struct cache_disk_stats stats;
	unsigned popular = 0, old = 0, young = 0;
	struct disk_stock d;

	(void)state;
	disk_begin(&d, 4 * MIB, 256 << 10);
	put_numbered(&d, 0, 100);
	disk_again(&d);
	for (unsigned i = 0; i < 20; i++)
		assert_non_null(find_numbered(&d, i));
	put_numbered(&d, 100, 3000);
	disk_again(&d);
	stats = disk_stats(&d);
	assert_true(stats.bytes <= 4 * MIB && stats.bytes > 3 * MIB);
	assert_true(stats.objects > 1000 && stats.objects < 1400);
	for (unsigned i = 0; i < 3100; i++) {
		struct cache_object *object = find_numbered(&d, i);
		if (object == NULL)
			continue;
		assert_int_equal(
		    disk_read_all(&d, object, (char)('a' + i % 26)), 3000);
		if (i < 20)
			popular++;
		else if (i < 100)
			old++;
		else if (i >= 2200)
			young++;
	}
	/* Once written anew, not for ever: it was not asked for again. */
	assert_int_equal(old, 0);
	assert_true(popular == 20 || popular == 0);
	assert_true(young > 890);
	disk_end(&d);
}

/* ---- failing ---- */

static void
a_disk_that_fails_is_done_without(void **state)
{
	struct rlimit before, small = { 200000, 200000 };
	struct disk_stock d;

	(void)state;
	disk_begin(&d, 64 * MIB, 0);
	put_letters(&d, 'A', 'F');
	cache_disk_flush(d.s.cache);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small.rlim_max = before.rlim_max;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	put_numbered(&d, 0, 300);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(d.failed, 1);
	assert_true(disk_stats(&d).failed);
	assert_int_equal(disk_stats(&d).bytes, 0); /* its room is given back */
	assert_int_equal(letters(&d), 0x3f);       /* memory has it */
	assert_non_null(find_numbered(&d, 299));
	(void)cache_purge(d.s.cache, CACHE_PURGE_HOST, STR("a.example"));
	assert_int_equal(letters(&d), 0x15);
	/* What was purged since then must not be found: an empty log. */
	disk_again(&d);
	assert_false(disk_stats(&d).failed);
	assert_int_equal(letters(&d), 0);
	put_letters(&d, 'A', 'F');
	disk_again(&d);
	assert_int_equal(letters(&d), 0x3f);
	disk_end(&d);
}

/* A file system of 1 MiB for a log that may have 64. */
static void
on_a_full_disk(const char *path)
{
	struct disk_stock d;

	if (unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", path, "tmpfs", 0, "size=1m") < 0)
		_exit(77);
	disk_begin_in(&d, path, 64 * MIB, 128 << 10);
	put_numbered(&d, 0, 2000);
	/* Older segments gave their room; it goes on. */
	assert_int_equal(d.failed, 0);
	assert_true(disk_stats(&d).objects > 100);
	disk_again(&d);
	assert_non_null(find_numbered(&d, 1999));
	int fd =
	    openat(d.dir_fd, "foreign", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	char bytes[4096] = "";
	while (write(fd, bytes, sizeof(bytes)) > 0)
		;
	/* There is nothing more to be had when somebody takes it all. */
	for (int i = 0; i < 40 && d.failed == 0; i++) {
		put_numbered(&d, 2000 + 100 * (unsigned)i, 100);
		while (write(fd, bytes, sizeof(bytes)) > 0)
			;
	}
	assert_int_equal(d.failed, 1);
	assert_non_null(find_numbered(&d, 2000));
	stock_end(&d.s);
	_exit(0);
}

static void
a_full_disk_is_done_without(void **state)
{
	char path[] = "/tmp/gatehouse-full-XXXXXX";
	int status = 0;

	(void)state;
	assert_non_null(mkdtemp(path));
	pid_t child = fork();
	if (child == 0)
		on_a_full_disk(path);
	assert_int_equal(waitpid(child, &status, 0), child);
	(void)rmdir(path);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip(); /* it needs a mount namespace */
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
one_process_has_it(void **state)
{
	struct disk_stock d;
	struct cache_limits limits = { MIB, MIB / 8 };
	struct cache *other = NULL;

	(void)state;
	disk_begin(&d, 64 * MIB, 0);
	assert_int_equal(cache_create(&limits, &other), 0);
	assert_int_equal(
	    cache_disk_attach(other, d.dir_fd, &d.options), -EBUSY);
	d.options.bytes_max = 1000;
	assert_int_equal(
	    cache_disk_attach(other, d.dir_fd, &d.options), -EINVAL);
	cache_destroy(&other);
	disk_end(&d);
}

/* One hash for all who ask for a URL, but each has his own who dialled another
 * address under its name (cache/key). */
static void
a_name_that_was_dialled_elsewhere(void **state)
{
	struct disk_stock d;

	(void)state;
	disk_begin(&d, 64 * MIB, 0);
	assert_int_equal(
	    put(&d.s, (struct made){ .key = "http://a:80/A", .length = 5000 },
		'A'),
	    0);
	disk_again(&d);
	assert_null(disk_find(&d, "http://a:80/A\n192.0.2.1:80", NULL));
	assert_non_null(disk_find(&d, "http://a:80/A", NULL));
	disk_end(&d);
}

/* What was put before is there for the other one, and what comes after is
 * neither written nor found. */
static void
it_is_left_to_another(void **state)
{
	struct cache_limits limits = { 64 * MIB, 8 * MIB };
	struct cache *other = NULL;
	struct disk_stock d;

	(void)state;
	disk_begin(&d, 64 * MIB, 0);
	assert_int_equal(
	    put(&d.s, (struct made){ .key = "http://a:80/A", .length = 5000 },
		'A'),
	    0);
	cache_disk_leave(d.s.cache);
	assert_int_equal(
	    put(&d.s, (struct made){ .key = "http://a:80/B", .length = 5000 },
		'B'),
	    0);
	assert_non_null(disk_find(&d, "http://a:80/B", NULL));
	assert_int_equal(cache_create(&limits, &other), 0);
	assert_int_equal(cache_disk_attach(other, d.dir_fd, &d.options), 0);
	struct cache_disk_stats stats;
	cache_disk_stats(other, &stats);
	assert_int_equal(stats.objects, 1);
	/* A purge of the one is no matter of the other's. */
	assert_int_equal(cache_purge(d.s.cache, CACHE_PURGE_ALL, STR("")), 2);
	cache_disk_flush(d.s.cache);
	cache_disk_leave(d.s.cache);
	cache_disk_stats(other, &stats);
	assert_int_equal(stats.objects, 1);
	assert_int_equal(d.emptied + d.damaged + d.failed, 0);
	cache_destroy(&other);
	disk_end(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_restart_forgets_nothing),
		cmocka_unit_test(of_unknown_length_and_freshened_too),
		cmocka_unit_test(variants_come_together_the_newest_first),
		cmocka_unit_test(a_purge_outlives_a_restart),
		cmocka_unit_test(what_is_dropped_is_gone_there_too),
		cmocka_unit_test(what_was_not_written_brings_nothing_old_back),
		cmocka_unit_test(many_purges_become_one),
		cmocka_unit_test(the_oldest_goes_but_for_what_is_asked_for),
		cmocka_unit_test(a_disk_that_fails_is_done_without),
		cmocka_unit_test(a_full_disk_is_done_without),
		cmocka_unit_test(one_process_has_it),
		cmocka_unit_test(it_is_left_to_another),
		cmocka_unit_test(a_name_that_was_dialled_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
