/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ruleset becomes two texts of as many lines: what base chains stand on, and
 * the base chains; and names of the first get a suffix wherever they are used.
 */
#include "firewall/split.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define RULESET                                                                \
	"# chain no { }\n"                                                     \
	"table inet gatehouse {\n"                                             \
	"\tcounter hits {\n\t\tcomment \"hits @pair\"\n\t}\n"                  \
	"\tset pair {\n\t\ttype ipv4_addr\n\t}\n"                              \
	"\tset apart {\n\t}\n"                                                 \
	"\tct helper ftp {\n\t\ttype \"ftp\" protocol tcp\n\t}\n"              \
	"\tlimit rate.5 {\n\t}\n"                                              \
	"\tchain main {\n"                                                     \
	"\t\ttype filter hook prerouting priority mangle; policy drop;\n"      \
	"\t\tip saddr @pair goto leaf # goto leaf\n"                           \
	"\t\tip saddr @apart jump leaf.2\n"                                    \
	"\t\tip saddr @loaded.2 drop\n"                                        \
	"\t\tiifname vmap { \"leaf\" : goto leaf } counter name \"hits\"\n"    \
	"\t}\n"                                                                \
	"\tchain leaf {\n"                                                     \
	"\t\tlog prefix \"leaf\" limit name \"rate.5\" accept comment "        \
	"\"main {\"\n"                                                         \
	"\t\tupdate @pair { ip saddr } ct helper set \"ftp\"\n"                \
	"\t}\n"                                                                \
	"\tchain leaf.2 {\n\t}\n"                                              \
	"\tmap counters {\n\t\telements = {\n\t\t\t10 : "                      \
	"\"hits\"\n\t\t}\n\t}\n"                                               \
	"}\n"

static const char parts_named[] =
    "# chain no { }\n"
    "table inet gatehouse {\n"
    "\tcounter hits/2 {\n\t\tcomment \"hits @pair\"\n\t}\n"
    "\tset pair/2 {\n\t\ttype ipv4_addr\n\t}\n"
    "\tset apart {\n\t}\n"
    "\tct helper ftp/2 {\n\t\ttype \"ftp\" protocol tcp\n\t}\n"
    "\tlimit rate.5/2 {\n\t}\n"
    "\t\n\n\n\n\n\n\n"
    "\tchain leaf/2 {\n"
    "\t\tlog prefix \"leaf\" limit name \"rate.5/2\" accept comment "
    "\"main {\"\n"
    "\t\tupdate @pair/2 { ip saddr } ct helper set \"ftp/2\"\n"
    "\t}\n"
    "\tchain leaf.2/2 {\n\t}\n"
    "\tmap counters/2 {\n\t\telements = {\n\t\t\t10 : \"hits/2\"\n\t\t}\n\t}\n"
    "}\n";

static const char bases_named[] =
    "# chain no { }\n"
    "table inet gatehouse {\n"
    "\t\n\n\n"
    "\t\n\n\n"
    "\t\n\n"
    "\t\n\n\n"
    "\t\n\n"
    "\tchain main {\n"
    "\t\ttype filter hook prerouting priority mangle; policy drop;\n"
    "\t\tip saddr @pair/2 goto leaf/2 # goto leaf\n"
    "\t\tip saddr @apart jump leaf.2/2\n"
    "\t\tip saddr @loaded.2 drop\n"
    "\t\tiifname vmap { \"leaf\" : goto leaf/2 } counter name \"hits/2\"\n"
    "\t}\n"
    "\t\n\n\n\n"
    "\t\n\n"
    "\t\n\n\n\n\n"
    "}\n";

static bool
is_apart(const void *context, const char *name)
{
	return strcmp(name, context) == 0;
}

static void
begin(struct split *split, unsigned number)
{
	assert_int_equal(split_init(split, STR(RULESET), is_apart, "apart"), 0);
	split_choose(split, number);
	assert_int_equal(split_write(split), 0);
	assert_true(split->has_parts);
}

static void
names_get_a_suffix(void **state)
{
	struct split split;

	(void)state;
	begin(&split, 2);
	assert_string_equal(split.parts.at, parts_named);
	assert_string_equal(split.bases.at, bases_named);
	split_fini(&split);
}

/* Every line is in one of the two, at its place; the frame is in both. */
static void
the_first_has_none(void **state)
{
	struct str rest = STR(RULESET);
	struct split split;

	(void)state;
	begin(&split, 1);
	struct str parts = text_str(&split.parts);
	struct str bases = text_str(&split.bases);
	while (rest.len > 0) {
		struct str line = str_trim(str_cut(&rest, '\n'));
		struct str part = str_trim(str_cut(&parts, '\n'));
		struct str base = str_trim(str_cut(&bases, '\n'));
		assert_true(str_eq(line, part) || str_eq(line, base));
		assert_true(
		    part.len == 0 || base.len == 0 || str_eq(part, base));
	}
	assert_int_equal(parts.len + bases.len, 0);
	split_fini(&split);
}

static void
knows_its_names(void **state)
{
	static const struct {
		unsigned number;
		const char *name;
		bool is_ours;
	} rows[] = {
		{ 1, "leaf", true },
		{ 1, "leaf.2", true },
		{ 1, "leaf/2", false },
		{ 1, "hits", true },
		{ 1, "main", false },
		{ 1, "apart", false },
		{ 1, "no", false },
		{ 3, "leaf/3", true },
		{ 3, "leaf/33", false },
		{ 3, "leaf", false },
		{ 3, "main/3", false },
		{ 12, "counters/12", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct split split;
		begin(&split, rows[i].number);
		assert_int_equal(
		    split_has(&split, rows[i].name), rows[i].is_ours);
		split_fini(&split);
	}
}

static void
may_have_nothing_but_base_chains(void **state)
{
	struct split split;

	(void)state;
	assert_int_equal(
	    split_init(&split,
		STR("table inet gatehouse {\ncomment \"a { b\"\nchain main "
		    "{ type filter hook input priority 0; }\n}\n"),
		NULL, NULL),
	    0);
	assert_false(split.has_parts);
	split_choose(&split, 2);
	assert_int_equal(split_write(&split), 0);
	assert_non_null(strstr(split.bases.at, "chain main { type"));
	assert_null(strstr(split.parts.at, "main"));
	split_fini(&split);
}

static void
a_suffix_is_cut(void **state)
{
	(void)state;
	assert_true(str_is(split_plain_name(STR("rule.34.2/12")), "rule.34.2"));
	assert_true(str_is(split_plain_name(STR("spoofed")), "spoofed"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_get_a_suffix),
		cmocka_unit_test(the_first_has_none),
		cmocka_unit_test(knows_its_names),
		cmocka_unit_test(may_have_nothing_but_base_chains),
		cmocka_unit_test(a_suffix_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
