/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/flow_text: flows as people write them.
 *
 * What comes of a flow is written as
 *
 *	WAY LAST FROM[!] ADDRESS -> TO[/OWN] ADDRESS SERVICE name method path
 *
 * `!` is spoofed; `?` stands for what is not given, `-` for what is absent.
 */
#include "policy/flow_text.h"

#include "policy/describe.h"

#include "memory.h"

#include <errno.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static const char policy_text[] =
    "zone lan = int0 10.0.0.0/24 2001:db8:1::/64\n"
    "zone guest = int1 10.0.9.0/24\n"
    "zone wan = ext0\n"
    "proxy {\n listen 10.0.0.1:3128 for lan\n"
    " intercept { tcp 80-89, tcp 443, udp 443 } for lan, guest\n}\n";

static void
add_fact(struct text *out, enum flow_known known, struct str value)
{
	text_addc(out, ' ');
	if (known == FLOW_KNOWN)
		text_add(out, value);
	else
		text_addc(out, known == FLOW_ABSENT ? '-' : '?');
}

static void
add_sides(
    const struct policy *policy, const struct flow *flow, struct text *out)
{
	describe_place(policy, flow->from_zone, flow->source, out);
	text_addf(out, "%s -> ", flow->spoofed ? "!" : "");
	if (flow->known[POLICY_FACT_DESTINATION] != FLOW_KNOWN) {
		text_addc(out, '?');
		return;
	}
	describe_place(policy, flow->to_zone, flow->destination, out);
	if (flow->to_zone == ZONE_SELF)
		text_addf(out, "/%.*s",
		    STR_ARG(policy_zone_name(policy, flow->own_zone)));
}

static void
add_flow(const struct policy *policy, const struct flow *flow, struct text *out)
{
	static const char *const ways[] = { "plain", "uncarried", "intercepted",
		"explicit" };

	text_clear(out);
	text_addf(
	    out, "%s %s ", ways[flow->way], policy_phase_word(flow->last));
	add_sides(policy, flow, out);
	text_addc(out, ' ');
	if (flow->known[POLICY_FACT_SERVICE] == FLOW_KNOWN)
		describe_service(flow->protocol,
		    flow->any_port ? 0 : flow->port,
		    flow->any_port ? UINT16_MAX : flow->port, out);
	else
		text_addc(out, '?');
	add_fact(out, flow->known[POLICY_FACT_NAME], flow->name);
	add_fact(out, flow->known[POLICY_FACT_METHOD], flow->method);
	add_fact(out, flow->known[POLICY_FACT_PATH], flow->path);
	text_addz(out, flow->tls != FLOW_BARE ? " tls" : "");
}

static void
good_flows(void **state)
{
	static const struct {
		const char *text;
		const char *want;
	} rows[] = {
		/* A zone left out follows from the address. */
		{ "10.0.0.4 -> 192.0.2.1 tcp 22",
		    "plain packet lan 10.0.0.4 -> wan 192.0.2.1 tcp 22 ? ? ?" },
		{ "lan 10.0.0.4 -> guest 10.0.9.4 tcp 22",
		    "plain packet lan 10.0.0.4 -> guest 10.0.9.4 tcp 22 "
		    "? ? ?" },
		{ "2001:db8:1::4 -> 2001:db8:f::1 udp 53",
		    "plain packet lan 2001:db8:1::4 -> wan 2001:db8:f::1 "
		    "udp 53 ? ? ?" },
		{ "guest 10.0.0.4 -> 192.0.2.1 tcp 22",
		    "plain packet guest 10.0.0.4! -> wan 192.0.2.1 tcp 22 "
		    "? ? ?" },
		{ "guest fe80::1 -> 192.0.2.1 tcp 22",
		    "plain packet guest fe80::1 -> wan 192.0.2.1 tcp 22 "
		    "? ? ?" },
		/* IPv4 in IPv6 is IPv4. */
		{ "::ffff:10.0.0.4 -> 192.0.2.1 tcp 22",
		    "plain packet lan 10.0.0.4 -> wan 192.0.2.1 tcp 22 ? ? ?" },
		/* The gateway's own. */
		{ "10.0.0.4 -> self udp 53",
		    "plain packet lan 10.0.0.4 -> self/lan udp 53 ? ? ?" },
		{ "10.0.0.4 -> wan self udp 53",
		    "plain packet lan 10.0.0.4 -> self/wan udp 53 ? ? ?" },
		{ "10.0.0.4 -> self 192.0.2.1 udp 53",
		    "plain packet lan 10.0.0.4 -> self 192.0.2.1/wan udp 53 "
		    "? ? ?" },
		{ "10.0.9.4 -> 10.0.0.1 tcp 22",
		    "plain packet guest 10.0.9.4 -> self 10.0.0.1/lan tcp 22 "
		    "? ? ?" },
		{ "10.0.0.4 -> 203.0.113.1 tcp 22",
		    "plain packet lan 10.0.0.4 -> self 203.0.113.1/wan tcp 22 "
		    "? ? ?" },
		{ "10.0.0.4 -> 127.0.0.1 tcp 22",
		    "plain packet lan 10.0.0.4 -> self 127.0.0.1/- tcp 22 "
		    "? ? ?" },
		{ "self -> 192.0.2.1 tcp 22",
		    "plain packet self -> wan 192.0.2.1 tcp 22 ? ? ?" },
		/* Services: a port, a kind, any of them, or none. */
		{ "10.0.0.4 -> 192.0.2.1 icmp echo-reply",
		    "plain packet lan 10.0.0.4 -> wan 192.0.2.1 "
		    "icmp echo-reply ? ? ?" },
		{ "10.0.0.4 -> 192.0.2.1 icmp",
		    "plain packet lan 10.0.0.4 -> wan 192.0.2.1 icmp ? ? ?" },
		{ "10.0.0.4 -> 192.0.2.1 esp",
		    "plain packet lan 10.0.0.4 -> wan 192.0.2.1 esp ? ? ?" },
		{ "203.0.113.9 -> 192.0.2.1",
		    "plain packet wan 203.0.113.9 -> wan 192.0.2.1 ? ? ? ?" },
		/* The way hangs on the service. */
		{ "10.0.0.4 -> 192.0.2.1",
		    "intercepted packet lan 10.0.0.4 -> wan 192.0.2.1 "
		    "? ? ? ?" },
		{ "10.0.0.4 -> 192.0.2.1 tcp",
		    "intercepted packet lan 10.0.0.4 -> wan 192.0.2.1 tcp "
		    "? ? ?" },
		{ "10.0.0.4 -> 192.0.2.1 sctp",
		    "plain packet lan 10.0.0.4 -> wan 192.0.2.1 sctp ? ? ?" },
		{ "10.0.0.4 -> self tcp",
		    "plain packet lan 10.0.0.4 -> self/lan tcp ? ? ?" },
		/* Names: elsewhere, unless `address` says where. */
		{ "10.0.0.4 -> WWW.Example.COM. tcp 22",
		    "plain packet lan 10.0.0.4 -> wan tcp 22 www.example.com "
		    "? ?" },
		{ "10.0.0.4 -> guest www.example.com tcp 22",
		    "plain packet lan 10.0.0.4 -> guest tcp 22 "
		    "www.example.com ? ?" },
		{ "10.0.0.4 -> www.example.com tcp 22 address 10.0.9.7",
		    "plain packet lan 10.0.0.4 -> guest 10.0.9.7 tcp 22 "
		    "www.example.com ? ?" },
		/* Intercepted: HTTP on port 80 or by a method, else a name. */
		{ "10.0.0.4 -> www.example.com tcp 80",
		    "intercepted response lan 10.0.0.4 -> wan tcp 80 "
		    "www.example.com ? ?" },
		{ "10.0.0.4 -> www.example.com tcp 443",
		    "intercepted name lan 10.0.0.4 -> wan tcp 443 "
		    "www.example.com ? ? tls" },
		{ "10.0.0.4 -> www.example.com tcp 81",
		    "intercepted name lan 10.0.0.4 -> wan tcp 81 "
		    "www.example.com ? ? tls" },
		{ "10.0.0.4 -> www.example.com tcp 81 method GET",
		    "intercepted response lan 10.0.0.4 -> wan tcp 81 "
		    "www.example.com GET ?" },
		{ "10.0.0.4 -> www.example.com udp 443",
		    "uncarried packet lan 10.0.0.4 -> wan udp 443 "
		    "www.example.com ? ?" },
		{ "10.0.0.4 -> www.example.com udp 80",
		    "plain packet lan 10.0.0.4 -> wan udp 80 "
		    "www.example.com ? ?" },
		{ "203.0.113.9 -> www.example.com tcp 80",
		    "plain packet wan 203.0.113.9 -> wan tcp 80 "
		    "www.example.com ? ?" },
		/* URLs bring protocol, port and path, without the query. */
		{ "10.0.0.4 -> http://www.example.com",
		    "intercepted response lan 10.0.0.4 -> wan tcp 80 "
		    "www.example.com ? /" },
		{ "10.0.9.4 -> http://www.example.com:82/a/b?c=/d#e method GET",
		    "intercepted response guest 10.0.9.4 -> wan tcp 82 "
		    "www.example.com GET /a/b" },
		{ "10.0.9.4 -> https://www.example.com/a",
		    "intercepted name guest 10.0.9.4 -> wan tcp 443 "
		    "www.example.com ? /a tls" },
		{ "10.0.9.4 -> http://10.0.0.7/",
		    "intercepted response guest 10.0.9.4 -> lan 10.0.0.7 "
		    "tcp 80 - ? /" },
		{ "10.0.9.4 -> https://[2001:db8:f::1]:443/",
		    "intercepted name guest 10.0.9.4 -> wan 2001:db8:f::1 "
		    "tcp 443 - ? / tls" },
		{ "10.0.9.4 -> http://www.example.com:8080/",
		    "plain packet guest 10.0.9.4 -> wan tcp 8080 "
		    "www.example.com ? /" },
		/* Explicit: said so, by CONNECT, or a URL from a listener's
		 * zone that nothing intercepts.  Whether the tunnel that is in
		 * is opened, and shows its path, the policy says. */
		{ "10.0.0.4 -> http://www.example.com:8080/a",
		    "explicit response lan 10.0.0.4 -> wan tcp 8080 "
		    "www.example.com ? /a" },
		{ "10.0.0.4 -> https://www.example.com:8443/a",
		    "explicit response lan 10.0.0.4 -> wan tcp 8443 "
		    "www.example.com ? /a tls" },
		{ "10.0.0.4 -> http://www.example.com/ explicit",
		    "explicit response lan 10.0.0.4 -> wan tcp 80 "
		    "www.example.com ? /" },
		{ "10.0.0.4 -> www.example.com tcp 22 explicit",
		    "explicit request lan 10.0.0.4 -> wan tcp 22 "
		    "www.example.com CONNECT -" },
		{ "10.0.0.4 -> 192.0.2.1 tcp 22 method CONNECT",
		    "explicit request lan 10.0.0.4 -> wan 192.0.2.1 tcp 22 "
		    "- CONNECT -" },
		/* To the listener: what it will ask is not known. */
		{ "10.0.0.4 -> 10.0.0.1 tcp 3128",
		    "explicit response lan 10.0.0.4 -> ? ? ? ? ?" },
		{ "10.0.9.4 -> 10.0.0.1 tcp 3128",
		    "plain packet guest 10.0.9.4 -> self 10.0.0.1/lan "
		    "tcp 3128 ? ? ?" },
	};
	struct policy *policy = memory_policy(policy_text);
	struct address own_address;
	struct policy_own own = { &own_address, 1 };
	struct text got = TEXT_EMPTY;
	struct report report;
	struct arena arena;

	(void)state;
	assert_int_equal(address_parse(STR("203.0.113.1"), &own_address), 0);
	arena_init(&arena, 1 << 20);
	report_init(&report);
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct source source = { .name = STR("flow"),
			.text = str_of(rows[i].text) };
		struct flow flow;
		assert_int_equal(
		    flow_parse(&source, policy, &own, &arena, &report, &flow),
		    0);
		add_flow(policy, &flow, &got);
		if (!str_is(text_str(&got), rows[i].want))
			fail_msg("%s:\nwanted %s\ngot    %s", rows[i].text,
			    rows[i].want, got.at);
	}
	text_fini(&got);
	report_fini(&report);
	arena_fini(&arena);
	policy_unref(policy);
}

/* Golden files have the words of tests; here is what only `explain` meets. */
static void
bad_flows(void **state)
{
	static const struct {
		const char *text;
		const char *want;
	} rows[] = {
		{ "", "expected the source's address, found the end of the "
		      "line" },
		{ "allow", "expected the source's address, found 'allow'" },
		{ "10.0.0.4 -> 192.0.2.1 tcp 80 drop",
		    "expected a protocol, a fact (address, method, user, "
		    "header, type, at, explicit) or the end, found 'drop'" },
		{ "10.0.0.4 -> 192.0.2.1 tcp 80\n10.0.0.4",
		    "expected one flow, in one line, found '10.0.0.4'" },
		{ "10.0.0.4 => 192.0.2.1", "'=>' has no place here" },
		{ "10.0.0.4 -> \x01",
		    "the byte 0x01 has no place in a policy" },
	};
	static const struct policy_own nothing = { NULL, 0 };
	struct policy *policy = memory_policy(policy_text);
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct source source = { .name = STR("flow"),
			.text = str_of(rows[i].text) };
		struct report report;
		struct flow flow;
		report_init(&report);
		int rc = flow_parse(
		    &source, policy, &nothing, &arena, &report, &flow);
		assert_int_equal(rc, -EINVAL);
		assert_true(str_is(report.items[0].message, rows[i].want));
		report_fini(&report);
	}
	arena_fini(&arena);
	policy_unref(policy);
}

static void
no_memory_is_said(void **state)
{
	static const struct policy_own nothing = { NULL, 0 };
	struct policy *policy = memory_policy(policy_text);
	struct source source = { .name = STR("flow"),
		.text = STR("10.0.0.4 -> http://www.example.com/") };
	struct report report;
	struct arena arena;
	struct flow flow;

	(void)state;
	report_init(&report);
	arena_init(&arena, 8);
	assert_int_equal(
	    flow_parse(&source, policy, &nothing, &arena, &report, &flow),
	    -ENOMEM);
	arena_fini(&arena);
	report_fini(&report);
	policy_unref(policy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_flows),
		cmocka_unit_test(bad_flows),
		cmocka_unit_test(no_memory_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
