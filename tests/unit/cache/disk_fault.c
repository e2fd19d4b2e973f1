/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever becomes of the log, nothing wrong is ever served: it is cut at every
 * byte, every byte of it is changed, and the process that writes it is killed at
 * any moment.
 *
 * An object has a version, which is its length; of each key it is known what
 * version it has at least: one that was purged is older, and must not be found.
 */
#include "disk_stock.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#define KEYS 12

struct world {
	unsigned least[KEYS]; /* versions; an older one was purged */
	unsigned most[KEYS];
};

static void
name(unsigned key, char ret[40])
{
	(void)snprintf(
	    ret, 40, "http://%c.example:80/%u", key % 2 == 0 ? 'a' : 'b', key);
}

static char
byte_of(unsigned key)
{
	return (char)('A' + key);
}

static void
put_version(struct disk_stock *d, unsigned key, unsigned version)
{
	char text[40];

	name(key, text);
	assert_int_equal(put(&d->s,
			     (struct made){ .key = text,
				 .tags = key % 3 == 0 ? "third" : "",
				 .stamp = cache_stamp(d->s.cache),
				 .length = version },
			     byte_of(key)),
	    0);
}

/* What is found is right; how many are. */
static unsigned
judge(struct disk_stock *d, const struct world *world)
{
	unsigned found = 0;
	char text[40];

	for (unsigned key = 0; key < KEYS; key++) {
		name(key, text);
		struct cache_object *object = disk_find(d, text, NULL);
		if (object == NULL)
			continue;
		assert_true(str_is(cache_object_key(object), text));
		assert_true(str_is(
		    cache_object_head(object), "Content-Type: text/plain\r\n"));
		assert_true(str_is(
		    cache_object_tags(object), key % 3 == 0 ? "third" : ""));
		int64_t length = disk_read_all(d, object, byte_of(key));
		if (length < 0)
			continue; /* it broke, and nobody took it for whole */
		assert_true(length >= world->least[key]);
		assert_true(length <= world->most[key]);
		found++;
	}
	return found;
}

/* ---- one log, damaged in every way ---- */

#define FILES_MAX 4

struct file {
	char name[256];
	char *bytes;
	size_t len;
};

struct log {
	struct file files[FILES_MAX];
	size_t count;
	size_t step; /* every byte, or every few */
	struct world world;
};

static void
take_file(struct log *log, int dir_fd, const char *name)
{
	struct file *file = &log->files[log->count++];
	struct stat info;

	assert_true(log->count <= FILES_MAX);
	(void)snprintf(file->name, sizeof(file->name), "%s", name);
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	assert_int_equal(fstat(fd, &info), 0);
	file->len = (size_t)info.st_size;
	file->bytes = malloc(file->len + 1);
	assert_int_equal(read(fd, file->bytes, file->len), file->len);
	(void)close(fd);
}

static void
take_files(struct log *log, int dir_fd)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fdopendir(fd);
	struct dirent *entry;

	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			take_file(log, dir_fd, entry->d_name);
	(void)closedir(dir);
}

/* Two starts long, so that one segment is sealed in the middle. */
static void
write_log(struct log *log, struct disk_stock *d)
{
	*log = (struct log){ .count = 0 };
	for (unsigned key = 0; key < KEYS; key++) {
		log->world.most[key] = 20 + key;
		put_version(d, key, 20 + key);
	}
	/* Else a purge might be taken for one of another that still waits. */
	cache_disk_flush(d->s.cache);
	(void)cache_purge(
	    d->s.cache, CACHE_PURGE_KEY, STR("http://b.example:80/1"));
	log->world.least[1] = 40;
	disk_again(d);
	(void)cache_purge(d->s.cache, CACHE_PURGE_TAG, STR("third"));
	for (unsigned key = 0; key < KEYS; key += 3)
		log->world.least[key] = 40;
	for (unsigned key = 0; key < 5; key++) {
		log->world.most[key] = 40 + key;
		put_version(d, key, 40 + key);
	}
	cache_disk_flush(d->s.cache);
	(void)cache_purge(
	    d->s.cache, CACHE_PURGE_KEY, STR("http://a.example:80/2"));
	log->world.least[2] = 60;
	put_version(d, 5, 60);
	log->world.most[5] = 60;
}

static void
free_log(struct log *log)
{
	for (size_t i = 0; i < log->count; i++)
		free(log->files[i].bytes);
}

static void
lay_out(const struct log *log, int dir_fd)
{
	for (size_t i = 0; i < log->count; i++) {
		const struct file *file = &log->files[i];
		int fd = openat(dir_fd, file->name,
		    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		assert_int_equal(write(fd, file->bytes, file->len), file->len);
		(void)close(fd);
	}
}

static unsigned
try_log(struct disk_stock *d, const struct log *log)
{
	assert_int_equal(disk_attach(d), 0);
	unsigned found = judge(d, &log->world);
	/* It goes on from there: what is put now is found again. */
	put_version(d, 6, 40);
	stock_end(&d->s);
	return found;
}

static void
damage(bool killed, size_t step,
    unsigned (*each)(struct disk_stock *d, struct log *log))
{
	struct disk_stock d;
	struct log log;

	disk_begin(&d, 8 * MIB, 64 << 10);
	d.memory = MIB;
	write_log(&log, &d);
	if (killed) /* as it is before the last segment is sealed */
		cache_disk_flush(d.s.cache);
	else
		stock_end(&d.s);
	take_files(&log, d.dir_fd);
	if (killed)
		stock_end(&d.s);
	empty_directory(d.dir_fd);
	lay_out(&log, d.dir_fd);
	assert_int_equal(try_log(&d, &log), 9); /* it is all there */
	log.step = step;
	unsigned found = each(&d, &log);
	/* It would prove nothing if all were thrown away each time. */
	assert_true(found > log.files[0].len / step);
	free_log(&log);
	empty_directory(d.dir_fd);
	(void)close(d.dir_fd);
	(void)rmdir(d.path);
}

static unsigned
cut_at_every_byte(struct disk_stock *d, struct log *log)
{
	unsigned found = 0;

	for (size_t i = 0; i < log->count; i++) {
		size_t len = log->files[i].len;
		for (size_t at = 0; at < len; at += log->step) {
			empty_directory(d->dir_fd);
			log->files[i].len = at;
			lay_out(log, d->dir_fd);
			found += try_log(d, log);
		}
		log->files[i].len = len;
	}
	return found;
}

static unsigned
change_every_byte(struct disk_stock *d, struct log *log)
{
	unsigned found = 0;

	for (size_t i = 0; i < log->count; i++)
		for (size_t at = 0; at < log->files[i].len; at += log->step) {
			char *byte = &log->files[i].bytes[at];
			char bit = (char)(1 << at % 8);
			empty_directory(d->dir_fd);
			*byte ^= bit;
			lay_out(log, d->dir_fd);
			found += try_log(d, log);
			*byte ^= bit;
		}
	return found;
}

static unsigned
lose_every_file(struct disk_stock *d, struct log *log)
{
	for (size_t i = 0; i < log->count; i++) {
		empty_directory(d->dir_fd);
		lay_out(log, d->dir_fd);
		(void)unlinkat(d->dir_fd, log->files[i].name, 0);
		(void)try_log(d, log);
	}
	return UINT32_MAX;
}

static void
cut_at_some_bytes_when_closed(void **state)
{
	(void)state;
	damage(false, 7, cut_at_every_byte);
}

static void
cut_at_every_byte_when_killed(void **state)
{
	(void)state;
	damage(true, 1, cut_at_every_byte);
}

static void
changed_at_every_byte_when_closed(void **state)
{
	(void)state;
	damage(false, 1, change_every_byte);
}

static void
changed_at_some_bytes_when_killed(void **state)
{
	(void)state;
	damage(true, 7, change_every_byte);
}

static void
a_file_is_lost(void **state)
{
	(void)state;
	damage(false, 1, lose_every_file);
}

/* A long body is followed while it is read: it ends where it is bad. */
static void
what_is_long_breaks_where_it_is_bad(void **state)
{
	struct disk_stock d;
	char byte = 'x';

	(void)state;
	disk_begin(&d, 64 * MIB, 0);
	assert_int_equal(
	    put(&d.s, (struct made){ .key = "http://a:80/", .length = 2000000 },
		'l'),
	    0);
	disk_again(&d);
	int fd = openat(
	    d.dir_fd, "segment.00000000000000000001", O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, &byte, 1, 1500000), 1);
	(void)close(fd);
	struct cache_object *object = disk_find(&d, "http://a:80/", NULL);
	/* A quick reader has thrown it out before anybody could follow it. */
	if (object != NULL)
		assert_int_equal(disk_read_all(&d, object, 'l'), -1);
	cache_rest(&d.s.user);
	assert_null(disk_find(&d, "http://a:80/", NULL));
	assert_int_equal(d.damaged, 1);
	assert_int_equal(disk_stats(&d).objects, 0);
	disk_end(&d);
}

/* ---- killed ---- */

#define KILLS 40

struct news {
	unsigned key, version;
	bool purged; /* else it may be there from now on */
};

static void
tell(int fd, unsigned key, unsigned version, bool purged)
{
	struct news news = { key, version, purged };

	if (write(fd, &news, sizeof(news)) != (ssize_t)sizeof(news))
		_exit(1);
}

static void
purge_some(struct disk_stock *d, int fd, unsigned turn, unsigned version)
{
	unsigned key = turn % KEYS;
	char text[40];

	if (turn % 7 != 0) {
		name(key, text);
		(void)cache_purge(d->s.cache, CACHE_PURGE_KEY, str_of(text));
		cache_disk_flush(d->s.cache);
		tell(fd, key, version, true);
		return;
	}
	(void)cache_purge(d->s.cache, CACHE_PURGE_TAG, STR("third"));
	for (key = 0; key < KEYS; key += 3)
		tell(fd, key, version, true);
}

static void
write_until_killed(const char *path, int fd, unsigned version)
{
	struct disk_stock d;
	uint64_t seed = version * 2654435761u + 1;

	disk_begin_in(&d, path, MIB, 64 << 10);
	for (unsigned turn = 0;; turn++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		unsigned key = (unsigned)(seed >> 33) % KEYS;
		version++;
		tell(fd, key, version, false);
		put_version(&d, key, version);
		cache_rest(&d.s.user);
		if (turn % 5 == 0)
			purge_some(&d, fd, turn / 5, version);
	}
}

/* Reads all news until the child has gone. */
static unsigned
hear(int fd, struct world *world, unsigned version)
{
	struct news news;

	while (read(fd, &news, sizeof(news)) == (ssize_t)sizeof(news)) {
		if (news.purged)
			world->least[news.key] = news.version + 1;
		else
			world->most[news.key] = news.version;
		if (news.version > version)
			version = news.version;
	}
	return version;
}

/* A pause of the child's choice would be none. */
static void
kill_after(pid_t child, int microseconds)
{
	struct timespec time = { 0, microseconds * 1000 };

	(void)ppoll(NULL, 0, &time, NULL);
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
}

static void
killed_at_any_moment(void **state)
{
	struct world world = { .least = { 0 } };
	unsigned version = 100, found = 0;
	struct disk_stock d;

	(void)state;
	disk_begin(&d, MIB, 64 << 10);
	for (int i = 0; i < KILLS; i++) {
		int ends[2];
		stock_end(&d.s);
		assert_int_equal(pipe(ends), 0);
		/* All that it can tell in its time fits. */
		(void)fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
		pid_t child = fork();
		if (child == 0)
			write_until_killed(d.path, ends[1], version);
		(void)close(ends[1]);
		kill_after(child, 500 + i * i * 37 % 60000);
		version = hear(ends[0], &world, version);
		(void)close(ends[0]);
		assert_int_equal(disk_attach(&d), 0);
		found += judge(&d, &world);
	}
	print_message("%u versions, %u found after %d kills\n", version - 100,
	    found, KILLS);
	assert_true(version > 1000 && found > KILLS);
	assert_int_equal(d.failed, 0);
	disk_end(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut_at_some_bytes_when_closed),
		cmocka_unit_test(cut_at_every_byte_when_killed),
		cmocka_unit_test(changed_at_every_byte_when_closed),
		cmocka_unit_test(changed_at_some_bytes_when_killed),
		cmocka_unit_test(a_file_is_lost),
		cmocka_unit_test(what_is_long_breaks_where_it_is_bad),
		cmocka_unit_test(killed_at_any_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
