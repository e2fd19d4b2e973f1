/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A story of the event loop, told with each allocation failing in turn.
 */
#ifndef GATEHOUSE_TESTS_NET_FAILING_STORY_H
#define GATEHOUSE_TESTS_NET_FAILING_STORY_H

#include "../failing_malloc.h"

#include "harness.h"

#ifndef SANITIZED

/*
 * Runs the story with each allocation failing in turn.  The first run, in
 * which none fails, lets libraries allocate what they keep.
 */
static void
fail_each_allocation(void (*story)(void))
{
	long failures = 0;

	story();
	for (bool failed = true; failed; failures++) {
		long live_before = live;
		int fds_before = open_fds();
		until_failure = failures;
		story();
		failed = until_failure < 0;
		until_failure = -1;
		assert_int_equal(live, live_before);
		assert_int_equal(open_fds(), fds_before);
		assert_true(failures < 10000);
	}
	/* It would prove nothing if none had failed. */
	assert_true(failures > 3);
}

#endif
#endif
