/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record beside a logged packet: what is written is read back. */
#include "firewall/log_prefix.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <errno.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define ZONE_OF_20 "abcdefghijklmnopqrst"
#define NAME_OF_64                                                             \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

#define S(literal) STR_INIT(literal)

static const struct {
	struct log_prefix prefix;
	const char *record;
} records[] = {
	{ { .verdict = POLICY_VERDICT_DROP,
	      .rule_line = 34,
	      .zone_from = S("lan"),
	      .zone_to = S("wan"),
	      .rule_name = S("ads") },
	    "drop 34 lan wan - ads" },
	{ { .verdict = POLICY_VERDICT_ALLOW }, "allow 0 - - -" },
	{ { .verdict = POLICY_VERDICT_REJECT,
	      .reason = POLICY_REASON_NEEDS_PROXY,
	      .zone_from = S("guest"),
	      .zone_to = S("wan") },
	    "reject 0 guest wan proxy" },
	{ { .verdict = POLICY_VERDICT_DROP,
	      .reason = POLICY_REASON_SPOOFED,
	      .zone_from = S("lan") },
	    "drop 0 lan - spoof" },
	{ { .verdict = POLICY_VERDICT_REJECT,
	      .rule_line = 7,
	      .zone_from = S("lan"),
	      .zone_to = S("self"),
	      .reason = POLICY_REASON_NEEDS_PROXY,
	      .rule_name = S("too many  mails ") },
	    "reject 7 lan self proxy too many  mails " },
	{ { .verdict = POLICY_VERDICT_DROP,
	      .rule_line = 1,
	      .zone_from = S("a"),
	      .zone_to = S("b"),
	      .rule_name = S("- \"cost\" > $5 \\ gr\xc3\xbc\xc3\x9f") },
	    "drop 1 a b - - \001cost\001 > \0025 \\ gr\xc3\xbc\xc3\x9f" },
	{ { .verdict = POLICY_VERDICT_REJECT,
	      .rule_line = 999999,
	      .zone_from = S(ZONE_OF_20),
	      .zone_to = S(ZONE_OF_20),
	      .reason = POLICY_REASON_NO_ZONE,
	      .rule_name = S(NAME_OF_64) },
	    "reject 999999 " ZONE_OF_20 " " ZONE_OF_20 " nozone " NAME_OF_64 },
};

static void
assert_same_prefix(const struct log_prefix *a, const struct log_prefix *b)
{
	assert_int_equal(a->verdict, b->verdict);
	assert_int_equal(a->reason, b->reason);
	assert_int_equal(a->rule_line, b->rule_line);
	assert_true(str_eq(a->zone_from, b->zone_from));
	assert_true(str_eq(a->zone_to, b->zone_to));
	assert_true(str_eq(a->rule_name, b->rule_name));
	assert_int_equal(a->zone_from.at == NULL, b->zone_from.at == NULL);
	assert_int_equal(a->zone_to.at == NULL, b->zone_to.at == NULL);
	assert_int_equal(a->rule_name.at == NULL, b->rule_name.at == NULL);
}

static void
writes_and_reads_records(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(records); i++) {
		struct text out = TEXT_EMPTY;
		struct log_prefix read;

		text_addz(&out, "before ");
		assert_int_equal(log_prefix_write(&records[i].prefix, &out), 0);
		struct str record = str_skip(text_str(&out), 7);
		assert_true(str_is(record, records[i].record));
		assert_true(record.len <= FIREWALL_LOG_PREFIX_BYTES_MAX);
		assert_int_equal(log_prefix_parse(record, &read), 0);
		assert_same_prefix(&records[i].prefix, &read);
		text_fini(&out);
	}
}

static void
fills_the_kernels_limit_exactly(void **state)
{
	const struct log_prefix *longest = &records[COUNT(records) - 1].prefix;
	struct log_prefix longer = *longest;
	struct text out = TEXT_EMPTY;

	(void)state;
	assert_int_equal(log_prefix_write(longest, &out), 0);
	assert_int_equal(out.len, FIREWALL_LOG_PREFIX_BYTES_MAX);
	text_clear(&out);
	text_addz(&out, "kept");
	longer.rule_line = 1000000;
	assert_int_equal(log_prefix_write(&longer, &out), -EMSGSIZE);
	assert_string_equal(out.at, "kept");
	text_fini(&out);
}

static const struct log_prefix unwritable[] = {
	{ .zone_from = S("") },
	{ .zone_from = S("-") },
	{ .zone_to = S("a b") },
	{ .zone_to = S("a\"") },
	{ .zone_to = S("a$b") },
	{ .zone_to = S("tab\t") },
	{ .zone_to = S(ZONE_OF_20 "u") },
	{ .rule_name = S("") },
	{ .rule_name = S("two\nlines") },
	{ .rule_name = S("nul\0") },
	{ .rule_name = S("\001") },
	{ .rule_name = S("\x7f") },
	{ .rule_name = S(NAME_OF_64 "g") },
	{ .verdict = POLICY_VERDICT_UNDECIDED },
	{ .verdict = POLICY_VERDICT_COUNT },
	{ .reason = POLICY_REASON_COUNT },
};

static void
refuses_what_no_policy_has(void **state)
{
	struct text out = TEXT_EMPTY;

	(void)state;
	for (size_t i = 0; i < COUNT(unwritable); i++) {
		assert_int_equal(
		    log_prefix_write(&unwritable[i], &out), -EINVAL);
		assert_int_equal(out.len, 0);
	}
	text_fini(&out);
}

static const struct str foreign[] = {
	S(""),
	S(" "),
	S("IN=eth0 OUT="),
	S("drop"),
	S("drop 1"),
	S("drop 1 lan"),
	S("drop 1 lan wan"),
	S("drop 1 lan wan "),
	S("drop 1 lan wan - "),
	S("drop 1 lan wan what"),
	S("drop  1 lan wan -"),
	S(" drop 1 lan wan -"),
	S("DROP 1 lan wan -"),
	S("pass 1 lan wan -"),
	S("drop 01 lan wan -"),
	S("drop -1 lan wan -"),
	S("drop 4294967296 lan wan -"),
	S("drop 1 lan\twan - -"),
	S("drop 1 \001 wan -"),
	S("drop 1 lan " ZONE_OF_20 "u -"),
	S("drop 1 lan wan - tab\there"),
	S("drop 1 lan wan - nul\0here"),
	S("drop 1 lan wan - \003"),
	S("drop 1 lan wan - \"ads\""),
	S("drop 1 lan wan - $5"),
	S("drop 1 lan wan - " NAME_OF_64 "g"),
};

static void
passes_over_what_others_log(void **state)
{
	struct log_prefix read;

	(void)state;
	for (size_t i = 0; i < COUNT(foreign); i++)
		assert_int_equal(log_prefix_parse(foreign[i], &read), -EBADMSG);
}

/* Every beginning of a record is no record or one with a shorter name. */
static void
never_takes_a_part_for_the_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(records); i++) {
		struct str whole = str_of(records[i].record);
		for (size_t len = 0; len < whole.len; len++) {
			struct log_prefix read;
			struct str part = { whole.at, len };
			struct text again = TEXT_EMPTY;
			if (log_prefix_parse(part, &read) == 0) {
				assert_int_equal(
				    log_prefix_write(&read, &again), 0);
				assert_true(str_eq(text_str(&again), part));
			}
			text_fini(&again);
		}
	}
}

static void
gives_words_for_people(void **state)
{
	(void)state;
	assert_string_equal(
	    policy_verdict_word(POLICY_VERDICT_REJECT), "reject");
	assert_null(policy_reason_sentence(POLICY_REASON_NONE));
	assert_string_equal(policy_reason_sentence(POLICY_REASON_NEEDS_PROXY),
	    "needs the proxy");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_and_reads_records),
		cmocka_unit_test(fills_the_kernels_limit_exactly),
		cmocka_unit_test(refuses_what_no_policy_has),
		cmocka_unit_test(passes_over_what_others_log),
		cmocka_unit_test(never_takes_a_part_for_the_whole),
		cmocka_unit_test(gives_words_for_people),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
