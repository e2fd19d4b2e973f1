/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/trial: a policy's own tests, one line each.
 */
#include "policy/trial.h"

#include "memory.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static const char head[] = "zone lan = int0 10.0.0.0/24\n"
			   "allow lan -> 192.0.2.0/24 tcp 80 as \"web\"\n"
			   "drop lan -> any\n";

static void
lines_of_tests(void **state)
{
	static const struct {
		const char *line;
		const char *failure; /* NULL: it passes */
	} rows[] = {
		{ "10.0.0.4 -> 192.0.2.1 tcp 80 allow", NULL },
		{ "10.0.0.4 -> 192.0.2.1 tcp 80 allow by \"web\"", NULL },
		{ "10.0.0.4 -> 192.0.2.1 tcp 80 allow by 2", NULL },
		{ "10.0.0.4 -> 192.0.2.1 tcp 81 drop by 3", NULL },
		{ "192.0.2.9 -> 10.0.0.4 tcp 81 drop", NULL }, /* no zone */
		{ "self -> 192.0.2.1 tcp 81 drop by 0", NULL },
		{ "10.0.0.4 -> 192.0.2.1 undecided", NULL },
		{ "10.0.0.4 -> 192.0.2.1 tcp 80 reject",
		    "expected reject, got allow by line 2 (web)" },
		{ "10.0.0.4 -> 192.0.2.1 tcp 81 drop by \"web\"",
		    "expected drop by web, got drop by line 3" },
		{ "10.0.0.4 -> 192.0.2.1 tcp 81 drop by 2",
		    "expected drop by 2, got drop by line 3" },
		{ "10.0.0.4 -> 192.0.2.1 tcp 81 drop by 0",
		    "expected drop by 0, got drop by line 3" },
		{ "self -> 192.0.2.1 tcp 81 allow",
		    "expected allow, got drop by the built-in last rule" },
		{ "10.0.0.4 -> 192.0.2.1 allow",
		    "expected allow, got undecided: it hangs on the service, "
		    "which is not given" },
		{ "10.0.0.4 -> 192.0.2.1 tcp 80 undecided",
		    "expected undecided, got allow by line 2 (web)" },
		{ "lan 192.0.2.9 -> 10.0.0.4 allow",
		    "expected allow, got drop: spoofed" },
		/* What no rule refused is not refused by one. */
		{ "192.0.2.9 -> 10.0.0.4 tcp 81 drop by 0",
		    "expected drop by 0, got drop: no zone" },
	};
	struct text text = TEXT_EMPTY, want = TEXT_EMPTY;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct report report;

		text_clear(&text);
		text_addf(&text, "%stest \"t\" {\n%s\n}\n", head, rows[i].line);
		struct policy *policy = memory_policy(text.at);
		report_init(&report);
		struct trial trial = policy_try(policy, &report);
		assert_int_equal(trial.passed + trial.failed, 1);
		assert_int_equal(trial.passed, rows[i].failure == NULL);
		assert_int_equal(report.errors, trial.failed);
		if (trial.failed > 0) {
			text_clear(&want);
			text_addf(
			    &want, "test \"t\" fails: %s", rows[i].failure);
			assert_true(
			    str_eq(report.items[0].message, text_str(&want)));
		}
		report_fini(&report);
		policy_unref(policy);
	}
	text_fini(&text);
	text_fini(&want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_tests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
