/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy/diagram: every operation against a table of all values. */
#include "policy/diagram.h"

#include "random_policy.h"

#define VARS   6
#define POINTS (1u << VARS)

/* A function as the list of what it is at each point. */
struct table {
	uint32_t at[POINTS];
};

static uint32_t
build(
    struct diagram *d, const struct table *table, unsigned var, unsigned point)
{
	if (var == VARS)
		return table->at[point];
	uint32_t low = build(d, table, var + 1, point * 2);
	uint32_t high = build(d, table, var + 1, point * 2 + 1);
	return diagram_node(d, var, low, high);
}

/* Of few values, and often the same for many points, as real ones are. */
static struct table
random_table(unsigned values)
{
	struct table table;
	unsigned run = 1u << chance(VARS);

	for (unsigned i = 0; i < POINTS; i++)
		table.at[i] = i % run == 0 ? DIAGRAM_TERMINAL | chance(values)
					   : table.at[i - 1];
	return table;
}

static uint32_t
value_at(const struct diagram *d, uint32_t f, unsigned point)
{
	return diagram_at(d, f, 0, VARS, point);
}

static uint32_t
of_bool(bool value)
{
	return value ? DIAGRAM_ALL : DIAGRAM_EMPTY;
}

static void
check_point(struct diagram *d, const struct table *a, const struct table *b,
    uint32_t f, uint32_t g, unsigned i)
{
	bool x = a->at[i] == DIAGRAM_ALL, y = b->at[i] == DIAGRAM_ALL;

	assert_int_equal(value_at(d, diagram_and(d, f, g), i), of_bool(x && y));
	assert_int_equal(value_at(d, diagram_or(d, f, g), i), of_bool(x || y));
	assert_int_equal(
	    value_at(d, diagram_minus(d, f, g), i), of_bool(x && !y));
}

static void
sets(void **state)
{
	struct diagram d;

	(void)state;
	diagram_init(&d);
	for (unsigned round = 0; round < 300; round++) {
		struct table a = random_table(2), b = random_table(2);
		uint32_t f = build(&d, &a, 0, 0), g = build(&d, &b, 0, 0);
		for (unsigned i = 0; i < POINTS; i++)
			check_point(&d, &a, &b, f, g, i);
		/* One function is one node. */
		assert_int_equal(diagram_and(&d, f, g), diagram_and(&d, g, f));
		assert_int_equal(diagram_or(&d, diagram_minus(&d, f, g),
				     diagram_and(&d, f, g)),
		    f);
		assert_int_equal(diagram_minus(&d, f, f), DIAGRAM_EMPTY);
	}
	assert_int_equal(d.rc, 0);
	diagram_fini(&d);
}

static void
functions(void **state)
{
	struct diagram d;

	(void)state;
	diagram_init(&d);
	for (unsigned round = 0; round < 300; round++) {
		struct table a = random_table(2), b = random_table(5);
		struct table c = random_table(5);
		uint32_t set = build(&d, &a, 0, 0), f = build(&d, &b, 0, 0);
		uint32_t g = build(&d, &c, 0, 0);
		uint32_t where = diagram_where(&d, set, f);
		uint32_t over = diagram_over(&d, where, g);
		uint32_t is = diagram_is(&d, f, DIAGRAM_TERMINAL | 3);
		for (unsigned i = 0; i < POINTS; i++) {
			bool in = a.at[i] == DIAGRAM_ALL;
			assert_int_equal(value_at(&d, where, i),
			    in ? b.at[i] : DIAGRAM_NOWHERE);
			assert_int_equal(
			    value_at(&d, over, i), in ? b.at[i] : c.at[i]);
			assert_int_equal(value_at(&d, is, i),
			    of_bool(b.at[i] == (DIAGRAM_TERMINAL | 3)));
		}
	}
	assert_int_equal(d.rc, 0);
	diagram_fini(&d);
}

/* True at a point if true at any point that differs in forgotten variables. */
static void
forgetting(void **state)
{
	struct diagram d;

	(void)state;
	diagram_init(&d);
	for (unsigned round = 0; round < 200; round++) {
		struct table a = random_table(2);
		unsigned first = chance(VARS),
			 end = first + chance(VARS - first + 1);
		uint32_t f = build(&d, &a, 0, 0);
		uint32_t less = diagram_forget(&d, f, first, end);
		unsigned mask = 0;
		for (unsigned var = first; var < end; var++)
			mask |= 1u << (VARS - 1 - var);
		for (unsigned i = 0; i < POINTS; i++) {
			bool any = false;
			for (unsigned j = 0; j < POINTS; j++)
				any |= (i & ~mask) == (j & ~mask) &&
				       a.at[j] == DIAGRAM_ALL;
			assert_int_equal(value_at(&d, less, i), of_bool(any));
		}
	}
	diagram_fini(&d);
}

static bool
is_odd_third(const void *context, size_t number)
{
	(void)context;
	return number % 3 == 1;
}

static void
numbers(void **state)
{
	struct diagram d;

	(void)state;
	diagram_init(&d);
	for (unsigned bits = 0; bits <= VARS; bits++) {
		for (size_t count = 1; count <= (size_t)1 << bits; count++) {
			uint32_t set = diagram_numbers(
			    &d, 3, bits, count, is_odd_third, NULL);
			for (size_t i = 0; i < (size_t)1 << bits; i++)
				assert_int_equal(
				    diagram_at(&d, set, 3, bits, i),
				    of_bool(i < count && i % 3 == 1));
		}
	}
	diagram_fini(&d);
}

static size_t
seek_slowly(const bool *in, size_t end, size_t from, bool wanted)
{
	while (from < end && in[from] != wanted)
		from++;
	return from;
}

static void
check_numbers(struct diagram *d, unsigned bits, const bool *in)
{
	size_t list[POINTS], count = 0, end = (size_t)1 << bits;

	for (size_t i = 0; i < end; i++)
		if (in[i])
			list[count++] = i;
	uint32_t set = diagram_list(d, 3, bits, list, count);
	assert_int_equal(diagram_count(d, set, 3, bits), count);
	for (size_t i = 0; i < end; i++) {
		assert_int_equal(
		    diagram_at(d, set, 3, bits, i), of_bool(in[i]));
		for (unsigned wanted = 0; wanted < 2; wanted++)
			assert_int_equal(
			    diagram_seek(d, set, 3, bits, i, wanted != 0),
			    seek_slowly(in, end, i, wanted != 0));
	}
	assert_int_equal(diagram_seek(d, set, 3, bits, end, true), end);
}

/* Lists, what is found in them, and how many they are; and intervals. */
static void
lists(void **state)
{
	bool in[POINTS];
	struct diagram d;

	(void)state;
	diagram_init(&d);
	for (unsigned round = 0; round < 300; round++) {
		unsigned bits = chance(VARS + 1), few = 1 + chance(6);
		for (size_t i = 0; i < POINTS; i++)
			in[i] = round % 2 == 0 ? chance(few) == 0
					       : chance(few) != 0;
		check_numbers(&d, bits, in);
	}
	for (size_t low = 0; low < POINTS; low++)
		for (size_t high = 0; high < POINTS; high++) {
			uint32_t set = diagram_interval(&d, 0, VARS, low, high);
			for (unsigned i = 0; i < POINTS; i++)
				assert_int_equal(value_at(&d, set, i),
				    of_bool(low <= i && i <= high));
		}
	diagram_fini(&d);
}

static void
implications(void **state)
{
	struct diagram d;
	unsigned found = 0;

	(void)state;
	diagram_init(&d);
	for (unsigned round = 0; round < 1000; round++) {
		struct table a = random_table(2), b = random_table(2);
		uint32_t f = build(&d, &a, 0, 0), g = build(&d, &b, 0, 0);
		if (chance(2) == 0)
			g = diagram_or(&d, f, g);
		bool in = diagram_minus(&d, f, g) == DIAGRAM_EMPTY;
		assert_int_equal(diagram_implies(&d, f, g), in);
		found += in;
	}
	assert_true(found > 100 && found < 900);
	diagram_fini(&d);
}

/* Who comes too late is told so, and the diagram stays to be looked at. */
static void
deadlines(void **state)
{
	struct diagram d;

	(void)state;
	diagram_init(&d);
	d.deadline = 1;
	for (uint32_t i = 0; i < 100000 && d.rc == 0; i++)
		(void)diagram_node(
		    &d, 1000000 - i, DIAGRAM_EMPTY, DIAGRAM_TERMINAL | i);
	assert_int_equal(d.rc, -ETIME);
	diagram_fini(&d);
}

static bool
is_listed(const void *context, size_t number)
{
	return (*(const uint64_t *)context >> number & 1) != 0;
}

/* Whatever the wish is, it comes to the set, and what is in it stays so. */
static void
bending(void **state)
{
	uint8_t values[VARS];
	struct diagram d;

	(void)state;
	diagram_init(&d);
	for (unsigned round = 0; round < 100; round++) {
		uint64_t listed = chance_state & chance_state >> 1, hit = 0;
		uint32_t set =
		    diagram_numbers(&d, 0, VARS, POINTS, is_listed, &listed);
		if (set == DIAGRAM_EMPTY)
			continue;
		for (unsigned wish = 0; wish < POINTS; wish++) {
			unsigned point = 0;
			for (unsigned v = 0; v < VARS; v++)
				values[v] = wish >> (VARS - 1 - v) & 1;
			diagram_bend(&d, set, values);
			for (unsigned v = 0; v < VARS; v++)
				point = point * 2 + values[v];
			assert_true(diagram_has(&d, set, values));
			assert_true(point == wish || (listed >> wish & 1) == 0);
			hit |= UINT64_C(1) << point;
		}
		assert_true(hit == listed);
		(void)chance(2);
	}
	diagram_fini(&d);
}

/* What was made since the mark is gone, all before it stands. */
static void
rewinding(void **state)
{
	struct diagram d;

	(void)state;
	diagram_init(&d);
	for (unsigned round = 0; round < 200; round++) {
		struct table a = random_table(2), b = random_table(2);
		uint32_t f = build(&d, &a, 0, 0);
		size_t count = d.nodes.count;
		uint32_t g = build(&d, &b, 0, 0), both = diagram_and(&d, f, g);
		struct diagram_node node = { 0 };
		if (!diagram_is_terminal(both))
			node = d.nodes.items[both];
		d.nodes_max = d.nodes.count;
		for (uint32_t var = 0; d.rc == 0; var++)
			(void)diagram_node(
			    &d, 100 + var, DIAGRAM_EMPTY, DIAGRAM_ALL);
		assert_int_equal(d.rc, -E2BIG);
		diagram_rewind(&d, count);
		d.nodes_max = DIAGRAM_NODES_MAX;
		assert_int_equal(d.rc, 0);
		assert_int_equal(d.nodes.count, count);
		assert_int_equal(build(&d, &a, 0, 0), f);
		assert_int_equal(build(&d, &b, 0, 0), g);
		assert_int_equal(diagram_and(&d, f, g), both);
		assert_true(
		    diagram_is_terminal(both) ||
		    memcmp(&node, &d.nodes.items[both], sizeof(node)) == 0);
		if (round % 2 == 0)
			diagram_rewind(&d, count);
	}
	diagram_fini(&d);
}

static void
note(void *context, uint32_t terminal)
{
	uint64_t *seen = context;

	*seen |= UINT64_C(1) << diagram_value(terminal);
}

static void
terminals(void **state)
{
	struct diagram d;

	(void)state;
	diagram_init(&d);
	for (unsigned round = 0; round < 100; round++) {
		struct table a = random_table(2), b = random_table(40);
		uint64_t seen = 0, expected = 0;
		diagram_terminals(&d,
		    diagram_where(&d, build(&d, &a, 0, 0), build(&d, &b, 0, 0)),
		    note, &seen);
		for (unsigned i = 0; i < POINTS; i++)
			if (a.at[i] == DIAGRAM_ALL)
				expected |= UINT64_C(1)
					    << diagram_value(b.at[i]);
		assert_true(seen == expected);
	}
	diagram_fini(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets),
		cmocka_unit_test(functions),
		cmocka_unit_test(forgetting),
		cmocka_unit_test(numbers),
		cmocka_unit_test(lists),
		cmocka_unit_test(implications),
		cmocka_unit_test(bending),
		cmocka_unit_test(rewinding),
		cmocka_unit_test(deadlines),
		cmocka_unit_test(terminals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
