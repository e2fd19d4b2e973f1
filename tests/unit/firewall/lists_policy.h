/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy with one list of addresses, from texts in memory.
 */
#ifndef GATEHOUSE_TESTS_FIREWALL_LISTS_POLICY_H
#define GATEHOUSE_TESTS_FIREWALL_LISTS_POLICY_H

#include "policy/policy.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static inline int
lists_read(void *context, const char *path, size_t bytes_max, struct text *ret)
{
	static const char policy[] = "zone lan = int0 10.0.0.0/24\n"
				     "zone wan = ext0\n"
				     "list a = addresses \"a\"\n"
				     "drop a -> any\n";

	(void)bytes_max;
	text_clear(ret);
	text_addz(ret, strcmp(path, "p") == 0 ? policy : context);
	return ret->full ? -1 : 0;
}

static inline struct policy *
lists_policy(const char *list)
{
	struct policy_loader loader = { .read = lists_read };
	struct policy *policy = NULL, *kept = NULL;
	struct report report;

	memcpy(&loader.context, &list, sizeof(list));
	report_init(&report);
	if (policy_load("p", &loader, &report, &policy, &kept) < 0) {
		struct text out = TEXT_EMPTY;
		report_render(&report, false, &out);
		fail_msg("%s", out.at);
	}
	report_fini(&report);
	return policy;
}

#endif
