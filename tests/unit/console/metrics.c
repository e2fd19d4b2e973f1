/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console/metrics: what a story cannot show: names that must be escaped, what
 * may not be looked at, and rules past the bound.
 */
#include "console/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#include <cmocka.h>

static void
assert_has(const struct text *text, const char *line)
{
	if (strstr(text->at, line) == NULL)
		fail_msg("no %s in\n%s", line, text->at);
}

static size_t
count_of(const struct text *text, const char *what)
{
	size_t count = 0;

	for (const char *at = text->at; (at = strstr(at, what)) != NULL; at++)
		count++;
	return count;
}

static void
names_are_escaped(void **state)
{
	struct metrics_rule rule = { .line = 7,
		.nth = 1,
		.name = STR("a\"b\\c\nd"),
		.verdict = "drop",
		.firewall = { 3, 180 },
		.early = { 2, 120 } };
	struct metrics_snapshot snapshot = {
		.version = "1", .rules = &rule, .rule_count = 1
	};
	struct text out = TEXT_EMPTY;

	(void)state;
	metrics_write(&snapshot, &out);
	assert_has(&out, "\ngatehouse_rule_packets_total{line=\"7\",nth=\"1\","
			 "from=\"\",to=\"\","
			 "name=\"a\\\"b\\\\c\\nd\",enforcer=\"firewall\","
			 "verdict=\"drop\"} 3\n");
	assert_has(&out, "enforcer=\"early_drop\",verdict=\"drop\"} 120\n");
	text_fini(&out);
}

static void
what_is_unknown_has_no_line(void **state)
{
	struct metrics_snapshot snapshot = { .version = "1",
		.processes = { { .name = "own", .fds = 4 },
		    { .name = "other", .cpu = 1500 * CLOCK_MS, .fds = -1 } },
		.process_count = 2 };
	struct text out = TEXT_EMPTY;

	(void)state;
	metrics_write(&snapshot, &out);
	assert_has(&out, "\ngatehouse_process_open_fds{process=\"own\"} 4\n");
	assert_has(&out,
	    "\ngatehouse_process_cpu_seconds_total{process=\"other\"} "
	    "1.500000\n");
	assert_int_equal(count_of(&out, "\ngatehouse_process_open_fds{"), 1);
	text_fini(&out);
}

static void
rules_are_bounded(void **state)
{
	size_t count = METRICS_RULES_MAX + 1;
	struct metrics_rule *rules = calloc(count, sizeof(*rules));
	struct text out = TEXT_EMPTY;

	(void)state;
	assert_non_null(rules);
	for (size_t i = 0; i < count; i++)
		rules[i].verdict = "allow";
	metrics_write(
	    &(struct metrics_snapshot){
		.version = "1", .rules = rules, .rule_count = count },
	    &out);
	assert_int_equal(count_of(&out, "\ngatehouse_rule_packets_total{"),
	    METRICS_RULES_MAX);
	assert_has(&out, "\ngatehouse_rules 10001\n");
	free(rules);
	text_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_escaped),
		cmocka_unit_test(what_is_unknown_has_no_line),
		cmocka_unit_test(rules_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
