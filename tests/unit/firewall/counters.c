/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The counters of our table, read by the name that the policy's text has, and
 * of no other table.
 */
#include "firewall/counters.h"

#include "namespace.h"

static void
note(void *context, struct str name, uint64_t packets, uint64_t bytes)
{
	text_addf(context, "%.*s %llu %llu\n", STR_ARG(name),
	    (unsigned long long)packets, (unsigned long long)bytes);
}

static void
reads_our_counters_alone(void **state)
{
	struct text seen = TEXT_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	assert_int_equal(counters_read(note, &seen), 0);
	assert_int_equal(seen.len, 0);
	shell(
	    "nft 'table inet other { counter theirs { packets 1 bytes 2 } ; }'"
	    " && nft 'table ip gatehouse { counter v4 { } ; }'"
	    " && nft 'table inet gatehouse { quota q { 1 mbytes } ; "
	    "counter rule.34 { packets 5000000000 bytes 7 } ; "
	    "counter rule.35.2/3 { packets 4 bytes 9 } ; "
	    "counter spoofed { } ; }'");
	assert_int_equal(counters_read(note, &seen), 0);
	assert_true(text_has(&seen, "rule.34 5000000000 7\n"));
	assert_true(text_has(&seen, "spoofed 0 0\n"));
	assert_true(text_has(&seen, "rule.35.2 4 9\n"));
	assert_int_equal(text_occurrences(&seen, "\n"), 3);
	text_fini(&seen);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_our_counters_alone),
	};

	return cmocka_run_group_tests(tests, namespace_setup, NULL);
}
