/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of proxy/ share: generations made from the text of a policy.
 */
#ifndef GATEHOUSE_TESTS_PROXY_POLICIES_H
#define GATEHOUSE_TESTS_PROXY_POLICIES_H

#include "../net/harness.h"
#include "base/report.h"
#include "proxy/generation.h"

/* What `users "users"` reads; their passwords are "staple" and "slow". */
#define ANNA_HASH                                                              \
	"$5$rounds=1000$saltsalt$3DAyz.HOC/.mY9SnF2OoTr5BXHfxMmhuUvgg43m9nN7"
#define USERS_TEXT                                                             \
	"anna:" ANNA_HASH "\n"                                                 \
	"slow:$2b$10$abcdefghijklmnopqrstuuTL3rBAB2FTLNnpGNZhAYflp5RzALnWK\n"

static inline int
read_text(void *context, const char *path, size_t bytes_max, struct text *ret)
{
	(void)bytes_max;
	text_addz(ret, strcmp(path, "users") == 0 ? USERS_TEXT : context);
	return 0;
}

/* A policy that is meant to be right. */
static inline struct policy *
policy_of(char *text)
{
	struct policy_loader loader = { .read = read_text, .context = text };
	struct policy *policy = NULL, *kept = NULL;
	struct text why = TEXT_EMPTY;
	struct report report;

	report_init(&report);
	int rc = policy_load("test.policy", &loader, &report, &policy, &kept);
	report_render(&report, false, &why);
	if (rc < 0)
		fail_msg("%s", why.at);
	text_fini(&why);
	report_fini(&report);
	policy_unref(kept);
	return policy;
}

static inline struct proxy_generation *
generation_of(char *text)
{
	struct proxy_generation *generation =
	    proxy_generation_create(1, policy_of(text));

	assert_non_null(generation);
	return generation;
}

static inline struct address
address_of(const char *text)
{
	struct address address;

	assert_int_equal(address_parse(str_of(text), &address), 0);
	return address;
}

static inline uint8_t
zone_of(const struct proxy_generation *generation, const char *name)
{
	uint8_t number = ZONE_NONE;

	if (strcmp(name, "-") == 0)
		return ZONE_NONE;
	assert_true(
	    policy_zone_find(generation->policy, str_of(name), &number));
	return number;
}

#endif
