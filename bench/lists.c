/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench/lists: what large lists cost.
 *
 *	lists [COUNT]
 *	lists --write FILE [COUNT]
 *	lists --load FILE
 *
 * Prints a table: how long a file of COUNT (1,000,000) names or prefixes takes
 * from the page cache to a set that answers (read, parse, add, freeze), how
 * many bytes an entry takes then, and what a look-up costs: the median of
 * ROUNDS rounds, each of all keys in random order, half of them hits.  The next
 * key is not known before the last answer is, so that the processor cannot
 * hide one look-up's misses behind another's.  Then the same entries dealt out
 * to 1, 8 and 64 lists: asked one after the other, and by the index over all
 * (policy/membership).
 *
 * Its first line is what one access to memory takes that no cache nearby holds:
 * the same code is twice as fast on one machine as on another by that alone.
 *
 * The other forms are for bench/lists_peers.py: they write a file of names, and
 * load one once, printing milliseconds and bytes.
 */
#include "policy/list_file.h"
#include "policy/membership.h"

#include "base/file.h"

#include "stopwatch.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ROUNDS     7
#define COUNT      1000000
#define WIDTH      28
#define LISTS_MAX  64
#define BYTES_FILE ((size_t)1 << 30)

/* xorshift: the same numbers at every run. */
static uint64_t
random_next(void)
{
	static uint64_t x = 0x9e3779b97f4a7c15u;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

static size_t
random_below(size_t bound)
{
	return (size_t)((random_next() >> 32) * bound >> 32);
}

static _Noreturn void
fail(const char *what)
{
	(void)fprintf(stderr, "lists: %s\n", what);
	exit(1);
}

static size_t
heap_bytes(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* Names as blocking lists hold them: two to four labels, 19 bytes. */
static void
add_random_name(struct text *out)
{
	static const char *const tops[] = { "com", "com", "com", "net", "org",
		"info", "example", "test", "co.test", "xyz" };
	size_t labels = 1 + random_below(2) + random_below(10) / 9;

	while (labels-- > 0) {
		for (size_t i = 3 + random_below(10); i > 0; i--)
			text_addc(out, (char)('a' + random_below(26)));
		text_addc(out, '.');
	}
	text_addz(out, tops[random_below(10)]);
}

static void
add_random_prefix(struct text *out)
{
	uint64_t r = random_next();

	if (r % 2 == 0) {
		unsigned bits = 16 + (unsigned)random_below(17);
		uint32_t word = (uint32_t)(r >> 32) &
				~(uint32_t)(bits < 32 ? UINT32_MAX >> bits : 0);
		text_addf(out, "%u.%u.%u.%u/%u", word >> 24, word >> 16 & 0xff,
		    word >> 8 & 0xff, word & 0xff, bits);
	} else {
		text_addf(out, "2%03x:%x:%x::/48", (unsigned)(r >> 52),
		    (unsigned)(r >> 36 & 0xffff), (unsigned)(r >> 20 & 0xffff));
	}
}

static void
write_file(const char *path, void (*add)(struct text *), size_t count)
{
	struct text out = TEXT_EMPTY;
	FILE *file = fopen(path, "w");

	for (size_t i = 0; i < count; i++) {
		add(&out);
		text_addc(&out, '\n');
	}
	if (file == NULL || out.full ||
	    fwrite(out.at, 1, out.len, file) != out.len || fclose(file) != 0)
		fail("cannot write the list");
	text_fini(&out);
}

static void
load(const char *path, bool domains, struct policy_group *group)
{
	struct text text = TEXT_EMPTY;
	struct report report;

	report_init(&report);
	if (file_read(path, BYTES_FILE, &text) < 0 ||
	    list_file_read(text_str(&text), path, domains, (struct place){ 0 },
		&report, group) < 0)
		fail("cannot read the list");
	text_fini(&text);
	report_fini(&report);
}

static void
unload(struct policy_group *group)
{
	address_set_fini(&group->addresses);
	domain_set_fini(&group->domains);
}

/* Loads it until the last time, which stays loaded. */
static void
bench_load(const char *path, bool domains, struct policy_group *group,
    const char *what)
{
	int64_t times[ROUNDS];
	size_t before = 0;

	for (size_t i = 0; i < ROUNDS; i++) {
		unload(group);
		before = heap_bytes();
		int64_t start = cpu_now();
		load(path, domains, group);
		times[i] = cpu_now() - start;
	}
	size_t count = domains ? group->domains.count
			       : address_set_count(&group->addresses);
	(void)printf("%-*s %8zu %9.0f ms %7.1f bytes ", WIDTH, what, count,
	    (double)median(times, ROUNDS) / 1e6,
	    (double)(heap_bytes() - before) / (double)count);
}

struct keys {
	struct text names;
	uint32_t *at; /* of each name; the last one is the end */
	struct address *addresses;
	size_t count;
};

struct asked {
	bool (*ask)(const void *of, const struct keys *keys, size_t i);
	const void *of;
};

static bool
ask_domains(const void *of, const struct keys *keys, size_t i)
{
	struct str name = { keys->names.at + keys->at[i],
		keys->at[i + 1] - keys->at[i] };

	return domain_set_covers(of, name);
}

static bool
ask_addresses(const void *of, const struct keys *keys, size_t i)
{
	return address_set_has(of, keys->addresses[i]);
}

static void
bench_asked(const struct asked *asked, const struct keys *keys)
{
	int64_t times[ROUNDS];
	size_t hits = 0;

	for (size_t round = 0; round < ROUNDS; round++) {
		size_t last = 0;
		hits = 0;
		int64_t start = cpu_now();
		for (size_t i = 0; i < keys->count; i++) {
			size_t zero = last;
			/* Nothing, that the compiler cannot know to be so. */
			__asm__ volatile("and $0, %0" : "+r"(zero));
			last = asked->ask(asked->of, keys, i + zero);
			hits += last;
		}
		times[round] = cpu_now() - start;
	}
	(void)printf("%6.0f ns %5.1f %% hits\n",
	    (double)median(times, ROUNDS) / (double)keys->count,
	    100.0 * (double)hits / (double)keys->count);
}

/* One of the set's names, or any. */
static void
add_key(struct text *out, const struct domain_set *set)
{
	struct str name;
	enum domain_cover cover;

	if (random_below(2) == 0) {
		add_random_name(out);
		return;
	}
	while (!domain_set_entry(set, random_below(set->room), &name, &cover))
		;
	text_add(out, name);
}

static void
make_names(struct keys *keys, const struct domain_set *set, size_t count)
{
	keys->at = calloc(count + 1, sizeof(*keys->at));
	if (keys->at == NULL)
		fail("no memory");
	for (size_t i = 0; i < count; i++) {
		keys->at[i] = (uint32_t)keys->names.len;
		add_key(&keys->names, set);
	}
	keys->at[count] = (uint32_t)keys->names.len;
	keys->count = count;
}

static struct address
random_address(const struct address_set *set)
{
	size_t count = address_set_count(set);
	struct address_range range =
	    address_set_range(set, random_below(count));
	struct address address = range.first;

	if (random_below(2) == 0)
		return address;
	/* A neighbour: often a miss, and always deep in the table. */
	if (address.family == ADDRESS_IPV4)
		address.bytes[1] ^= (uint8_t)random_next();
	else
		address.bytes[5] ^= (uint8_t)random_next();
	return address;
}

static void
make_addresses(struct keys *keys, const struct address_set *set, size_t count)
{
	keys->addresses = calloc(count, sizeof(*keys->addresses));
	if (keys->addresses == NULL)
		fail("no memory");
	for (size_t i = 0; i < count; i++)
		keys->addresses[i] = random_address(set);
	keys->count = count;
}

static void
free_keys(struct keys *keys)
{
	text_fini(&keys->names);
	free(keys->at);
	free(keys->addresses);
	*keys = (struct keys){ 0 };
}

/* The same entries, dealt out to so many lists. */
struct lists {
	struct policy_group groups[LISTS_MAX];
	const struct policy_group *pointers[LISTS_MAX];
	size_t count;
};

static void
deal(struct lists *lists, const struct policy_group *all, size_t count)
{
	const struct domain_set *domains = &all->domains;
	struct str name;
	enum domain_cover cover;
	int rc = 0;

	*lists = (struct lists){ .count = count };
	for (size_t i = 0; i < domains->room; i++)
		if (domain_set_entry(domains, i, &name, &cover))
			rc |= domain_set_add(
			    &lists->groups[random_below(count)].domains, name,
			    cover);
	for (size_t i = 0; i < address_set_count(&all->addresses); i++) {
		struct address_range range =
		    address_set_range(&all->addresses, i);
		rc |= address_set_add(
		    &lists->groups[random_below(count)].addresses, &range);
	}
	for (size_t i = 0; i < count; i++) {
		rc |= domain_set_freeze(&lists->groups[i].domains);
		address_set_freeze(&lists->groups[i].addresses);
		lists->pointers[i] = &lists->groups[i];
	}
	if (rc < 0)
		fail("no memory");
}

static bool
ask_each_list(const void *of, const struct keys *keys, size_t i)
{
	const struct lists *lists = of;
	bool found = false;

	for (size_t j = 0; j < lists->count; j++) {
		const struct policy_group *group = &lists->groups[j];
		found |= keys->addresses != NULL
			     ? ask_addresses(&group->addresses, keys, i)
			     : ask_domains(&group->domains, keys, i);
	}
	return found;
}

static bool
ask_index(const void *of, const struct keys *keys, size_t i)
{
	const struct membership *index = of;

	if (keys->addresses != NULL)
		return membership_of_address(index, keys->addresses[i])->count >
		       0;
	struct str name = { keys->names.at + keys->at[i],
		keys->at[i + 1] - keys->at[i] };
	return membership_of_name(index, name)->count > 0;
}

static void
bench_lists(
    const struct policy_group *all, const struct keys *keys, size_t count)
{
	static struct lists lists;
	struct membership index;
	struct keys few = *keys;
	char what[WIDTH + 1];

	deal(&lists, all, count);
	few.count = keys->count / count;
	(void)snprintf(what, sizeof(what), "  %zu lists, each", count);
	(void)printf("%-*s %44s", WIDTH, what, "");
	bench_asked(&(struct asked){ ask_each_list, &lists }, &few);
	size_t before = heap_bytes(), entries = keys->count;
	int64_t start = cpu_now();
	if (membership_init(&index, lists.pointers, count) < 0)
		fail("no memory");
	(void)snprintf(what, sizeof(what), "  %zu lists, the index", count);
	(void)printf("%-*s %8s %9.0f ms %7.1f bytes ", WIDTH, what, "",
	    (double)(cpu_now() - start) / 1e6,
	    (double)(heap_bytes() - before) / (double)entries);
	bench_asked(&(struct asked){ ask_index, &index }, keys);
	membership_fini(&index);
	for (size_t i = 0; i < count; i++)
		unload(&lists.groups[i]);
}

/* With one list and with as many as there may be. */
static void
bench_all_lists(const struct policy_group *all, const struct keys *keys)
{
	for (size_t count = 1; count <= LISTS_MAX; count *= 8)
		bench_lists(all, keys, count);
}

static void
bench_domains(const char *path, size_t count)
{
	struct policy_group group = { 0 };
	struct keys keys = { 0 };

	write_file(path, add_random_name, count);
	bench_load(path, true, &group, "domains");
	make_names(&keys, &group.domains, count);
	bench_asked(&(struct asked){ ask_domains, &group.domains }, &keys);
	bench_all_lists(&group, &keys);
	free_keys(&keys);
	unload(&group);
}

static void
bench_addresses(const char *path, size_t count)
{
	struct policy_group group = { 0 };
	struct keys keys = { 0 };

	write_file(path, add_random_prefix, count);
	bench_load(path, false, &group, "prefixes, half IPv6");
	make_addresses(&keys, &group.addresses, count);
	bench_asked(&(struct asked){ ask_addresses, &group.addresses }, &keys);
	bench_all_lists(&group, &keys);
	free_keys(&keys);
	unload(&group);
}

static int
load_once(const char *path)
{
	struct policy_group group = { 0 };
	size_t before = heap_bytes();
	int64_t start = cpu_now();

	load(path, true, &group);
	(void)printf("%.0f %zu\n", (double)(cpu_now() - start) / 1e6,
	    heap_bytes() - before);
	unload(&group);
	return 0;
}

/* Lines that point at each other in random order; the next waits for each. */
static void
bench_memory(void)
{
	enum {
		LINES = 1 << 18,
		LINE = 64
	};
	uint32_t *order = calloc(LINES, sizeof(*order));
	char *lines = calloc(LINES, LINE);
	uint32_t at = 0;

	if (order == NULL || lines == NULL)
		fail("no memory");
	for (uint32_t i = 1; i < LINES; i++) {
		size_t j = random_below(i + 1);
		order[i] = order[j];
		order[j] = i;
	}
	for (uint32_t i = 0; i < LINES; i++)
		memcpy(lines + (size_t)order[i] * LINE, &order[(i + 1) % LINES],
		    sizeof(at));
	int64_t start = cpu_now();
	for (uint32_t i = 0; i < 4 * LINES; i++)
		memcpy(&at, lines + (size_t)at * LINE, sizeof(at));
	(void)printf("one access to 16 MiB of memory: %.0f ns%s\n",
	    (double)(cpu_now() - start) / (4 * LINES), at == 0 ? "" : " ");
	free(order);
	free(lines);
}

int
main(int argc, char **argv)
{
	char path[] = "/tmp/gatehouse-lists-XXXXXX";

	if (argc >= 3 && strcmp(argv[1], "--write") == 0) {
		write_file(argv[2], add_random_name,
		    argc > 3 ? strtoul(argv[3], NULL, 10) : COUNT);
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "--load") == 0)
		return load_once(argv[2]);
	size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : COUNT;
	int fd = mkstemp(path);
	if (fd < 0 || count == 0)
		fail("a file in /tmp and a count are needed");
	(void)close(fd);
	bench_memory();
	(void)printf("%-*s %8s %12s %13s %9s\n", WIDTH, "list", "entries",
	    "load", "an entry", "look-up");
	bench_domains(path, count);
	bench_addresses(path, count);
	(void)unlink(path);
	return 0;
}
