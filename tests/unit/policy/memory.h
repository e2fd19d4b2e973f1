/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy from a text in memory, for tests.
 *
 * The policy is called "p"; every list's file holds what memory_list says, and
 * a CA is in "ca.pem".
 */
#ifndef GATEHOUSE_TESTS_UNIT_POLICY_MEMORY_H
#define GATEHOUSE_TESTS_UNIT_POLICY_MEMORY_H

#include "policy/flow_text.h"
#include "policy/policy.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char memory_list[] = "ads.example.com\n";

/* As far as a policy looks at it. */
static const char memory_ca[] = "-----BEGIN CERTIFICATE-----\n"
				"-----BEGIN PRIVATE KEY-----\n";

static inline int
memory_read(void *context, const char *path, size_t bytes_max, struct text *ret)
{
	const char *text = strcmp(path, "p") == 0        ? context
			   : strcmp(path, "ca.pem") == 0 ? memory_ca
							 : memory_list;

	(void)bytes_max;
	text_clear(ret);
	text_addz(ret, text);
	return ret->full ? -1 : 0;
}

/* What the report says, the excerpts too; the caller gives it to text_fini. */
static inline struct text
memory_said(const struct report *report)
{
	struct text out = TEXT_EMPTY;

	report_render(report, false, &out);
	text_addz(&out, "");
	return out;
}

/* The policy, which must be good. */
static inline struct policy *
memory_policy(const char *text)
{
	struct policy_loader loader = { .read = memory_read };
	struct policy *policy = NULL, *kept = NULL;
	struct report report;

	memcpy(&loader.context, &text, sizeof(text));
	report_init(&report);
	if (policy_load("p", &loader, &report, &policy, &kept) < 0) {
		struct text out = memory_said(&report);
		fail_msg("%s\n%s", text, out.at);
	}
	report_fini(&report);
	return policy;
}

/* The flow, which must be good; its texts lie in the arena. */
static inline struct flow
memory_flow(const struct policy *policy, struct arena *arena, const char *text)
{
	static const struct policy_own nothing = { NULL, 0 };
	struct source source = { .name = STR("flow"), .text = str_of(text) };
	struct report report;
	struct flow flow;

	report_init(&report);
	if (flow_parse(&source, policy, &nothing, arena, &report, &flow) < 0) {
		struct text out = memory_said(&report);
		fail_msg("%s\n%s", text, out.at);
	}
	report_fini(&report);
	return flow;
}

/* The messages of a policy that must be refused, one a line, without places. */
static inline struct text
memory_errors(const char *text)
{
	struct policy_loader loader = { .read = memory_read };
	struct policy *policy = NULL, *kept = NULL;
	struct text out = TEXT_EMPTY;
	struct report report;

	memcpy(&loader.context, &text, sizeof(text));
	report_init(&report);
	assert_true(policy_load("p", &loader, &report, &policy, &kept) < 0);
	for (size_t i = 0; i < report.count; i++)
		text_addf(&out, "%s%.*s", i > 0 ? "\n" : "",
		    STR_ARG(report.items[i].message));
	report_fini(&report);
	policy_unref(kept);
	return out;
}

#endif
