/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A living flow before a policy: what becomes of a tuple is what becomes of
 * the same flow as people write it, and whose flow it is.
 */
#include "firewall/flows.h"

#include "../policy/memory.h"
#include "../policy/random_policy.h"
#include "firewall/names.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <netinet/in.h>
#include <stdio.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

#define ZONES                                                                  \
	"zone lan = int0 10.0.0.0/24 2001:db8:1::/64\n"                        \
	"zone guest = int1 10.0.9.0/24\nzone wan = ext0\n"

#define PROXY                                                                  \
	"proxy {\n listen 10.0.0.1:3128 for lan\n"                             \
	" intercept { tcp 80, tcp 443, udp 443 } for lan\n}\n"

#define RULES                                                                  \
	"reject lan -> ads.example.com\n"                                      \
	"allow lan -> 192.0.2.0/24 tcp 443 direct\n"                           \
	"allow lan -> wan tcp 80\n"                                            \
	"allow lan -> wan udp 443\n"                                           \
	"allow lan -> wan tcp 22 limit 1/m\n"                                  \
	"allow lan -> wan icmp echo-request\n"                                 \
	"allow lan -> self tcp 22\n"                                           \
	"publish wan tcp 8443 -> 10.0.0.25 tcp 443\n"                          \
	"publish wan udp 53 -> 10.0.0.25\n"                                    \
	"allow self -> wan tcp 22\n"                                           \
	"allow guest -> wan\n"                                                 \
	"drop any -> any\n"

static struct address
address(const char *text)
{
	struct address address = { 0 };

	assert_int_equal(address_parse(str_of(text), &address), 0);
	return address;
}

static struct firewall_own own[4];

static struct flows_court
court_of(const struct policy *policy, const struct flows_court *before)
{
	own[0] = (struct firewall_own){ address("10.0.0.1"), 0 };
	own[1] = (struct firewall_own){ address("203.0.113.1"), 2 };
	own[2] = (struct firewall_own){ address("2001:db8:1::1"), 0 };
	own[3] = (struct firewall_own){ address("10.0.0.255"), ZONE_NONE };
	return (struct flows_court){ .policy = policy,
		.before = before,
		.own = own,
		.own_count = ROWS(own) };
}

static struct conntrack_entry
entry_of(uint8_t protocol, const char *from, const char *to, uint16_t port)
{
	struct conntrack_entry entry = {
		.original = {
		    .source = { address(from), 40000 },
		    .destination = { address(to), port },
		    .protocol = protocol,
		},
		.status = IPS_CONFIRMED | IPS_SEEN_REPLY,
	};

	entry.reply.source = entry.original.destination;
	entry.reply.destination = entry.original.source;
	entry.reply.protocol = protocol;
	return entry;
}

static struct flow_judgement
judge(const struct flows_court *court, const struct conntrack_entry *entry)
{
	struct flow_judgement judgement;

	flows_judge(court, entry, &judgement);
	return judgement;
}

/* The same flow, written out and read as on the command line. */
static struct flow
written(const struct policy *policy, struct arena *arena, const char *from,
    const char *to, const char *service)
{
	static const struct address mine[] = {
		{ { 10, 0, 0, 1 }, ADDRESS_IPV4 },
		{ { 203, 0, 113, 1 }, ADDRESS_IPV4 },
		{ { 10, 0, 0, 255 }, ADDRESS_IPV4 },
		{ { 0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		      1 },
		    ADDRESS_IPV6 },
	};
	struct policy_own known = { mine, ROWS(mine) };
	struct source source = { .name = STR("flow") };
	struct report report;
	struct flow flow;
	char text[200];

	(void)snprintf(
	    text, sizeof(text), "%s -> %s %s at mon 00:00", from, to, service);
	source.text = str_of(text);
	report_init(&report);
	if (flow_parse(&source, policy, &known, arena, &report, &flow) < 0)
		fail_msg("%s: %s", text, memory_said(&report).at);
	report_fini(&report);
	return flow;
}

static const char *const ends4[] = {
	"10.0.0.4",
	"10.0.0.1",
	"10.0.0.255",
	"10.0.9.4",
	"192.0.2.7",
	"198.51.100.1",
	"203.0.113.1",
	"224.0.0.251",
};
static const char *const ends6[] = { "2001:db8:1::4", "2001:db8:1::1",
	"2001:db8:f::7", "ff02::fb" };

static const struct {
	uint8_t protocol;
	uint16_t port;
	uint8_t type4, type6;
	const char *words;
} services[] = {
	{ IPPROTO_TCP, 22, 0, 0, "tcp 22" },
	{ IPPROTO_TCP, 80, 0, 0, "tcp 80" },
	{ IPPROTO_TCP, 443, 0, 0, "tcp 443" },
	{ IPPROTO_TCP, 8443, 0, 0, "tcp 8443" },
	{ IPPROTO_UDP, 53, 0, 0, "udp 53" },
	{ IPPROTO_UDP, 443, 0, 0, "udp 443" },
	{ IPPROTO_SCTP, 9, 0, 0, "sctp 9" },
	{ IPPROTO_GRE, 0, 0, 0, "gre" },
	{ IPPROTO_ICMP, 0, 8, 128, "icmp echo-request" },
};

/* What the evaluator is told, and what it says. */
static void
assert_same(const struct policy *policy, struct arena *arena, const char *from,
    const char *to, size_t nth)
{
	uint8_t protocol = services[nth].protocol;
	struct flows_court court = court_of(policy, NULL);
	struct conntrack_entry entry =
	    entry_of(protocol, from, to, services[nth].port);

	/* What is written knows no interfaces. */
	for (size_t i = 0; i < ROWS(own) - 1; i++)
		own[i].zone = policy_zone_of(policy, own[i].address);
	entry.original.icmp_type = services[nth].type4;
	if (strchr(from, ':') != NULL) {
		entry.original.icmp_type = services[nth].type6;
		if (protocol == IPPROTO_ICMP)
			entry.original.protocol = IPPROTO_ICMPV6;
	}
	struct flow_judgement got = judge(&court, &entry);
	struct flow want =
	    written(policy, arena, from, to, services[nth].words);
	struct policy_answer answer = policy_decide(policy, &want);
	/* Nothing is published at a broadcast address; the words know none. */
	if (strcmp(to, "10.0.0.255") == 0)
		want.own_zone = ZONE_NONE;
	if (got.flow.from_zone != want.from_zone ||
	    got.flow.to_zone != want.to_zone ||
	    (want.to_zone == ZONE_SELF && got.flow.own_zone != want.own_zone) ||
	    got.flow.protocol != want.protocol || got.flow.port != want.port)
		fail_msg("%s -> %s %s: not the same flow", from, to,
		    services[nth].words);
	if (got.owner != FLOW_OWNER_FIREWALL)
		return;
	bool passes = answer.verdict == POLICY_VERDICT_ALLOW &&
		      !explain_by_proxy(&want, &answer);
	bool is_published = answer.rule != NULL && answer.rule->publish;
	if (got.forbidden == passes && !is_published)
		fail_msg("%s -> %s %s: not the same verdict", from, to,
		    services[nth].words);
}

static void
assert_all_same(const struct policy *policy)
{
	struct arena arena;

	arena_init(&arena, (size_t)1 << 24);
	for (size_t n = 0; n < ROWS(services); n++) {
		for (size_t i = 0; i < ROWS(ends4) - 1; i++)
			for (size_t j = 0; j < ROWS(ends4); j++)
				if (i != j && i != 2)
					assert_same(policy, &arena, ends4[i],
					    ends4[j], n);
		for (size_t i = 0; i < ROWS(ends6) - 1; i++)
			for (size_t j = 0; j < ROWS(ends6); j++)
				if (i != j)
					assert_same(policy, &arena, ends6[i],
					    ends6[j], n);
	}
	arena_fini(&arena);
}

static void
is_judged_as_it_is_written(void **state)
{
	struct policy *policy = memory_policy(ZONES PROXY RULES);

	(void)state;
	assert_all_same(policy);
	policy_unref(policy);
	for (int i = 0; i < 200; i++) {
		struct text text = TEXT_EMPTY;
		add_random_policy(&text, 12);
		policy = policy_of(text.at);
		assert_non_null(policy);
		assert_all_same(policy);
		policy_unref(policy);
		text_fini(&text);
	}
}

static void
whose_it_is(void **state)
{
	static const struct {
		uint8_t protocol;
		const char *from, *to;
		uint16_t port;
		uint32_t mark;
		enum flow_owner owner;
	} rows[] = {
		{ 6, "10.0.0.4", "192.0.2.1", 80, 0, FLOW_OWNER_FIREWALL },
		{ 6, "10.0.0.4", "192.0.2.1", 80, FIREWALL_MARK_HANDOVER,
		    FLOW_OWNER_PROXY },
		{ 6, "203.0.113.1", "192.0.2.1", 80, FIREWALL_MARK_PROXY,
		    FLOW_OWNER_PROXY },
		{ 17, "203.0.113.1", "192.0.2.1", 53, FIREWALL_MARK_PROXY,
		    FLOW_OWNER_PROXY },
		{ 6, "203.0.113.1", "192.0.2.1", 80, 0, FLOW_OWNER_FIREWALL },
		/* Marks of others. */
		{ 6, "10.0.0.4", "192.0.2.1", 80, 0x02ffffff & ~0x01000000u,
		    FLOW_OWNER_FIREWALL },
		/* To the listener, that of before, and beside it. */
		{ 6, "10.0.0.4", "10.0.0.1", 3128, 0, FLOW_OWNER_PROXY },
		{ 6, "10.0.0.4", "10.0.0.1", 3129, 0, FLOW_OWNER_PROXY },
		{ 6, "10.0.0.4", "10.0.0.1", 3130, 0, FLOW_OWNER_FIREWALL },
		{ 17, "10.0.0.4", "10.0.0.1", 3128, 0, FLOW_OWNER_PROXY },
		{ 132, "10.0.0.4", "10.0.0.1", 3128, 0, FLOW_OWNER_FIREWALL },
		/* Needs no rule. */
		{ 6, "127.0.0.1", "127.0.0.53", 53, 0, FLOW_OWNER_NONE },
		{ 6, "::1", "::1", 53, 0, FLOW_OWNER_NONE },
		{ 6, "10.0.0.1", "203.0.113.1", 22, 0, FLOW_OWNER_NONE },
		{ 2, "10.0.0.4", "224.0.0.22", 0, 0, FLOW_OWNER_NONE },
		/* Multicast of our own is no loopback. */
		{ 17, "10.0.0.1", "224.0.0.251", 5353, 0, FLOW_OWNER_FIREWALL },
	};
	struct policy *policy = memory_policy(ZONES PROXY RULES);
	struct policy *before = memory_policy(
	    ZONES "proxy { listen 10.0.0.1:3129 for lan }\nallow lan -> wan\n");
	struct flows_court old = court_of(before, NULL);
	struct flows_court court = court_of(policy, &old);

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct conntrack_entry entry = entry_of(
		    rows[i].protocol, rows[i].from, rows[i].to, rows[i].port);
		entry.mark = rows[i].mark;
		struct flow_judgement judgement = judge(&court, &entry);
		if (judgement.owner != rows[i].owner)
			fail_msg("row %zu: %d", i, (int)judgement.owner);
		if (rows[i].owner != FLOW_OWNER_FIREWALL)
			assert_false(judgement.forbidden);
		/* No rule refuses what the proxy asks for. */
		if (rows[i].mark == FIREWALL_MARK_PROXY) {
			assert_int_equal(
			    judgement.answer.verdict, POLICY_VERDICT_ALLOW);
			assert_null(judgement.answer.rule);
		}
	}
	policy_unref(before);
	policy_unref(policy);
}

/* Questions to the gateway's DNS need no rule; those that went elsewhere come
 * to it now. */
static void
questions_go_on(void **state)
{
	static const struct {
		uint8_t protocol;
		const char *from, *to;
		uint32_t mark;
		enum flow_owner owner;
		bool asks, forbidden;
	} rows[] = {
		{ 17, "10.0.0.4", "10.0.0.1", 0, FLOW_OWNER_PROXY, true,
		    false },
		{ 6, "10.0.0.4", "10.0.0.1", 0, FLOW_OWNER_PROXY, true, false },
		{ 17, "10.0.9.4", "192.0.2.53", FIREWALL_MARK_HANDOVER,
		    FLOW_OWNER_PROXY, true, false },
		{ 17, "10.0.9.4", "192.0.2.53", 0, FLOW_OWNER_FIREWALL, true,
		    true },
		{ 17, "10.0.0.4", "192.0.2.53", 0, FLOW_OWNER_FIREWALL, false,
		    true },
	};
	struct policy *policy = memory_policy(
	    ZONES "dns {\n listen 10.0.0.1 for lan\n intercept guest\n}\n"
		  "allow guest -> wan\nallow lan -> wan tcp 80\n"
		  "reject lan -> any\n");
	struct flows_court court = court_of(policy, NULL);

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct conntrack_entry entry =
		    entry_of(rows[i].protocol, rows[i].from, rows[i].to, 53);
		entry.mark = rows[i].mark;
		struct flow_judgement judgement = judge(&court, &entry);
		if (judgement.owner != rows[i].owner ||
		    judgement.forbidden != rows[i].forbidden ||
		    judgement.flow.asks_dns != rows[i].asks)
			fail_msg("row %zu: %d %d %d", i, (int)judgement.owner,
			    judgement.forbidden, judgement.flow.asks_dns);
		if (rows[i].asks)
			assert_int_equal(
			    judgement.answer.verdict, POLICY_VERDICT_ALLOW);
	}
	policy_unref(policy);
}

/* What passed by the proxy and may not any more is not refused by a rule. */
static void
says_why_though_its_rule_allows_it(void **state)
{
	struct policy *policy = memory_policy(ZONES PROXY RULES);
	struct flows_court court = court_of(policy, NULL);
	struct conntrack_entry entry = entry_of(6, "10.0.0.4", "192.0.2.1", 80);

	(void)state;
	struct flow_judgement judgement = judge(&court, &entry);
	assert_true(judgement.forbidden);
	assert_string_equal(judgement.reason, "goes through the proxy now");
	entry = entry_of(17, "10.0.0.4", "192.0.2.1", 443);
	judgement = judge(&court, &entry);
	assert_true(judgement.forbidden);
	assert_string_equal(judgement.reason, "needs the proxy");
	entry = entry_of(6, "10.0.0.4", "192.0.2.1", 23);
	judgement = judge(&court, &entry);
	assert_true(judgement.forbidden);
	assert_null(judgement.reason);
	policy_unref(policy);
	policy = memory_policy(ZONES PROXY "allow lan -> wan tcp 80 direct\n");
	court.policy = policy;
	entry = entry_of(6, "10.0.0.4", "192.0.2.1", 80);
	assert_false(judge(&court, &entry).forbidden);
	policy_unref(policy);
}

static struct conntrack_entry
published(const char *target, uint16_t port)
{
	struct conntrack_entry entry =
	    entry_of(6, "198.51.100.1", "203.0.113.1", 8443);

	entry.status |= IPS_DST_NAT;
	entry.reply.source = (struct address_port){ address(target), port };
	return entry;
}

static void
a_translation_is_made_once(void **state)
{
	struct policy *policy = memory_policy(ZONES RULES);
	struct policy *plain =
	    memory_policy("zone wan = ext0\nzone lan = int0 10.0.0.0/24\n"
			  "allow wan -> self tcp 8443\n");
	struct firewall_own own_plain[] = { { address("10.0.0.1"), 1 },
		{ address("203.0.113.1"), 0 } };
	struct flows_court court = court_of(policy, NULL);
	struct conntrack_entry entry = published("10.0.0.25", 443);

	(void)state;
	assert_false(judge(&court, &entry).forbidden);
	entry = published("10.0.0.26", 443);
	assert_true(judge(&court, &entry).forbidden);
	assert_string_equal(
	    judge(&court, &entry).reason, "is published elsewhere now");
	entry = published("10.0.0.25", 444);
	assert_true(judge(&court, &entry).forbidden);
	/* Began before it was published: it goes to the gateway itself. */
	entry = entry_of(6, "198.51.100.1", "203.0.113.1", 8443);
	assert_true(judge(&court, &entry).forbidden);
	/* Was published by us, and is not any more; and one of others'. */
	struct flows_court old = court_of(policy, NULL);
	court = court_of(plain, &old);
	/* Its zones stand in another order. */
	court.own = own_plain;
	court.own_count = ROWS(own_plain);
	entry = published("10.0.0.25", 443);
	assert_true(judge(&court, &entry).forbidden);
	entry = published("172.17.0.2", 443);
	assert_false(judge(&court, &entry).forbidden);
	court = court_of(plain, NULL);
	assert_false(judge(&court, &entry).forbidden);
	/* The rule keeps the port. */
	court = court_of(policy, NULL);
	entry = entry_of(17, "198.51.100.1", "203.0.113.1", 53);
	entry.status |= IPS_DST_NAT;
	entry.reply.source.address = address("10.0.0.25");
	assert_false(judge(&court, &entry).forbidden);
	policy_unref(plain);
	policy_unref(policy);
}

/* The data of FTP: no rule names its ports, and none needs to. */
static void
a_child_fares_as_its_master(void **state)
{
	struct policy *policy = memory_policy(ZONES RULES);
	struct flows_court court = court_of(policy, NULL);
	struct conntrack_entry child =
	    entry_of(6, "192.0.2.1", "10.0.0.4", 50000);

	(void)state;
	assert_true(judge(&court, &child).forbidden);
	child.status |= IPS_EXPECTED;
	child.master = entry_of(6, "10.0.0.4", "192.0.2.1", 22).original;
	assert_false(judge(&court, &child).forbidden);
	child.master = entry_of(6, "10.0.0.4", "192.0.2.1", 21).original;
	assert_true(judge(&court, &child).forbidden);
	policy_unref(policy);
}

/* A source without a home may have come from any zone. */
static void
ends_no_flow_that_a_zone_may_have(void **state)
{
	static const struct {
		const char *rules, *from, *to;
		uint16_t port;
		bool forbidden;
	} rows[] = {
		{ "allow guest -> self udp 547\n", "fe80::4", "ff02::1:2", 547,
		    false },
		{ "allow guest -> wan\n", "fe80::4", "ff02::1:2", 547, true },
		{ "allow lan -> self udp 67\n", "0.0.0.0", "255.255.255.255",
		    67, false },
		{ "allow self -> self udp 67\n", "0.0.0.0", "255.255.255.255",
		    67, false },
		{ "drop any -> any\n", "0.0.0.0", "255.255.255.255", 67, true },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		char text[200];
		(void)snprintf(
		    text, sizeof(text), "%s%s", ZONES, rows[i].rules);
		struct policy *policy = memory_policy(text);
		struct flows_court court = court_of(policy, NULL);
		struct conntrack_entry entry =
		    entry_of(17, rows[i].from, rows[i].to, rows[i].port);
		assert_int_equal(
		    judge(&court, &entry).forbidden, rows[i].forbidden);
		policy_unref(policy);
	}
}

/* IP in IP, and a type of ICMP without a name: only rules for all have them. */
static void
what_no_rule_can_name(void **state)
{
	static const struct {
		const char *rules;
		bool allows_ipip, allows_info;
	} rows[] = {
		{ "allow lan -> wan tcp\nallow lan -> wan udp\n", false,
		    false },
		{ "allow lan -> wan icmp\n", false, true },
		{ "allow lan -> wan icmp echo-request\n", false, false },
		{ "allow lan -> wan\n", true, true },
		{ "reject lan -> wan tcp\nallow lan -> wan\n", true, true },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		char text[200];
		(void)snprintf(
		    text, sizeof(text), "%s%s", ZONES, rows[i].rules);
		struct policy *policy = memory_policy(text);
		struct flows_court court = court_of(policy, NULL);
		struct conntrack_entry entry =
		    entry_of(IPPROTO_IPIP, "10.0.0.4", "192.0.2.1", 0);
		assert_int_equal(
		    !judge(&court, &entry).forbidden, rows[i].allows_ipip);
		entry = entry_of(IPPROTO_ICMP, "10.0.0.4", "192.0.2.1", 0);
		entry.original.icmp_type = 15;
		assert_int_equal(
		    !judge(&court, &entry).forbidden, rows[i].allows_info);
		policy_unref(policy);
	}
}

static void
asks_the_hour(void **state)
{
	struct policy *policy =
	    memory_policy(ZONES "hours office = mon 08:00-18:00\n"
				"allow lan -> wan during office\n");
	struct flows_court court = court_of(policy, NULL);
	struct conntrack_entry entry = entry_of(6, "10.0.0.4", "192.0.2.1", 80);

	(void)state;
	court.minute = 9 * 60;
	assert_false(judge(&court, &entry).forbidden);
	court.minute = 18 * 60;
	assert_true(judge(&court, &entry).forbidden);
	policy_unref(policy);
}

/* The address without a zone is of nobody, as it is for the kernel. */
static void
no_zone_is_forbidden(void **state)
{
	struct policy *policy =
	    memory_policy("zone lan = int0 10.0.0.0/24\nallow any -> any\n");
	struct flows_court court = court_of(policy, NULL);
	struct conntrack_entry entry = entry_of(6, "192.0.2.1", "10.0.0.4", 80);

	(void)state;
	struct flow_judgement judgement = judge(&court, &entry);
	assert_true(judgement.forbidden);
	assert_string_equal(judgement.reason, "no zone");
	policy_unref(policy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_judged_as_it_is_written),
		cmocka_unit_test(whose_it_is),
		cmocka_unit_test(questions_go_on),
		cmocka_unit_test(says_why_though_its_rule_allows_it),
		cmocka_unit_test(a_translation_is_made_once),
		cmocka_unit_test(a_child_fares_as_its_master),
		cmocka_unit_test(ends_no_flow_that_a_zone_may_have),
		cmocka_unit_test(what_no_rule_can_name),
		cmocka_unit_test(asks_the_hour),
		cmocka_unit_test(no_zone_is_forbidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
