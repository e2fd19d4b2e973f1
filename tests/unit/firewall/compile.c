/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What no example of a ruleset shows: that every ruleset is whole, the same
 * each time, and written so that nothing in a policy can break it.
 *
 * The golden files (tests/golden/nft) show what is written; the kernel story
 * (tests/story/test_0120) that it means the same as the policy.
 */
#include "firewall/compile.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "firewall/log_prefix.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define ZONES                                                                  \
	"zone lan = int0 10.0.0.0/24 2001:db8:1::/64\n"                        \
	"zone wan = ext0\n"

#define PROXY                                                                  \
	"proxy {\nlisten 10.0.0.1:3128 for lan\n"                              \
	"intercept { tcp 80, tcp 443, udp 443 } for lan\n}\n"

/* The file of a policy, and an empty list beside it. */
static int
read_text(void *context, const char *path, size_t bytes_max, struct text *ret)
{
	(void)bytes_max;
	if (strstr(path, "empty") == NULL)
		text_addz(ret, context);
	return 0;
}

static struct policy *
load(const char *path, const char *text)
{
	const struct policy_loader loader = { .read = read_text,
		.context = (void *)(uintptr_t)text };
	struct policy *policy = NULL, *kept = NULL;
	struct report report;

	report_init(&report);
	if (policy_load(path, &loader, &report, &policy, &kept) < 0)
		fail_msg("%zu errors in:\n%s", report.errors, text);
	report_fini(&report);
	return policy;
}

static const struct firewall_host plain_host = { .proxy_uid = 1000,
	.ipv6 = true };

/* The caller frees it. */
static char *
compile_as(
    const char *path, const char *policy_text, const struct firewall_host *host)
{
	struct policy *policy = load(path, policy_text);
	struct text text = TEXT_EMPTY;

	assert_int_equal(firewall_compile(policy, host, &text), 0);
	char *ruleset = strdup(text.at);
	assert_non_null(ruleset);
	text_fini(&text);
	policy_unref(policy);
	return ruleset;
}

static char *
compile(const char *policy_text)
{
	return compile_as("test.policy", policy_text, &plain_host);
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
assert_has(const char *ruleset, const char *words)
{
	if (strstr(ruleset, words) == NULL)
		fail_msg("'%s' is not in:\n%s", words, ruleset);
}

static void
assert_has_not(const char *ruleset, const char *words)
{
	if (strstr(ruleset, words) != NULL)
		fail_msg("'%s' is in:\n%s", words, ruleset);
}

/* From its name to the brace that ends it; the caller frees it. */
static char *
chain_of(const char *ruleset, const char *name)
{
	char head[128];

	(void)snprintf(head, sizeof(head), "\tchain %s {\n", name);
	const char *at = strstr(ruleset, head);
	if (at == NULL)
		fail_msg("there is no chain %s in:\n%s", name, ruleset);
	at += strlen(head);
	return strndup(at, (size_t)(strstr(at, "\t}\n") - at));
}

/* No zone for all the rest, and names like those of the compiler's own. */
#define ODD_ZONES                                                              \
	"zone lan = int0 10.0.0.0/24\nzone nowhere = int1 10.0.1.0/24\n"       \
	"zone in = int2 10.0.2.0/24\nzone from = int3 10.0.3.0/24\n"           \
	"zone essentials = int4 10.0.4.0/24\n"

/* Two on one interface, one on two, one on none. */
#define SHARED_ZONES                                                           \
	"zone lan = int0 10.0.0.0/24\nzone iot = int0 10.0.1.0/24\n"           \
	"zone wan = ext0 ext1\nzone ghost = 10.9.0.0/16\n"

#define TWO_ON_A_LINE                                                          \
	"allow lan -> a.example tcp 80; allow lan -> b.example tcp 443\n"

#define PUBLISH "publish wan tcp 25 -> 10.0.0.25 tcp 2525\n"

/* Eighteen rules: one shape of addresses, one of ports. */
#define SIX_RULES(net)                                                         \
	"allow 10.0.0.1 -> 198.51.100." net "1 udp 1000-1009\n"                \
	"reject 10.0.0.2 -> 198.51.100." net "1 udp 1000\n"                    \
	"drop 10.0.0.3 -> 198.51.100." net "1 udp 1000 log\n"                  \
	"allow 10.0.0.4 -> 198.51.100." net "2 udp 1000 direct\n"              \
	"reject 10.0.0.5 -> 198.51.100." net "2 udp 1000-1003\n"               \
	"allow 10.0.0.6 -> 198.51.100." net "2 udp 1000 limit 5/s\n"
#define LONG_LIST                                                              \
	SIX_RULES("1")                                                         \
	SIX_RULES("2")                                                         \
	SIX_RULES("3") SIX_RULES("4") SIX_RULES("5") SIX_RULES("6")

/* Policies that make every kind of chain. */
static const char *const whole[] = {
	ZONES,
	ZONES "allow lan -> wan\nreject any -> any\n",
	ZONES PROXY "reject lan -> ads.example.com\nallow lan -> wan\n",
	ZONES PROXY TWO_ON_A_LINE "allow lan -> wan\n",
	ZONES PROXY PUBLISH "masquerade lan -> wan\nallow lan -> wan direct\n",
	ODD_ZONES "allow lan -> nowhere tcp 22\nreject lan -> any\n",
	SHARED_ZONES "allow any -> any\n",
	ZONES PROXY "reject lan -> ads.example.com\n" LONG_LIST
		    "allow lan -> b.example\nallow lan -> wan\n",
};

static void
is_the_same_each_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(whole); i++) {
		char *first = compile(whole[i]);
		char *second = compile(whole[i]);
		assert_string_equal(first, second);
		free(first);
		free(second);
	}
}

/* nft puts chains of one name together without a word. */
static void
names_each_chain_once(void **state)
{
	char name[128], head[140];

	(void)state;
	for (size_t i = 0; i < COUNT(whole); i++) {
		char *ruleset = compile(whole[i]);
		for (const char *at = ruleset;
		     (at = strstr(at, "\tchain ")) != NULL; at++) {
			assert_int_equal(sscanf(at, " chain %127s", name), 1);
			(void)snprintf(head, sizeof(head), "chain %s {", name);
			if (occurrences(ruleset, head) != 1)
				fail_msg("twice %s in:\n%s", name, ruleset);
		}
		free(ruleset);
	}
}

static void
leads_to_chains_that_are_there(void **state)
{
	static const char *const ways[] = { " goto ", "\tgoto ", " jump ",
		"\tjump " };
	char name[128];

	(void)state;
	for (size_t i = 0; i < COUNT(whole); i++) {
		char *ruleset = compile(whole[i]);
		for (size_t j = 0; j < COUNT(ways); j++)
			for (const char *at = ruleset;
			     (at = strstr(at, ways[j])) != NULL; at++) {
				assert_int_equal(
				    sscanf(at + 6, "%127[^ ,\n]", name), 1);
				free(chain_of(ruleset, name));
			}
		free(ruleset);
	}
}

static bool
ends_in_drop(const char *chain)
{
	static const char drop[] = "drop\n";
	size_t len = strlen(chain);

	return len > strlen(drop) &&
	       strcmp(chain + len - strlen(drop), drop) == 0;
}

/* A table that is replaced leaks where only the chain's policy drops. */
static void
ends_base_chains_in_drop(void **state)
{
	static const char *const names[] = { "prerouting", "forward",
		"output" };

	(void)state;
	for (size_t i = 0; i < COUNT(whole); i++) {
		char *ruleset = compile(whole[i]);
		assert_int_equal(
		    occurrences(ruleset, "type filter hook"), COUNT(names));
		for (size_t j = 0; j < COUNT(names); j++) {
			char *chain = chain_of(ruleset, names[j]);
			assert_has(chain, "policy drop;");
			assert_true(ends_in_drop(chain));
			free(chain);
		}
		free(ruleset);
	}
}

/* The packet log reads back what the compiler wrote. */
static void
writes_records_that_can_be_read(void **state)
{
	static const char before[] = " log prefix \"";
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(whole); i++) {
		char *ruleset = compile(whole[i]);
		for (const char *at = ruleset;
		     (at = strstr(at, before)) != NULL; count++) {
			at += strlen(before);
			struct str record = { at, strcspn(at, "\"") };
			struct log_prefix prefix;
			assert_int_equal(log_prefix_parse(record, &prefix), 0);
		}
		free(ruleset);
	}
	assert_true(count > 30);
}

/* Each rule's text, and the comment that its counter gets. */
static const struct {
	const char *rule;
	const char *comment;
} comments[] = {
	{ "allow lan -> wan as \"it's #1 } ;\"",
	    "allow lan -> wan as 'it's #1 } ;'" },
	{ "allow lan -> a.example path \"/a\\b*\"",
	    "allow lan -> a.example path '/a\\b*'" },
	{ "allow lan -> a.example path \"/$x`\"",
	    "allow lan -> a.example path '/$x`'" },
	{ "allow   lan  ->\twan", "allow lan -> wan" },
};

static void
keeps_comments_in_their_quotes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(comments); i++) {
		char policy[512], wanted[256];
		(void)snprintf(
		    policy, sizeof(policy), ZONES "%s\n", comments[i].rule);
		(void)snprintf(wanted, sizeof(wanted), "\t\tcomment \"%s\"\n",
		    comments[i].comment);
		char *ruleset = compile(policy);
		assert_has(ruleset, wanted);
		free(ruleset);
	}
}

static void
assert_is_comment(struct str comment)
{
	assert_true(comment.len <= 128);
	while (comment.len > 0) {
		size_t len = utf8_length(comment);
		assert_true(len > 0);
		comment = str_skip(comment, len);
	}
}

/* A comment holds 128 bytes, and is cut between characters. */
static void
cuts_long_comments(void **state)
{
	static const char head[] = "comment \"allow lan -> a.example header X";

	(void)state;
	for (size_t ascii = 0; ascii < 4; ascii++) {
		struct text policy = TEXT_EMPTY;
		text_addz(&policy, ZONES "allow lan -> a.example header X \"");
		for (size_t i = 0; i < ascii; i++)
			text_addc(&policy, 'a');
		for (size_t i = 0; i < 60; i++)
			text_addz(&policy, "\xe2\x82\xac"); /* the euro sign */
		text_addz(&policy, "\"\n");
		char *ruleset = compile(policy.at);
		const char *at = strstr(ruleset, head);
		assert_non_null(at);
		at += strlen("comment \"");
		struct str comment = { at, strcspn(at, "\"") };
		assert_true(str_ends(comment, STR("...")));
		assert_is_comment(comment);
		free(ruleset);
		text_fini(&policy);
	}
}

static void
does_not_believe_the_files_name(void **state)
{
	(void)state;
	char *ruleset = compile_as("a\n}\ntable ip filter {\n",
	    ZONES "drop any -> any\n", &plain_host);
	assert_int_equal(occurrences(ruleset, "\ntable "), 1);
	free(ruleset);
}

static void
quotes_interfaces(void **state)
{
	(void)state;
	char *ruleset = compile("zone lan = 1st-if.100_x 10.0.0.0/24\n"
				"zone wan = drop\nallow lan -> wan\n");
	assert_has(ruleset, "iifname \"1st-if.100_x\" goto in.1st-if.100_x");
	assert_has(ruleset, "oifname \"drop\" ip daddr != 10.0.0.0/24 accept");
	free(ruleset);
}

static void
has_nothing_for_ipv6_where_there_is_none(void **state)
{
	static const struct firewall_host host = { .proxy_uid = 1 };
	static const char drop[] =
	    "meta nfproto ipv6 counter name \"invalid\" drop\n";

	(void)state;
	for (size_t i = 0; i < COUNT(whole); i++) {
		char *ruleset = compile_as("test.policy", whole[i], &host);
		char *in = chain_of(ruleset, "prerouting");
		char *out = chain_of(ruleset, "output");
		assert_has(in, drop);
		assert_has(out, drop);
		assert_has_not(ruleset, "ip6 ");
		assert_has_not(ruleset, "icmpv6");
		free(in);
		free(out);
		free(ruleset);
	}
}

static struct firewall_own
own_address(const char *text, uint8_t zone)
{
	struct firewall_own own = { .zone = zone };

	assert_int_equal(address_parse(str_of(text), &own.address), 0);
	return own;
}

/* A broadcast address is in no zone: nobody is published there. */
static void
fills_in_own_addresses(void **state)
{
	struct firewall_own own[] = {
		own_address("10.0.0.1", 0),
		own_address("203.0.113.2", 1),
		own_address("203.0.113.1", 1),
		own_address("2001:db8:f::1", 1),
		own_address("203.0.113.255", ZONE_NONE),
	};
	struct firewall_host host = { .proxy_uid = 1,
		.ipv6 = true,
		.own = own,
		.own_count = COUNT(own) };

	(void)state;
	char *ruleset = compile_as(
	    "test.policy", ZONES "publish wan tcp 25 -> 10.0.0.25\n", &host);
	assert_has(ruleset,
	    "set own.wan.4 {\n\t\ttype ipv4_addr\n\t\tflags interval\n"
	    "\t\telements = { 203.0.113.1-203.0.113.2 }\n");
	assert_has(ruleset, "elements = { 2001:db8:f::1 }");
	assert_has_not(ruleset, "own.lan");
	assert_has_not(ruleset, "203.0.113.255");
	free(ruleset);
}

static bool
counted(
    void *context, const char *name, uint64_t *ret_packets, uint64_t *ret_bytes)
{
	(void)context;
	*ret_packets = 5000000000;
	*ret_bytes = 7;
	return strcmp(name, "rule.3") == 0;
}

static void
counters_go_on_where_they_were(void **state)
{
	struct firewall_host host = { .proxy_uid = 1, .counted = counted };

	(void)state;
	char *ruleset =
	    compile_as("test.policy", ZONES "drop lan -> wan\n", &host);
	assert_has(ruleset,
	    "\tcounter rule.3 {\n\t\tcomment \"drop lan -> wan\"\n"
	    "\t\tpackets 5000000000 bytes 7\n\t}\n");
	assert_int_equal(occurrences(ruleset, "packets 5000000000"), 1);
	free(ruleset);
}

/* Two rules may stand on one line; the built-in one stands on none. */
static void
names_counters_by_line(void **state)
{
	static const char *const names[] = { "rule.3", "rule.3.2", "rule.3.3",
		"rule.4", "rule.last" };
	char name[FIREWALL_COUNTER_BYTES];

	(void)state;
	struct policy *policy = load("test.policy",
	    ZONES "drop lan -> wan tcp 1; drop lan -> wan tcp 2; drop lan -> "
		  "wan tcp 3\ndrop lan -> wan tcp 4\n");
	assert_int_equal(policy->rule_count, COUNT(names));
	for (size_t i = 0; i < COUNT(names); i++) {
		firewall_counter_name(&policy->rules[i], name);
		assert_string_equal(name, names[i]);
	}
	policy_unref(policy);
}

/* Two rests that begin on one line are two. */
static void
parts_rests_of_one_line(void **state)
{
	(void)state;
	char *ruleset = compile(ZONES PROXY
	    "reject lan -> a.example tcp 1-443; allow lan -> b.example tcp 80\n"
	    "reject lan -> 198.51.100.0/24\nallow lan -> any\n");
	char *first = chain_of(ruleset, "lan.to.wan.proxied.after.reject");
	char *second = chain_of(ruleset, "lan.to.wan.proxied.after.allow");
	assert_has(first, "goto refuse comment \"line 8\"");
	assert_has(first, "\t\tgoto handover comment \"line 9\"");
	assert_has_not(second, "goto refuse");
	assert_has(second, "} goto handover comment \"line 8\"");
	assert_has(second, "counter name \"rule.9\" goto handover");
	free(first);
	free(second);
	free(ruleset);
}

static char *
compile_many_names(size_t count)
{
	struct text policy = TEXT_EMPTY;

	text_addz(&policy, ZONES PROXY);
	for (size_t i = 0; i < count; i++)
		text_addf(&policy, "allow 10.0.0.%zu -> n%zu.example\n",
		    1 + i % 250, i);
	text_addz(&policy, "allow lan -> wan\n");
	char *ruleset = compile(policy.at);
	text_fini(&policy);
	return ruleset;
}

/*
 * What is certain stays certain, however many rules might match before it; and
 * the kernel follows no more than 16 chains in a row.
 */
static void
is_certain_behind_any_number(void **state)
{
	(void)state;
	char *ruleset = compile_many_names(200);
	char *rest = chain_of(ruleset, "lan.to.wan.uncarried.after.allow");
	assert_has(rest, "counter name \"rule.207\" accept");
	assert_int_equal(occurrences(rest, "\n"), 2);
	assert_int_equal(
	    occurrences(ruleset, "chain lan.to.wan.uncarried."), 1);
	assert_has_not(ruleset, "uncarried.undecided");
	free(rest);
	free(ruleset);
}

/* Twice the rules are twice the text, not four times. */
static void
grows_with_the_list_alone(void **state)
{
	(void)state;
	char *some = compile_many_names(100);
	char *more = compile_many_names(200);
	assert_true(strlen(more) < 2 * strlen(some) + strlen(some) / 4);
	free(some);
	free(more);
}

/* As many rules as are asked for, of one shape; then `last`. */
static char *
compile_shape(size_t count, const char *format, const char *last)
{
	struct text policy = TEXT_EMPTY;

	text_addz(&policy, ZONES);
	for (size_t i = 0; i < count; i++) {
		text_addf(&policy, "allow 10.0.0.%zu -> wan ", 1 + i);
		text_addz(&policy, format);
	}
	text_addz(&policy, last);
	char *ruleset = compile(policy.at);
	text_fini(&policy);
	return ruleset;
}

/* A few rules are read as they were written. */
static void
leaves_short_lists_alone(void **state)
{
	(void)state;
	char *few = compile_shape(15, "tcp 22\n", "");
	char *many = compile_shape(16, "tcp 22\n", "");
	assert_has_not(few, "\tmap shape.");
	assert_has_not(few, "meta priority");
	assert_has(many, "\tmap shape.");
	char *chain = chain_of(many, "lan.to.wan");
	assert_has(chain, "meta priority set ip saddr . meta l4proto . "
			  "th dport map @shape.");
	assert_int_equal(occurrences(chain, "tcp dport"), 0);
	free(chain);
	free(few);
	free(many);
}

/* The time of a verdict is that of its shapes: text of a list is no measure. */
static void
asks_as_little_of_many_as_of_some(void **state)
{
	(void)state;
	char *some = compile_shape(30, "tcp 22\n", "drop lan -> any log\n");
	char *many = compile_shape(240, "tcp 22\n", "drop lan -> any log\n");
	char *short_chain = chain_of(some, "lan.to.wan");
	char *long_chain = chain_of(many, "lan.to.wan");
	assert_int_equal(
	    occurrences(short_chain, "\n"), occurrences(long_chain, "\n"));
	free(short_chain);
	free(long_chain);
	free(some);
	free(many);
}

/* Lists that ask the same of a packet ask one map. */
static void
shares_maps_between_lists(void **state)
{
	(void)state;
	struct text policy = TEXT_EMPTY;

	text_addz(&policy, ZONES "zone dmz = int1 10.0.1.0/24\n");
	for (unsigned i = 0; i < 20; i++)
		text_addf(&policy, "drop any -> 198.51.100.%u udp 53\n", i);
	char *ruleset = compile(policy.at);
	assert_true(occurrences(ruleset, "map @shape.") > 3);
	assert_int_equal(occurrences(ruleset, "\tmap shape."), 1);
	assert_has(ruleset, "198.51.100.7 . udp . 53 : 110");
	text_fini(&policy);
	free(ruleset);
}

/* Numbers are lines and places on them; of too many on a line, in the list. */
static void
numbers_rules_by_line(void **state)
{
	(void)state;
	char *five = compile_shape(20, "tcp 22\n",
	    "drop lan -> any udp 1; drop lan -> any udp 2; drop lan -> any "
	    "udp 3; drop lan -> any udp 4; drop lan -> any udp 5\n");
	char *six = compile_shape(20, "tcp 22\n",
	    "drop lan -> any udp 1; drop lan -> any udp 2; drop lan -> any "
	    "udp 3; drop lan -> any udp 4; drop lan -> any udp 5; drop lan "
	    "-> any udp 6\n");
	assert_has(five, "238 : \"rule.23.5\"");
	assert_has(five, "230 : \"rule.23\"");
	assert_has(six, "10 : \"rule.3\"");
	assert_has(six, "210 : \"rule.23\"");
	assert_has(six, "260 : \"rule.23.6\"");
	free(five);
	free(six);
}

/* A packet's priority is as it was, for what is allowed. */
static void
leaves_no_number_behind(void **state)
{
	(void)state;
	char *ruleset =
	    compile_shape(20, "tcp 22 limit 9/s\n", "allow lan -> wan\n");
	char *chain = chain_of(ruleset, "lan.to.wan");
	assert_has(chain, "meta priority set 0\n\t\tcounter name "
			  "\"rule.23\" accept");
	for (const char *at = ruleset; (at = strstr(at, "chain tail.")); at++) {
		const char *body = strstr(at, "{\n") + 2;
		assert_true(str_starts(
		    str_of(body), STR("\t\tmeta priority set 0\n\t\tgoto ")));
	}
	assert_true(occurrences(ruleset, "chain tail.") >= 20);
	free(chain);
	free(ruleset);
}

/* A list that is empty is nowhere, for the explicit proxy too. */
static void
takes_an_empty_list_for_nothing(void **state)
{
	(void)state;
	char *ruleset =
	    compile(ZONES PROXY "list none = addresses \"empty\"\n"
				"drop lan -> none\nreject lan -> any\n");
	char *chain = chain_of(ruleset, "lan.to.proxy");
	assert_has_not(chain, "accept");
	assert_has(chain, "goto refuse");
	free(chain);
	free(ruleset);
}

/* The proxy's own flows are known by its user, and by nothing it could lend. */
static void
knows_the_proxy_by_its_user(void **state)
{
	(void)state;
	char *ruleset = compile(whole[2]);
	char *chain = chain_of(ruleset, "output");
	assert_int_equal(occurrences(ruleset, "skuid"), 3);
	assert_has(chain, "meta skuid 1000 meta l4proto tcp socket transparent "
			  "1 counter name \"spoofed\" drop\n");
	assert_has(chain, "meta skuid 1000 meta l4proto tcp ct mark set ct "
			  "mark or 0x04000000 goto carried\n");
	assert_has(chain, "meta skuid 1000 meta l4proto udp ct mark set ct "
			  "mark or 0x04000000 goto carried\n");
	assert_has_not(chain, "meta mark");
	free(chain);
	free(ruleset);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_the_same_each_time),
		cmocka_unit_test(names_each_chain_once),
		cmocka_unit_test(leads_to_chains_that_are_there),
		cmocka_unit_test(ends_base_chains_in_drop),
		cmocka_unit_test(writes_records_that_can_be_read),
		cmocka_unit_test(keeps_comments_in_their_quotes),
		cmocka_unit_test(cuts_long_comments),
		cmocka_unit_test(does_not_believe_the_files_name),
		cmocka_unit_test(quotes_interfaces),
		cmocka_unit_test(has_nothing_for_ipv6_where_there_is_none),
		cmocka_unit_test(fills_in_own_addresses),
		cmocka_unit_test(names_counters_by_line),
		cmocka_unit_test(counters_go_on_where_they_were),
		cmocka_unit_test(parts_rests_of_one_line),
		cmocka_unit_test(is_certain_behind_any_number),
		cmocka_unit_test(grows_with_the_list_alone),
		cmocka_unit_test(leaves_short_lists_alone),
		cmocka_unit_test(asks_as_little_of_many_as_of_some),
		cmocka_unit_test(shares_maps_between_lists),
		cmocka_unit_test(numbers_rules_by_line),
		cmocka_unit_test(leaves_no_number_behind),
		cmocka_unit_test(takes_an_empty_list_for_nothing),
		cmocka_unit_test(knows_the_proxy_by_its_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
