/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_aside: the chains and sets of limits and reports.
 *
 * That they mean what the policy says is shown by the kernel itself
 * (tests/story/test_0120); here is what no packet would show soon: when the
 * kernel forgets a source, what is shared, what a full set means, and that
 * nothing is written for whom it does not concern.
 */
#include "firewall/compile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* A rule that follows stands on line 3. */
#define ZONES                                                                  \
	"zone lan = int0 10.0.0.0/24 2001:db8:1::/64\n"                        \
	"zone wan = ext0\n"

#define PROXY "\nproxy { intercept tcp 80 for lan }\n"

static int
read_text(void *context, const char *path, size_t bytes_max, struct text *ret)
{
	(void)path;
	(void)bytes_max;
	text_addz(ret, context);
	return 0;
}

/* The caller frees it. */
static char *
compile(const char *rules, bool ipv6)
{
	const struct firewall_host host = { .proxy_uid = 1000, .ipv6 = ipv6 };
	struct policy_loader loader = { .read = read_text };
	struct policy *policy = NULL, *kept = NULL;
	struct text text = TEXT_EMPTY, ruleset = TEXT_EMPTY;
	struct report report;

	text_addf(&text, ZONES "%s\n", rules);
	loader.context = text.at;
	report_init(&report);
	if (policy_load("p", &loader, &report, &policy, &kept) < 0)
		fail_msg("%zu errors in:\n%s", report.errors, text.at);
	assert_int_equal(firewall_compile(policy, &host, &ruleset), 0);
	char *copy = strdup(ruleset.at);
	assert_non_null(copy);
	report_fini(&report);
	policy_unref(policy);
	text_fini(&ruleset);
	text_fini(&text);
	return copy;
}

static size_t
occurrences(const char *text, const char *words)
{
	size_t count = 0;

	for (const char *at = text; (at = strstr(at, words)) != NULL; at++)
		count++;
	return count;
}

static void
assert_count(const char *ruleset, const char *words, size_t count)
{
	if (occurrences(ruleset, words) != count)
		fail_msg("'%s' is %zu times, not %zu, in:\n%s", words,
		    occurrences(ruleset, words), count, ruleset);
}

/* From its first line to its brace, without indentation; freed by the caller. */
static char *
block(const char *ruleset, const char *head)
{
	char line[128];

	(void)snprintf(line, sizeof(line), "\t%s {\n", head);
	const char *at = strstr(ruleset, line);
	if (at == NULL)
		fail_msg("there is no '%s' in:\n%s", head, ruleset);
	at += strlen(line);
	char *copy = strndup(at, (size_t)(strstr(at, "\t}\n") - at));
	char *to = copy;
	for (const char *from = copy; *from != '\0'; from++)
		if (*from != '\t')
			*to++ = *from;
	*to = '\0';
	return copy;
}

static void
assert_block(const char *ruleset, const char *head, const char *wanted)
{
	char *got = block(ruleset, head);

	assert_string_equal(got, wanted);
	free(got);
}

/* A source is forgotten when its bucket is full again, and not before. */
static void
when_a_source_is_forgotten(void **state)
{
	static const struct {
		const char *limit;
		unsigned long seconds; /* in which the bucket fills */
	} rows[] = {
		{ "50/s", 1 },
		{ "1/s burst 300", 300 },
		{ "20/m burst 5", 15 },
		{ "7/h burst 20", 10286 },
		{ "1000000/d burst 1", 1 },
		{ "1/d burst 366", 31622400 },
		{ "1/m burst 527040", 31622400 },
	};
	char rule[128];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		(void)snprintf(rule, sizeof(rule),
		    "allow lan -> wan limit %s per source", rows[i].limit);
		char *ruleset = compile(rule, true);
		const char *at = strstr(ruleset, "timeout ");
		assert_non_null(at);
		unsigned long seconds = strtoul(at + 8, NULL, 10);
		assert_true(seconds >= rows[i].seconds);
		/* A whole turn of the rate more than that is enough. */
		assert_true(seconds <= rows[i].seconds + 86400 + 1);
		/* nft refuses nine digits. */
		assert_true(seconds <= 99999999);
		assert_count(ruleset, "timeout ", 2);
		free(ruleset);
	}
}

static void
a_rate_for_all(void **state)
{
	char *ruleset =
	    compile("allow lan -> wan, lan limit 3/d burst 7", true);

	(void)state;
	assert_block(
	    ruleset, "limit rate.3", "rate over 3/day burst 7 packets\n");
	assert_count(ruleset, "limit name \"rate.3\"", 2);
	assert_block(ruleset, "chain lan.to.wan.limit.3",
	    "limit name \"rate.3\" counter name \"limited\" drop\n"
	    "counter name \"rule.3\" accept comment \"line 3\"\n");
	assert_count(ruleset, "\tset rate.3", 0);
	free(ruleset);
}

static void
a_rate_for_each(void **state)
{
	static const char chain[] =
	    "update @rate.3.4 { ip saddr limit rate over 5/minute burst 5 "
	    "packets } counter name \"limited\" drop\n"
	    "ip saddr != @rate.3.4 counter name \"limited\" drop\n"
	    "update @rate.3.6 { ip6 saddr & ffff:ffff:ffff:ffff:: limit rate "
	    "over 5/minute burst 5 packets } counter name \"limited\" drop\n"
	    "ip6 saddr & ffff:ffff:ffff:ffff:: != @rate.3.6 counter name "
	    "\"limited\" drop\n"
	    "counter name \"rule.3\" accept comment \"line 3\"\n";
	char *ruleset =
	    compile("allow lan -> wan, lan limit 5/m per source", true);

	(void)state;
	/* One set for both chains. */
	assert_block(ruleset, "set rate.3.4",
	    "type ipv4_addr\nsize 65535\nflags dynamic\ntimeout 120s\n");
	assert_block(ruleset, "set rate.3.6",
	    "type ipv6_addr\nsize 65535\nflags dynamic\ntimeout 120s\n");
	assert_block(ruleset, "chain lan.to.wan.limit.3", chain);
	assert_block(ruleset, "chain lan.to.lan.limit.3", chain);
	free(ruleset);
}

/* One element of both families, which no crowd can push out. */
static void
connections_of_all(void **state)
{
	char *ruleset = compile("allow lan -> wan connections 9", true);

	(void)state;
	assert_block(ruleset, "set connections.3",
	    "type mark\nsize 65535\nflags dynamic\n");
	assert_block(ruleset, "chain lan.to.wan.limit.3",
	    "add @connections.3 { meta mark & 0 ct count over 9 } counter name "
	    "\"limited\" drop\n"
	    "counter name \"rule.3\" accept comment \"line 3\"\n");
	free(ruleset);
}

static void
connections_of_each_and_a_rate(void **state)
{
	char *ruleset = compile("allow lan -> wan connections 9 per source "
				"limit 3/s burst 4 log",
	    true);

	(void)state;
	assert_block(ruleset, "chain lan.to.wan.limit.3",
	    "limit name \"rate.3\" counter name \"limited\" drop\n"
	    "add @connections.3.4 { ip saddr ct count over 9 } counter name "
	    "\"limited\" drop\n"
	    "ip saddr != @connections.3.4 counter name \"limited\" drop\n"
	    "add @connections.3.6 { ip6 saddr & ffff:ffff:ffff:ffff:: ct count "
	    "over 9 } counter name \"limited\" drop\n"
	    "ip6 saddr & ffff:ffff:ffff:ffff:: != @connections.3.6 counter "
	    "name \"limited\" drop\n"
	    "counter name \"rule.3\" log prefix \"allow 3 lan wan -\" group "
	    "26472 snaplen 128 accept comment \"line 3\"\n");
	free(ruleset);
}

static void
a_kernel_without_ipv6(void **state)
{
	char *ruleset = compile(
	    "allow lan -> wan limit 5/m per source connections 9 per source",
	    false);

	(void)state;
	assert_count(ruleset, "ip6 saddr", 0);
	assert_count(ruleset, "\tset rate.3.6", 0);
	assert_count(ruleset, "\tset connections.3.6", 0);
	assert_count(ruleset, "@rate.3.4", 2);
	free(ruleset);
}

/* What the proxy carries is counted there; what goes past it, here. */
static void
the_proxy_counts_its_own(void **state)
{
	char *ruleset = compile("allow lan -> wan limit 5/s" PROXY, true);

	(void)state;
	assert_count(ruleset, "limit name \"rate.3\"", 1);
	char *chain = block(ruleset, "chain lan.to.wan.proxied");
	assert_count(chain, "counter name \"rule.3\" goto handover", 1);
	free(chain);
	free(ruleset);
	ruleset = compile("allow lan -> wan limit 5/s direct" PROXY, true);
	assert_count(ruleset, "limit name \"rate.3\"", 2);
	assert_count(ruleset, "chain lan.to.wan.proxied.limit.3 {", 1);
	free(ruleset);
}

/* Alternatives that overlap are counted once, and the list goes on. */
static void
a_report(void **state)
{
	char *ruleset = compile("report reject lan -> 192.0.2.0/24, 192.0.2.7 "
				"tcp 1-90, tcp 80 log as \"would\"\n"
				"allow lan -> wan",
	    true);

	(void)state;
	char *chain = block(ruleset, "chain lan.to.wan");
	assert_count(chain, "jump lan.to.wan.report.3 comment \"line 3\"\n", 1);
	assert_count(chain, "counter name \"rule.4\" accept", 1);
	assert_count(chain, "rule.3", 0);
	free(chain);
	chain = block(ruleset, "chain lan.to.wan.report.3");
	assert_true(occurrences(chain, "goto lan.to.wan.report.3.hit\n") > 0);
	assert_int_equal(occurrences(chain, "goto lan.to.wan.report.3.hit\n"),
	    occurrences(chain, "\n"));
	free(chain);
	assert_block(ruleset, "chain lan.to.wan.report.3.hit",
	    "counter name \"rule.3\" log prefix \"reject 3 lan wan report "
	    "would\" group 26472 snaplen 128 \n");
	/* It stands for no verdict, so nothing ends there. */
	assert_count(ruleset, "goto lan.to.wan.report.3 ", 0);
	free(ruleset);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(when_a_source_is_forgotten),
		cmocka_unit_test(a_rate_for_all),
		cmocka_unit_test(a_rate_for_each),
		cmocka_unit_test(connections_of_all),
		cmocka_unit_test(connections_of_each_and_a_rate),
		cmocka_unit_test(a_kernel_without_ipv6),
		cmocka_unit_test(the_proxy_counts_its_own),
		cmocka_unit_test(a_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
