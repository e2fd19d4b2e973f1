/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/partition: each value has exactly one atom, of the sets that hold it,
 * and there is no atom without a value.
 */
#include "policy/partition.h"

#include "random_policy.h"

#define SETS 5

static struct address
random_address(void)
{
	struct address a = { .family = ADDRESS_IPV4 };

	if (chance(3) == 0) {
		a.family = ADDRESS_IPV6;
		memset(a.bytes, chance(3) == 0 ? 0xff : 0, 15);
	} else if (chance(4) == 0) {
		memset(a.bytes, 0xff, 3);
	}
	a.bytes[address_width(a) - 1] =
	    chance(4) == 0 ? (uint8_t)(255 * chance(2)) : (uint8_t)chance(30);
	return a;
}

static void
random_set(struct address_set *set)
{
	unsigned count = chance(6);

	for (unsigned i = 0; i < count; i++) {
		struct address a = random_address(), b = random_address();
		struct address_range range = { a, b };
		if (a.family != b.family)
			continue;
		if (address_cmp(a, b) > 0)
			range = (struct address_range){ b, a };
		assert_int_equal(address_set_add(set, &range), 0);
	}
	address_set_freeze(set);
}

/* The atoms that an address lies in, as its kept ranges say. */
static size_t
atoms_with(
    const struct partition *partition, struct address address, size_t *ret_atom)
{
	size_t found = 0;

	for (size_t i = 0; i < partition->count; i++) {
		const struct address_atom *atom = &partition->of.addresses[i];
		/* Few enough ranges that all of them are kept. */
		for (size_t j = 0;
		     j < atom->range_count && j < PARTITION_RANGES_KEPT; j++) {
			if (!address_range_has(&atom->ranges[j], address))
				continue;
			*ret_atom = i;
			found++;
		}
	}
	return found;
}

static void
check_address(const struct partition *partition,
    const struct partition_set *sets, struct address address, bool all_kept)
{
	bool held = false;
	size_t atom;

	for (size_t i = 0; i < SETS; i++)
		held |= address_set_has(sets[i].addresses, address);
	size_t found = atoms_with(partition, address, &atom);
	assert_true(found <= 1);
	if (!held)
		assert_int_equal(found, 0);
	else if (all_kept)
		assert_int_equal(found, 1);
	for (size_t i = 0; found > 0 && i < SETS; i++)
		assert_true(partition_has(partition, atom, i) ==
			    address_set_has(sets[i].addresses, address));
}

static void
addresses(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 500; round++) {
		struct address_set sets[SETS] = { 0 };
		struct partition_set lent[SETS] = { 0 };
		struct partition partition;
		bool all_kept = true;
		for (size_t i = 0; i < SETS; i++) {
			random_set(&sets[i]);
			lent[i].addresses = &sets[i];
		}
		assert_int_equal(
		    partition_addresses(&partition, lent, SETS), 0);
		for (size_t i = 0; i < partition.count; i++) {
			const struct address_atom *atom =
			    &partition.of.addresses[i];
			assert_true(atom->range_count > 0);
			all_kept &= atom->range_count <= PARTITION_RANGES_KEPT;
			check_address(
			    &partition, lent, atom->ranges[0].first, true);
			check_address(
			    &partition, lent, atom->ranges[0].last, true);
		}
		for (unsigned i = 0; i < 60; i++)
			check_address(
			    &partition, lent, random_address(), all_kept);
		partition_fini(&partition);
		for (size_t i = 0; i < SETS; i++)
			address_set_fini(&sets[i]);
	}
}

/* A million prefixes are one atom, and one more where another set begins. */
static void
large_sets_make_few_atoms(void **state)
{
	struct address_set large = { 0 }, small = { 0 };
	const struct partition_set lent[] = { { .addresses = &large },
		{ .addresses = &small } };
	struct partition partition;

	(void)state;
	for (uint32_t i = 0; i < 200000; i++) {
		uint8_t bytes[] = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8),
			(uint8_t)i };
		struct address_range range;
		range.first = address_from_bytes(ADDRESS_IPV4, bytes);
		range.last = range.first;
		if (i % 2 == 0)
			assert_int_equal(address_set_add(&large, &range), 0);
		if (i == 4)
			assert_int_equal(address_set_add(&small, &range), 0);
	}
	address_set_freeze(&large);
	address_set_freeze(&small);
	assert_int_equal(partition_addresses(&partition, lent, 2), 0);
	assert_int_equal(partition.count, 2);
	assert_int_equal(partition.of.addresses[0].range_count, 99999);
	partition_fini(&partition);
	address_set_fini(&large);
	address_set_fini(&small);
}

static const char *const names[] = { "example", "a.example", "b.example",
	"x.a.example", "y.x.a.example", "other", "z.other", "_0.example",
	"q.b.example", "_0.a.example" };

static bool
has_members(const struct partition *partition, size_t atom,
    const struct domain_set *sets, struct str name)
{
	for (size_t i = 0; i < SETS; i++)
		if (partition_has(partition, atom, i) !=
		    domain_set_covers(&sets[i], name))
			return false;
	return true;
}

static void
check_name(const struct partition *partition, const struct domain_set *sets,
    struct str name)
{
	size_t found = 0;

	for (size_t i = 0; i < partition->count; i++)
		found += has_members(partition, i, sets, name);
	assert_int_equal(found, 1);
}

static void
check_name_atom(
    const struct partition *partition, const struct domain_set *sets, size_t i)
{
	const struct name_atom *atom = &partition->of.names[i];
	char below[DOMAIN_NAME_MAX + 1];

	(void)snprintf(
	    below, sizeof(below), "unheard.%.*s", STR_ARG(atom->name));
	assert_true(has_members(partition, i, sets,
	    i == 0                        ? STR("unheard.invalid")
	    : atom->cover == DOMAIN_UNDER ? str_of(below)
					  : atom->name));
}

static void
domains(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 500; round++) {
		struct domain_set sets[SETS] = { 0 };
		struct partition_set lent[SETS] = { 0 };
		struct partition partition;
		for (size_t i = 0; i < SETS; i++) {
			for (unsigned j = chance(4); j > 0; j--)
				assert_int_equal(
				    domain_set_add(&sets[i],
					str_of(names[chance(COUNT_OF(names))]),
					(enum domain_cover)(1 + chance(3))),
				    0);
			lent[i].domains = &sets[i];
		}
		assert_int_equal(partition_names(&partition, lent, SETS), 0);
		for (size_t i = 0; i < partition.count; i++)
			check_name_atom(&partition, sets, i);
		for (size_t i = 0; i < COUNT_OF(names); i++) {
			char below[64];
			(void)snprintf(below, sizeof(below), "w.%s", names[i]);
			check_name(&partition, sets, str_of(names[i]));
			check_name(&partition, sets, str_of(below));
		}
		partition_fini(&partition);
		for (size_t i = 0; i < SETS; i++)
			domain_set_fini(&sets[i]);
	}
}

/* `*` stands for any characters: by recursion, as nobody would in earnest. */
static bool
matches(const char *pattern, const char *path)
{
	if (*pattern == '\0')
		return *path == '\0';
	if (*pattern == '*')
		return matches(pattern + 1, path) ||
		       (*path != '\0' && matches(pattern, path + 1));
	return *pattern == *path && matches(pattern + 1, path + 1);
}

static void
random_string(char *ret, size_t len_max, const char *letters)
{
	size_t len = chance((unsigned)len_max);

	for (size_t i = 0; i < len; i++)
		ret[i] = letters[chance((unsigned)strlen(letters))];
	ret[len] = '\0';
}

static void
check_path(const struct partition *partition, char (*patterns)[12],
    size_t count, const char *path)
{
	size_t found = 0;

	for (size_t i = 0; i < partition->count; i++) {
		bool same = true;
		for (size_t j = 0; j < count; j++)
			same &= partition_has(partition, i, j) ==
				matches(patterns[j], path);
		found += same;
	}
	assert_int_equal(found, 1);
}

static void
paths(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 400; round++) {
		char patterns[SETS][12], path[12] = "/";
		struct str lent[SETS];
		struct partition partition;
		size_t count = chance(SETS + 1);
		for (size_t i = 0; i < count; i++) {
			patterns[i][0] = "/*"[chance(2)];
			random_string(patterns[i] + 1, 8, "/ab**");
			lent[i] = str_of(patterns[i]);
		}
		assert_int_equal(partition_paths(&partition, lent, count), 0);
		/* Each atom is shown by its example ... */
		for (size_t i = 0; i < partition.count; i++) {
			struct str example = partition.of.texts[i].example;
			for (size_t j = 0; j < count && example.at != NULL; j++)
				assert_true(partition_has(&partition, i, j) ==
					    matches(patterns[j], example.at));
		}
		/* ... and each path has one. */
		for (unsigned i = 0; i < 100; i++) {
			random_string(path + 1, 9, "/abz");
			check_path(&partition, patterns, count, path);
		}
		check_path(&partition, patterns, count, "*");
		partition_fini(&partition);
	}
}

/* Other texts begin with any letter, and may be empty. */
static void
texts(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 400; round++) {
		char patterns[SETS][12], text[12];
		struct str lent[SETS];
		struct partition partition;
		size_t count = chance(SETS + 1);
		for (size_t i = 0; i < count; i++) {
			random_string(patterns[i], 8, "/ab**");
			lent[i] = str_of(patterns[i]);
		}
		assert_int_equal(partition_texts(&partition, lent, count), 0);
		for (unsigned i = 0; i < 100; i++) {
			random_string(text, 9, "/abz*");
			check_path(&partition, patterns, count, text);
		}
		check_path(&partition, patterns, count, "");
		partition_fini(&partition);
	}
}

/* Each minute lies in one atom, and the atom in the sets that hold it. */
static void
times(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 40; round++) {
		struct hours hours[SETS] = { 0 };
		struct partition_set sets[SETS] = { 0 };
		struct partition partition;
		size_t count = chance(SETS + 1);
		for (size_t i = 0; i < count; i++) {
			hours_add(&hours[i], (uint8_t)chance(128),
			    chance(12) * 60, chance(24) * 60 + 1);
			sets[i].hours = &hours[i];
		}
		assert_int_equal(partition_times(&partition, sets, count), 0);
		for (unsigned m = 0; m < HOURS_WEEK_MINUTES; m++) {
			size_t found = 0;
			for (size_t i = 0; i < partition.count; i++) {
				if (!hours_has(
					&partition.of.times[i].minutes, m))
					continue;
				found++;
				for (size_t j = 0; j < count; j++)
					assert_int_equal(
					    partition_has(&partition, i, j),
					    hours_has(&hours[j], m));
			}
			assert_int_equal(found, 1);
		}
		partition_fini(&partition);
	}
}

/* Patterns that overlap in 2^n ways are refused before memory is. */
static void
too_many_overlaps(void **state)
{
	char patterns[26][8];
	struct str lent[26];
	struct partition partition;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(patterns); i++) {
		(void)snprintf(patterns[i], sizeof(patterns[i]), "/*%c%c*",
		    (char)('a' + i), (char)('z' - i));
		lent[i] = str_of(patterns[i]);
	}
	assert_int_equal(
	    partition_paths(&partition, lent, COUNT_OF(lent)), -E2BIG);
	partition_fini(&partition);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(large_sets_make_few_atoms),
		cmocka_unit_test(domains),
		cmocka_unit_test(paths),
		cmocka_unit_test(texts),
		cmocka_unit_test(times),
		cmocka_unit_test(too_many_overlaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
