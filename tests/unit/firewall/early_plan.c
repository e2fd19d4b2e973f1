/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which sources of which rules go down to the driver: a table of policies.
 */
#include "firewall/early_plan.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/text.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define ZONES                                                                  \
	"zone lan = int0 10.0.0.0/24 2001:db8:1::/64\n"                        \
	"zone dmz = int1 198.51.100.128/25\n"                                  \
	"zone wan = ext0\n"                                                    \
	"name bad = { 192.0.2.0/24, 2001:db8:bad::/48 }\n"                     \
	"name worse = { 192.0.2.128-192.0.3.255, 198.51.100.0/24 }\n"          \
	"hours office = mon-fri 08:00-18:00\n"

static int
read_text(void *context, const char *path, size_t bytes_max, struct text *ret)
{
	(void)path;
	(void)bytes_max;
	text_addz(ret, context);
	return 0;
}

static struct policy *
load(const char *text)
{
	const struct policy_loader loader = { .read = read_text,
		.context = (void *)(uintptr_t)text };
	struct policy *policy = NULL, *kept = NULL;
	struct report report;

	report_init(&report);
	if (policy_load("test.policy", &loader, &report, &policy, &kept) < 0)
		fail_msg("%zu errors in:\n%s", report.errors, text);
	report_fini(&report);
	return policy;
}

static void
add_range(struct address_set *set, const char *words)
{
	struct address_range range;
	const char *why;

	assert_int_equal(address_range_parse(str_of(words), &range, &why), 0);
	assert_int_equal(address_set_add(set, &range), 0);
}

/* "LINE: RANGE RANGE; LINE: RANGE", by way of a set that formats them. */
static void
write_row(
    const struct policy *policy, const struct early_row *row, struct text *out)
{
	char range_text[ADDRESS_RANGE_TEXT_BYTES];
	struct address_set set = { 0 };

	set.v4.items = row->v4.items;
	set.v4.count = row->v4.count;
	set.v6.items = row->v6.items;
	set.v6.count = row->v6.count;
	text_addf(out, "%s%u:", out->len > 0 ? "; " : "",
	    policy->rules[row->rule].line);
	for (size_t i = 0; i < address_set_count(&set); i++) {
		struct address_range range = address_set_range(&set, i);
		text_addf(out, " %s", address_range_format(&range, range_text));
	}
}

static void
plan_words(const char *policy_text, bool ipv6, struct text *out)
{
	struct policy *policy = load(policy_text);
	struct address_set own = { 0 };
	struct early_plan plan;
	size_t ranges = 0;

	add_range(&own, "203.0.113.1");
	add_range(&own, "2001:db8:f::1");
	address_set_freeze(&own);
	text_clear(out);
	text_addz(out, "");
	assert_int_equal(early_plan_make(policy, &own, ipv6, &plan), 0);
	for (size_t i = 0; i < plan.row_count; i++) {
		write_row(policy, &plan.rows[i], out);
		ranges += plan.rows[i].v4.count + plan.rows[i].v6.count;
	}
	assert_int_equal(plan.range_count, ranges);
	early_plan_fini(&plan);
	address_set_fini(&own);
	policy_unref(policy);
}

/* The first rule of each policy is its line 7; "" for nothing. */
static const struct {
	const char *rules;
	const char *plan;
} rows[] = {
	{ "drop bad -> any", "7: 192.0.2.0/24 2001:db8:bad::/48" },
	/* Nothing but a drop of all that they send. */
	{ "reject bad -> any", "" },
	{ "allow bad -> any", "" },
	{ "report drop bad -> any", "" },
	{ "drop bad -> any log", "" },
	{ "drop bad -> any udp", "" },
	{ "drop bad -> any during office", "" },
	{ "drop bad -> any method GET", "" },
	{ "drop bad -> lan", "" },
	{ "drop bad -> any except lan", "" },
	{ "drop bad -> any except dmz", "" },
	{ "drop any -> bad", "" },
	{ "drop wan -> any", "" },
	{ "drop any -> any", "" },
	{ "drop any except bad -> any", "" },
	{ "drop bad, wan -> any", "" },
	{ "drop bad except wan -> any", "" },
	/* What lan sends does not come in there. */
	{ "drop bad, lan -> any", "7: 192.0.2.0/24 2001:db8:bad::/48" },
	{ "drop bad except 192.0.2.64/26 -> any",
	    "7: 192.0.2.0/26 192.0.2.128/25 2001:db8:bad::/48" },
	{ "drop bad except lan -> any", "7: 192.0.2.0/24 2001:db8:bad::/48" },
	/* The first rule that names an address has it. */
	{ "drop bad -> any; drop worse -> any",
	    "7: 192.0.2.0/24 2001:db8:bad::/48; "
	    "7: 192.0.3.0/24 198.51.100.0/25" },
	{ "drop worse, bad -> any",
	    "7: 192.0.2.0/23 198.51.100.0/25 2001:db8:bad::/48" },
	{ "allow 192.0.2.7 -> self tcp 22\ndrop bad -> any",
	    "8: 192.0.2.0-192.0.2.6 192.0.2.8-192.0.2.255 "
	    "2001:db8:bad::/48" },
	{ "drop bad -> any log\ndrop worse -> any",
	    "8: 192.0.3.0/24 198.51.100.0/25" },
	/* What stands before it is for others, or it ends there. */
	{ "allow lan -> any\ndrop bad -> any",
	    "8: 192.0.2.0/24 2001:db8:bad::/48" },
	{ "allow wan -> lan tcp 80\ndrop bad -> any", "" },
	{ "report drop any -> any tcp 80\ndrop bad -> any", "" },
	/* A balancer has what is not its own. */
	{ "proxy { listen 10.0.0.1:3128 for lan behind 192.0.2.7 }\n"
	  "drop bad -> any",
	    "8: 192.0.2.0-192.0.2.6 192.0.2.8-192.0.2.255 "
	    "2001:db8:bad::/48" },
	/* What is spoofed is not the list's. */
	{ "drop 10.0.0.7 -> any", "7:" },
	{ "drop 10.0.0.0-10.0.1.255 -> any", "7: 10.0.1.0/24" },
	{ "drop 203.0.113.0-203.0.113.3 -> any",
	    "7: 203.0.113.0 203.0.113.2/31" },
	{ "drop 0.0.0.0/0 -> any",
	    "7: 1.0.0.0-9.255.255.255 10.0.1.0-126.255.255.255 "
	    "128.0.0.0-169.253.255.255 169.255.0.0-198.51.100.127 "
	    "198.51.101.0-203.0.113.0 203.0.113.2-223.255.255.255 "
	    "240.0.0.0-255.255.255.254" },
	{ "drop ::/0 -> any",
	    "7: ::2-::fffe:ffff:ffff ::1:0:0:0-2001:db8:0:ffff:ffff:ffff:ffff:"
	    "ffff 2001:db8:1:1::-2001:db8:f:: 2001:db8:f::2-fe7f:ffff:ffff:"
	    "ffff:ffff:ffff:ffff:ffff fec0::/10" },
};

static void
what_goes_down(void **state)
{
	struct text policy = TEXT_EMPTY, plan = TEXT_EMPTY;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		text_clear(&policy);
		text_addf(&policy, "%s%s\n", ZONES, rows[i].rules);
		plan_words(policy.at, true, &plan);
		if (!str_is(text_str(&plan), rows[i].plan))
			fail_msg("%s\nis     '%.*s'\nnot    '%s'",
			    rows[i].rules, STR_ARG(text_str(&plan)),
			    rows[i].plan);
	}
	text_fini(&policy);
	text_fini(&plan);
}

static void
a_ruleset_without_ipv6(void **state)
{
	struct text plan = TEXT_EMPTY;

	(void)state;
	plan_words(ZONES "drop bad -> any\n", false, &plan);
	assert_true(str_is(text_str(&plan), "7: 192.0.2.0/24"));
	text_fini(&plan);
}

static void
every_zone_has_prefixes(void **state)
{
	struct text plan = TEXT_EMPTY;

	(void)state;
	plan_words("zone lan = int0 10.0.0.0/24\ndrop 192.0.2.1 -> any\n", true,
	    &plan);
	assert_int_equal(plan.len, 0);
	text_fini(&plan);
}

/* A place for eight rules; the ninth and those behind it stay. */
static void
more_rules_than_places(void **state)
{
	struct text policy = TEXT_EMPTY, plan = TEXT_EMPTY;

	(void)state;
	text_addz(&policy, ZONES);
	for (int i = 0; i < 12; i++)
		text_addf(&policy, "drop 192.0.2.%d -> any\n", 2 * i);
	plan_words(policy.at, true, &plan);
	assert_non_null(strstr(plan.at, "; 14: 192.0.2.14"));
	assert_null(strstr(plan.at, "192.0.2.16"));
	text_fini(&policy);
	text_fini(&plan);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_down),
		cmocka_unit_test(a_ruleset_without_ipv6),
		cmocka_unit_test(every_zone_has_prefixes),
		cmocka_unit_test(more_rules_than_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
