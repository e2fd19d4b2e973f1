/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is shown of two policies' files, and what never is.
 */
#include "daemon/policy_text_diff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
keep(struct snapshot *snapshot, const char *path, const char *text)
{
	const struct snapshot_kept kept = { .path = path,
		.text = str_of(text) };

	assert_int_equal(snapshot_keep(snapshot, &kept), 0);
}

/* What is told of a file beside the policy. */
static void
expect(const char *old, const char *new, const char *expected)
{
	struct snapshot before = SNAPSHOT_EMPTY, after = SNAPSHOT_EMPTY;
	struct text out = TEXT_EMPTY;

	keep(&before, "/a.policy", "zone lan = int0\n");
	keep(&after, "/a.policy", "zone lan = int0\n");
	if (old != NULL)
		keep(&before, "/file", old);
	if (new != NULL)
		keep(&after, "/file", new);
	assert_int_equal(policy_text_diff(&before, &after, &out), 0);
	text_addc(&out, '\0');
	assert_string_equal(out.at, expected);
	text_fini(&out);
	snapshot_fini(&before);
	snapshot_fini(&after);
}

static void
what_is_not_the_same_is_shown(void **state)
{
	(void)state;
	expect("one\n", "one\n", "");
	expect("one\n", "two\n", "--- /file\n+++ /file\n-one\n+two\n");
}

static void
but_no_secret(void **state)
{
	static const char hidden[] =
	    "/file differs, and is not shown: it holds secrets\n";
	static const char key[] = "-----BEGIN EC PRIVATE KEY-----\nx\n";
	static const char *const secrets[] = { key,
		"-----BEGIN PRIVATE KEY-----\nx\n", "anna:$2y$05$x\n",
		"anna:$y$j9T$x\n", "anna:$6$x\n", "anna:$5$x\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		expect(NULL, secrets[i], hidden);
		expect(secrets[i], NULL, hidden);
		expect(secrets[i], "words\n", hidden);
		expect("words\n", secrets[i], hidden);
		expect(secrets[i], secrets[i], "");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_the_same_is_shown),
		cmocka_unit_test(but_no_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
