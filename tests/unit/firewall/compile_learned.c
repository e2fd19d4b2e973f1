/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_learned: which chains ask for names that were learned, and
 * by which sets.
 */
#include "firewall/compile.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "policy/learning.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const char head[] =
    "zone lan = int0 10.0.0.0/24 2001:db8:1::/64\n"
    "zone guest = int1 10.0.9.0/24\n"
    "zone wan = ext0\n"
    "proxy {\n intercept { tcp 80, tcp 443, udp 443 } for lan\n}\n";

static int
read_text(void *context, const char *path, size_t bytes_max, struct text *ret)
{
	(void)path;
	(void)bytes_max;
	text_addz(ret, context);
	return 0;
}

/* Names of lan's flows are learned. */
static struct policy *
learning(const char *rules)
{
	struct text text = TEXT_EMPTY;
	struct policy_loader loader = { .read = read_text };
	const struct policy_rule *rule = NULL;
	struct policy *policy = NULL, *kept = NULL;
	struct report report;

	text_addf(&text, "%s%s", head, rules);
	loader.context = text.at;
	report_init(&report);
	if (policy_load("p", &loader, &report, &policy, &kept) < 0)
		fail_msg("%zu errors in:\n%s", report.errors, text.at);
	report_fini(&report);
	text_fini(&text);
	policy->learns = 1;
	assert_int_equal(policy_learning_find(policy, &rule), 0);
	return policy;
}

static char *
compile(const char *rules, const struct firewall_host *host)
{
	struct policy *policy = learning(rules);
	struct text text = TEXT_EMPTY;

	assert_int_equal(firewall_compile(policy, host, &text), 0);
	char *ruleset = strdup(text.at);
	assert_non_null(ruleset);
	text_fini(&text);
	policy_unref(policy);
	return ruleset;
}

/* What a chain says of each rule, without comments; the caller frees it. */
static char *
chain_of(const char *ruleset, const char *name)
{
	char begin[128];
	struct text out = TEXT_EMPTY;

	(void)snprintf(begin, sizeof(begin), "\tchain %s {\n", name);
	const char *at = strstr(ruleset, begin);
	if (at == NULL)
		fail_msg("there is no chain %s in:\n%s", name, ruleset);
	at += strlen(begin);
	struct str rest = { at, (size_t)(strstr(at, "\t}\n") - at) };
	while (rest.len > 0) {
		struct str line = str_skip(str_cut(&rest, '\n'), 2);
		struct str words = str_cut(&line, '#');
		size_t end = 0;
		while (end + 9 < words.len &&
		       !str_starts(str_skip(words, end), STR(" comment ")))
			end++;
		if (words.len > 0 && end + 9 < words.len)
			words.len = end;
		if (words.len > 0)
			text_addf(&out, "%.*s; ", STR_ARG(words));
	}
	char *ret = strdup(out.at != NULL ? out.at : "");
	text_fini(&out);
	return ret;
}

static void
assert_chain(const char *rules, const char *chain, bool ipv6, const char *want)
{
	const struct firewall_host host = { .proxy_uid = 1000, .ipv6 = ipv6 };
	char *ruleset = compile(rules, &host);
	char *got = chain_of(ruleset, chain);

	if (strstr(got, want) == NULL)
		fail_msg(
		    "%s%s: wanted '%s', got '%s'", rules, chain, want, got);
	free(got);
	free(ruleset);
}

static void
assert_chain_has_not(const char *rules, const char *chain, const char *words)
{
	const struct firewall_host host = { .proxy_uid = 1000, .ipv6 = true };
	char *ruleset = compile(rules, &host);
	char *got = chain_of(ruleset, chain);

	if (strstr(got, words) != NULL)
		fail_msg("%s%s: '%s' is in '%s'", rules, chain, words, got);
	free(got);
	free(ruleset);
}

#define ALLOW "allow lan -> git.example tcp 22\n"

static void
a_name_is_the_addresses_that_were_learned(void **state)
{
	(void)state;
	assert_chain(ALLOW, "lan.to.wan", true,
	    "ip daddr @learned.lan.1.4 tcp dport 22 counter name \"rule.7\" "
	    "accept; ip6 daddr @learned.lan.1.6 tcp dport 22 counter name "
	    "\"rule.7\" accept; ");
	assert_chain(ALLOW, "lan.to.wan", false,
	    "ip daddr @learned.lan.1.4 tcp dport 22 counter name \"rule.7\" "
	    "accept; counter name \"rule.last\"");
	assert_chain("reject lan -> a.example, 192.0.2.1\n", "lan.to.wan", true,
	    "ip daddr { 192.0.2.1 } counter name \"rule.7\" goto refuse; "
	    "ip daddr @learned.lan.1.4 counter name \"rule.7\" goto refuse; "
	    "ip6 daddr @learned.lan.1.6 counter name \"rule.7\" goto refuse; ");
}

/* Only elsewhere does a name open, but to refuse it does anywhere. */
static void
a_name_opens_nothing_inside(void **state)
{
	(void)state;
	assert_chain_has_not(ALLOW, "lan.to.guest", "learned");
	assert_chain_has_not(ALLOW, "lan.to.self", "learned");
	assert_chain("reject lan -> a.example\n", "lan.to.guest", true,
	    "ip daddr @learned.lan.1.4 counter");
}

static void
only_where_the_zone_asks_us(void **state)
{
	(void)state;
	assert_chain_has_not("allow lan, guest -> git.example tcp 22\n",
	    "guest.to.wan", "learned");
	/* The proxy sees the name itself. */
	assert_chain_has_not(
	    "allow lan -> git.example\n", "lan.to.wan.proxied", "learned");
	assert_chain_has_not(
	    "allow lan -> git.example\n", "lan.to.wan.uncarried", "learned");
}

static void
what_is_excepted_is_taken_out(void **state)
{
	(void)state;
	assert_chain("allow lan -> any except a.example tcp 22\n", "lan.to.wan",
	    true,
	    "ip daddr != @learned.lan.1.4 tcp dport 22 counter name "
	    "\"rule.7\" accept; ip6 daddr != @learned.lan.1.6 tcp dport 22 "
	    "counter name \"rule.7\" accept; ");
	assert_chain("allow lan -> wan except 192.0.2.1, a.example tcp 22\n",
	    "lan.to.wan", true,
	    "ip daddr != { 192.0.2.1 } ip daddr != @learned.lan.1.4 tcp dport "
	    "22 counter name \"rule.7\" accept; meta nfproto ipv6 ip6 daddr != "
	    "@learned.lan.1.6 tcp dport 22 counter name \"rule.7\" accept; ");
	assert_chain("allow lan -> .example except a.example tcp 22\n",
	    "lan.to.wan", true,
	    "ip daddr @learned.lan.1.4 ip daddr != @learned.lan.2.4 tcp dport "
	    "22 counter");
}

/* A report counts once, whichever of its alternatives a flow meets. */
static void
reports_see_names_too(void **state)
{
	(void)state;
	assert_chain("report reject lan -> a.example\nallow lan -> wan\n",
	    "lan.to.wan.report.7", true,
	    "ip daddr @learned.lan.1.4 goto lan.to.wan.report.7.hit; ");
}

/* ---- which sets ---- */

static const char *
loaded(void *context, uint8_t zone, uint32_t asked, uint8_t family)
{
	static char name[64];

	if (context != NULL)
		return NULL;
	(void)snprintf(
	    name, sizeof(name), "there.%u.%u.%u", zone, asked, family);
	return name;
}

static void
sets_are_declared_or_loaded(void **state)
{
	struct firewall_host host = { .proxy_uid = 1000, .ipv6 = true };
	char *ruleset = compile(ALLOW, &host);

	(void)state;
	if (strstr(ruleset,
		"\tset learned.lan.1.4 {\n\t\t# what the DNS says of "
		"git.example\n\t\ttype ipv4_addr\n"
		"\t\tflags timeout\n\t}\n"
		"\tset learned.lan.1.6 {\n\t\t# what the DNS says of "
		"git.example\n\t\ttype ipv6_addr\n") == NULL)
		fail_msg("no set in:\n%s", ruleset);
	free(ruleset);
	host.learned_set = loaded;
	ruleset = compile(ALLOW, &host);
	assert_null(strstr(ruleset, "learned.lan"));
	assert_non_null(strstr(ruleset, "ip daddr @there.0.1.4 tcp dport 22"));
	assert_non_null(strstr(ruleset, "ip6 daddr @there.0.1.6 tcp"));
	free(ruleset);
}

static void
a_set_that_is_not_loaded_is_an_error(void **state)
{
	struct policy *policy = learning(ALLOW);
	const struct firewall_host host = { .proxy_uid = 1000,
		.learned_set = loaded,
		.learned_context = policy };
	struct text text = TEXT_EMPTY;

	(void)state;
	assert_int_equal(firewall_compile(policy, &host, &text), -ENOENT);
	text_fini(&text);
	policy_unref(policy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_the_addresses_that_were_learned),
		cmocka_unit_test(a_name_opens_nothing_inside),
		cmocka_unit_test(only_where_the_zone_asks_us),
		cmocka_unit_test(what_is_excepted_is_taken_out),
		cmocka_unit_test(reports_see_names_too),
		cmocka_unit_test(sets_are_declared_or_loaded),
		cmocka_unit_test(a_set_that_is_not_loaded_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
