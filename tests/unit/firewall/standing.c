/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands in our table is found, each thing by its kind and with a number
 * that no namesake has, and can be taken away but for what is to stay.
 */
#include "firewall/standing.h"

#include "namespace.h"

#include <errno.h>

#define OURS                                                                   \
	"table inet gatehouse {\n"                                             \
	"counter hits { }\n"                                                   \
	"limit slow { rate 1/second }\n"                                       \
	"set keep { type ipv4_addr; flags interval; elements = { "             \
	"192.0.2.0/24 "                                                        \
	"}; }\n"                                                               \
	"set away { type ipv4_addr; flags timeout; }\n"                        \
	"map counters { type mark : counter; elements = { 1 : hits }; }\n"     \
	"map ways { type mark : verdict; elements = { 1 : goto leaf }; }\n"    \
	"chain leaf { drop; }\n"                                               \
	"chain root { type filter hook prerouting priority 0; meta mark vmap " \
	"@ways; counter name meta mark map @counters; ip saddr { 192.0.2.1, "  \
	"192.0.2.3 } accept; ip saddr @keep drop; }\n"                         \
	"}\n"

static void
begin_table(void)
{
	shell("nft -f - <<'EOF'\n" OURS "EOF\n"
	      "nft add table inet other; nft add chain inet other root;"
	      "nft add set inet other keep '{ type ipv4_addr; }';"
	      "nft add table ip gatehouse; nft add chain ip gatehouse mine");
}

static int
end(void **state)
{
	(void)state;
	if (namespace_is_ours)
		shell("nft flush ruleset");
	return 0;
}

static void
nothing_stands_where_nothing_is(void **state)
{
	struct standing standing;

	(void)state;
	NEED_NAMESPACE();
	assert_int_equal(standing_read(&standing, STANDING_ALL), 0);
	assert_false(standing.has_table);
	assert_int_equal(standing.all.count, 0);
	assert_int_equal(standing_mark(&standing), 0);
	standing_fini(&standing);
}

static void
each_thing_is_found(void **state)
{
	static const struct {
		enum standing_kind kind;
		const char *word, *name;
	} rows[] = {
		{ STANDING_MAP, "map", "counters" },
		{ STANDING_MAP, "map", "ways" },
		{ STANDING_SET, "set", "keep" },
		{ STANDING_SET, "set", "away" },
		{ STANDING_CHAIN, "chain", "leaf" },
		{ STANDING_CHAIN, "chain", "root" },
		{ STANDING_OBJECT, "counter", "hits" },
		{ STANDING_OBJECT, "limit", "slow" },
	};
	struct standing standing;

	(void)state;
	NEED_NAMESPACE();
	begin_table();
	assert_int_equal(standing_read(&standing, STANDING_ALL), 0);
	assert_true(standing.has_table);
	/* What is in a rule alone, or in another table, is not among them. */
	assert_int_equal(standing.all.count, sizeof(rows) / sizeof(rows[0]));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct standing_item *item =
		    standing_find(&standing, rows[i].kind, rows[i].name);
		assert_non_null(item);
		assert_string_equal(item->word, rows[i].word);
		assert_true(item->handle != 0);
		assert_int_equal(
		    item->is_base, str_is(str_of(item->name), "root"));
		if (i > 0)
			assert_true(standing.all.items[i - 1].kind <=
				    standing.all.items[i].kind);
	}
	assert_true(standing_mark(&standing) != 0);
	standing_fini(&standing);
}

static void
only_what_is_asked_for_is_found(void **state)
{
	static const struct {
		unsigned kinds;
		size_t count;
	} rows[] = {
		{ 0, 0 },
		{ STANDING_CHAINS_ONLY, 2 },
		{ STANDING_SETS_ONLY, 4 },
		{ STANDING_CHAINS_ONLY | STANDING_SETS_ONLY, 6 },
	};
	struct standing standing;

	(void)state;
	NEED_NAMESPACE();
	begin_table();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(standing_read(&standing, rows[i].kinds), 0);
		assert_true(standing.has_table);
		assert_int_equal(standing.all.count, rows[i].count);
		standing_fini(&standing);
	}
}

static uint64_t
handle_of(const char *name)
{
	struct standing standing;

	assert_int_equal(standing_read(&standing, STANDING_ALL), 0);
	const struct standing_item *item =
	    standing_find(&standing, STANDING_SET, name);
	uint64_t handle = item != NULL ? item->handle : 0;
	standing_fini(&standing);
	return handle;
}

static void
a_namesake_has_another_number(void **state)
{
	(void)state;
	NEED_NAMESPACE();
	begin_table();
	uint64_t first = handle_of("away");
	assert_true(first != 0 && first != handle_of("keep"));
	assert_true(first == handle_of("away"));
	shell("nft 'delete set inet gatehouse away; add set inet gatehouse "
	      "away { type ipv4_addr; }'");
	uint64_t second = handle_of("away");
	assert_true(second != 0 && second != first);
	/* Also in a table that was made anew. */
	shell("nft flush ruleset");
	begin_table();
	assert_true(handle_of("away") != first && handle_of("away") != second);
}

static bool
is_keep(const void *context, const char *name)
{
	(void)context;
	return str_is(str_of(name), "keep");
}

static void
all_goes_but_what_is_kept(void **state)
{
	struct text commands = TEXT_EMPTY, listed = TEXT_EMPTY;
	struct standing standing;

	(void)state;
	NEED_NAMESPACE();
	begin_table();
	assert_int_equal(standing_read(&standing, STANDING_ALL), 0);
	text_addz(&commands, "nft '");
	standing_removal(&standing, is_keep, NULL, &commands);
	text_addz(&commands, "'");
	shell(commands.at);
	shell_read(&listed, "nft list ruleset");
	assert_int_equal(text_occurrences(&listed, "set keep"), 2);
	assert_true(text_has(&listed, "192.0.2.0/24"));
	assert_int_equal(text_occurrences(&listed, "chain root"), 1);
	assert_true(text_has(&listed, "chain mine"));
	assert_false(text_has(&listed, "map "));
	assert_false(text_has(&listed, "hits"));
	standing_fini(&standing);
	text_fini(&commands);
	text_fini(&listed);
}

static bool
is_no_keep_nor_base(const void *context, const struct standing_item *item)
{
	(void)context;
	return strcmp(item->name, "keep") != 0 && !item->is_base;
}

/* Base chains by commands, all else by messages in one batch. */
static void
what_nothing_holds_goes_by_messages(void **state)
{
	struct text commands = TEXT_EMPTY, words = TEXT_EMPTY;
	struct text listed = TEXT_EMPTY;
	struct batch batch = BATCH_EMPTY;
	struct standing standing;

	(void)state;
	NEED_NAMESPACE();
	begin_table();
	assert_int_equal(standing_read(&standing, STANDING_ALL), 0);
	batch_begin(&batch);
	standing_remove(&standing, is_no_keep_nor_base, NULL, &batch);
	assert_int_equal(batch_commit(&batch, &words), -EBUSY);
	shell_read(&listed, "nft list ruleset");
	assert_true(text_has(&listed, "chain leaf"));
	text_addz(&commands, "nft '");
	standing_base_removal(&standing, &commands);
	text_addz(&commands, "'");
	shell(commands.at);
	batch_begin(&batch);
	standing_remove(&standing, is_no_keep_nor_base, NULL, &batch);
	assert_int_equal(batch_commit(&batch, &words), 0);
	shell_read(&listed, "nft list table inet gatehouse");
	assert_int_equal(text_occurrences(&listed, "set keep"), 1);
	assert_int_equal(text_occurrences(&listed, "{"), 3);
	batch_fini(&batch);
	standing_fini(&standing);
	text_fini(&commands);
	text_fini(&words);
	text_fini(&listed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(nothing_stands_where_nothing_is, end),
		cmocka_unit_test_teardown(only_what_is_asked_for_is_found, end),
		cmocka_unit_test_teardown(each_thing_is_found, end),
		cmocka_unit_test_teardown(a_namesake_has_another_number, end),
		cmocka_unit_test_teardown(all_goes_but_what_is_kept, end),
		cmocka_unit_test_teardown(
		    what_nothing_holds_goes_by_messages, end),
	};

	return cmocka_run_group_tests(tests, namespace_setup, NULL);
}
