/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/evaluate: the phases, sentence by sentence.
 *
 * Each block of rows is a policy (behind the zones of `head`) and flows; what
 * is wanted of a flow is "VERDICT PHASE by LINE" (lines count from the first
 * behind the head, 0 is the built-in last rule), "VERDICT PHASE: REASON", or
 * "undecided PHASE on FACT".
 */
#include "policy/evaluate.h"

#include "memory.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static const char head[] =
    "zone lan = int0 10.0.0.0/24 2001:db8:1::/64\n"
    "zone guest = int1 10.0.9.0/24\n"
    "zone wan = ext0\n"
    "proxy {\n listen 10.0.0.1:3128 for lan\n"
    " intercept { tcp 80-89, tcp 443, udp 443 } for lan, guest\n}\n";
#define HEAD_LINES 7

struct row {
	const char *flow;
	const char *want;
};

static void
say(const struct policy_answer *answer, struct text *out)
{
	text_clear(out);
	text_addf(out, "%s %s", policy_verdict_word(answer->verdict),
	    policy_phase_word(answer->phase));
	if (answer->verdict == POLICY_VERDICT_UNDECIDED)
		text_addf(out, " on %s", policy_fact_word(answer->hangs_on));
	else if (answer->rule == NULL)
		text_addf(out, ": %s", answer->reason);
	else
		text_addf(out, " by %u",
		    answer->rule->line == 0 ? 0
					    : answer->rule->line - HEAD_LINES);
}

static struct policy *
with_head(const char *rules)
{
	struct text text = TEXT_EMPTY;

	text_addf(&text, "%s%s", head, rules);
	struct policy *policy = memory_policy(text.at);
	text_fini(&text);
	return policy;
}

static void
try_rows(const char *rules, const struct row *rows, size_t count)
{
	struct policy *policy = with_head(rules);
	struct text got = TEXT_EMPTY;
	struct arena arena;

	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < count; i++) {
		struct flow flow = memory_flow(policy, &arena, rows[i].flow);
		struct policy_answer answer = policy_decide(policy, &flow);
		say(&answer, &got);
		if (!str_is(text_str(&got), rows[i].want))
			fail_msg("%s%s: wanted %s, got %s", rules, rows[i].flow,
			    rows[i].want, got.at);
	}
	arena_fini(&arena);
	text_fini(&got);
	policy_unref(policy);
}

#define TRY(rules, ...)                                                        \
	do {                                                                   \
		static const struct row rows[] = { __VA_ARGS__ };              \
		try_rows(rules, rows, ROWS(rows));                             \
	} while (0)

/* First match wins, and behind the last rule stands drop any -> any log. */
static void
first_match_wins(void **state)
{
	(void)state;
	TRY("allow lan -> wan tcp 22\n"
	    "reject lan -> wan\n"
	    "drop lan -> wan tcp 23\n",
	    { "10.0.0.4 -> 192.0.2.1 tcp 22", "allow packet by 1" },
	    { "10.0.0.4 -> 192.0.2.1 tcp 23", "reject packet by 2" },
	    { "10.0.9.4 -> 192.0.2.1 tcp 22", "drop packet by 0" },
	    { "2001:db8:1::4 -> 2001:db8:f::1 tcp 22", "allow packet by 1" },
	    { "2001:db8:1::4 -> 2001:db8:f::1 esp", "reject packet by 2" });
}

/* Might match: that verdict now, if every one still possible is the same. */
static void
equal_outcomes_decide_early(void **state)
{
	(void)state;
	TRY("reject lan -> a.example.com\n"
	    "reject lan -> wan tcp 80 method POST\n"
	    "reject lan -> any\n",
	    { "10.0.0.4 -> http://a.example.com/", "reject packet by 3" },
	    { "10.0.0.4 -> 192.0.2.1 tcp 80", "reject packet by 3" });
	TRY("reject lan -> a.example.com\nallow lan -> any\n",
	    { "10.0.0.4 -> http://a.example.com/", "reject name by 1" },
	    { "10.0.0.4 -> http://b.example.com/", "allow name by 2" },
	    { "10.0.0.4 -> 192.0.2.1 tcp 80", "undecided response on name" },
	    { "10.0.0.4 -> 192.0.2.1 tcp 443", "undecided name on name" });
	/* Three in a row: each must be the same as the first. */
	TRY("reject lan -> a.example.com\n"
	    "reject lan -> b.example.com\n"
	    "drop lan -> c.example.com\n"
	    "reject lan -> any\n",
	    { "10.0.0.4 -> http://a.example.com/", "reject name by 1" },
	    { "10.0.0.4 -> http://c.example.com/", "drop name by 3" },
	    { "10.0.0.4 -> http://d.example.com/", "reject name by 4" });
}

/* ... with the same logging, limits and translation. */
static void
early_means_equal(void **state)
{
	(void)state;
	TRY("reject lan -> a.example.com log\nreject lan -> any\n",
	    { "10.0.0.4 -> http://b.example.com/", "reject name by 2" });
	TRY("reject lan -> a.example.com\nreject lan -> any log\n",
	    { "10.0.0.4 -> http://b.example.com/", "reject name by 2" });
	/* Two logged lines name two rules. */
	TRY("reject lan -> a.example.com log\nreject lan -> any log\n",
	    { "10.0.0.4 -> http://b.example.com/", "reject name by 2" });
	TRY("reject lan -> a.example.com as \"a\"\n"
	    "reject lan -> any as \"b\"\n",
	    { "10.0.0.4 -> http://a.example.com/", "reject packet by 2" });
	TRY("allow lan -> wan path \"/a\" direct\nallow lan -> any\n",
	    { "10.0.0.4 -> http://a.example.com/a", "allow request by 1" },
	    { "10.0.0.4 -> http://a.example.com/b", "allow request by 2" });
	TRY("publish wan tcp 80 -> 10.0.0.9\nallow lan -> any\n",
	    { "10.0.0.4 -> http://10.0.0.1/ explicit", "allow name by 2" },
	    { "10.0.0.4 -> wan self tcp 80", "allow packet by 1" });
}

/* The packet phase is the last of what is neither intercepted nor explicit. */
static void
what_the_last_phase_cannot_know(void **state)
{
	(void)state;
	TRY("reject lan -> ads.example.com\n"
	    "allow lan -> git.example.com tcp 22\n"
	    "reject lan -> any method GET\n"
	    "reject lan -> any path \"*\"\n"
	    "allow lan -> wan\n",
	    { "10.0.0.4 -> ads.example.com icmp echo-request",
		"allow packet by 5" },
	    { "10.0.0.4 -> git.example.com tcp 22", "allow packet by 5" },
	    { "10.0.0.4 -> ads.example.com tcp 8080", "allow packet by 5" },
	    { "10.0.0.4 -> 192.0.2.1 gre", "allow packet by 5" });
	TRY("allow lan -> git.example.com tcp 22\n",
	    { "10.0.0.4 -> git.example.com tcp 22", "drop packet by 0" });
}

/* Inside TLS there is a name and nothing more. */
static void
tls_shows_its_name_only(void **state)
{
	(void)state;
	TRY("reject lan -> shop.example.com path \"/admin/*\"\n"
	    "reject lan -> any method POST\n"
	    "allow lan -> shop.example.com\n",
	    { "10.0.0.4 -> https://shop.example.com/admin/",
		"allow name by 3" },
	    { "10.0.0.4 -> https://www.example.com/", "drop name by 0" },
	    { "10.0.0.4 -> http://shop.example.com/admin/ method GET",
		"reject request by 1" },
	    { "10.0.0.4 -> http://shop.example.com/ method POST",
		"reject request by 2" },
	    { "10.0.0.4 -> http://shop.example.com/ method GET",
		"allow request by 3" },
	    { "10.0.0.4 -> http://shop.example.com/",
		"undecided response on method" });
}

/* UDP 443 is intercepted and cannot be carried: no way around a name rule. */
static void
what_is_not_carried_needs_the_proxy(void **state)
{
	(void)state;
	TRY("reject lan -> ads.example.com\nallow lan -> wan\n",
	    { "10.0.0.4 -> www.example.com udp 443",
		"reject packet: needs the proxy" },
	    { "10.0.0.4 -> 192.0.2.1 udp 443",
		"reject packet: needs the proxy" },
	    { "10.0.0.4 -> 192.0.2.1 udp 444", "allow packet by 2" });
	/* Where the packets decide, nothing is in its way. */
	TRY("reject guest -> ads.example.com\nallow lan -> wan\n",
	    { "10.0.0.4 -> 192.0.2.1 udp 443", "allow packet by 2" });
	TRY("drop lan -> ads.example.com\ndrop lan -> wan udp 443\n",
	    { "10.0.0.4 -> 192.0.2.1 udp 443", "drop packet by 2" });
	TRY("drop lan -> any path \"/a\"\nallow lan -> any direct\n",
	    { "10.0.0.4 -> 192.0.2.1 udp 443",
		"reject packet: needs the proxy" });
}

/* Each address is a flow of its own: a name opens only what lives elsewhere. */
static void
a_name_opens_only_what_lives_elsewhere(void **state)
{
	(void)state;
	TRY("reject any -> bad.example.com\nallow lan, guest -> .example.com\n",
	    { "10.0.0.4 -> http://www.example.com/", "allow name by 2" },
	    { "10.0.0.4 -> http://www.example.com/ address 192.0.2.1",
		"allow name by 2" },
	    { "10.0.0.4 -> http://www.example.com/ address 10.0.9.7",
		"drop name by 0" },
	    { "10.0.0.4 -> http://www.example.com/ address 10.0.0.7",
		"drop name by 0" },
	    { "10.0.0.4 -> http://www.example.com/ address 10.0.0.1 explicit",
		"drop name by 0" },
	    { "10.0.0.4 -> http://www.example.com/ address 127.0.0.1 explicit",
		"drop name by 0" },
	    { "10.0.0.4 -> http://www.example.com/ address ::1 explicit",
		"drop name by 0" },
	    /* To refuse, a name does, wherever it points. */
	    { "10.0.0.4 -> http://bad.example.com/ address 10.0.9.7",
		"reject name by 1" });
	/* A rule that holds the address as well opens it. */
	TRY("allow lan -> www.example.com, 10.0.9.7\n",
	    { "10.0.0.4 -> http://www.example.com/ address 10.0.9.7",
		"allow packet by 1" });
	TRY("allow lan -> www.example.com, guest\n",
	    { "10.0.0.4 -> http://www.example.com/ address 10.0.9.7",
		"allow packet by 1" });
}

/* A request to the explicit proxy: its packets tell nothing but the source. */
static void
explicit_flows(void **state)
{
	(void)state;
	TRY("reject lan -> 192.0.2.0/24\n"
	    "reject lan -> any tcp 1-79 method CONNECT\n"
	    "allow lan -> wan tcp 443\n",
	    { "10.0.0.4 -> 192.0.2.1 tcp 443 explicit", "reject name by 1" },
	    { "10.0.0.4 -> www.example.com tcp 443 explicit",
		"allow name by 3" },
	    { "10.0.0.4 -> www.example.com tcp 443 method CONNECT",
		"allow name by 3" },
	    { "10.0.0.4 -> www.example.com tcp 25 method CONNECT",
		"reject request by 2" },
	    { "10.0.0.4 -> www.example.com tcp 25 explicit method GET",
		"drop request by 0" },
	    { "10.0.0.4 -> 10.0.0.1 tcp 3128",
		"undecided response on address" },
	    /* Not a listener for guests. */
	    { "10.0.9.4 -> 10.0.0.1 tcp 3128", "drop packet by 0" });
	/* Refused whatever it asks. */
	TRY("drop 10.0.0.4 -> any\nallow lan -> any\n",
	    { "10.0.0.4 -> http://www.example.com/ explicit",
		"drop packet by 1" },
	    { "10.0.0.4 -> 10.0.0.1 tcp 3128", "drop packet by 1" },
	    { "10.0.0.5 -> 10.0.0.1 tcp 3128", "allow packet by 2" });
	/* A tunnel has no path. */
	TRY("reject lan -> any path \"*\"\nallow lan -> any\n",
	    { "10.0.0.4 -> https://www.example.com/ explicit",
		"allow request by 2" },
	    { "10.0.0.4 -> http://www.example.com/ explicit",
		"reject request by 1" });
}

/* No server name, an address for a host: absent, and the walk goes on. */
static void
absent_names(void **state)
{
	(void)state;
	TRY("reject lan -> ads.example.com\nallow lan -> wan\n",
	    { "10.0.0.4 -> http://192.0.2.1/", "allow name by 2" },
	    { "10.0.0.4 -> https://[2001:db8:f::1]/", "allow name by 2" },
	    { "10.0.0.4 -> http://192.0.2.1/ explicit", "allow name by 2" },
	    { "10.0.0.4 -> 192.0.2.1 tcp 443 explicit", "allow name by 2" });
}

/* Facts that are not given are unknown, and the answer says on which it is. */
static void
unknown_facts(void **state)
{
	(void)state;
	TRY("allow lan -> wan tcp 22\nreject lan -> ads.example.com tcp 80\n"
	    "allow lan -> wan tcp 80\nallow lan -> wan icmp echo-request\n",
	    { "10.0.0.4 -> 192.0.2.1", "undecided packet on service" },
	    { "10.0.0.4 -> 192.0.2.1 tcp", "undecided packet on service" },
	    { "10.0.0.4 -> 192.0.2.1 icmp", "undecided packet on service" },
	    { "10.0.0.4 -> 192.0.2.1 udp", "drop packet by 0" },
	    { "10.0.0.4 -> 192.0.2.1 tcp 80", "undecided response on name" },
	    { "10.0.0.4 -> 192.0.2.1 tcp 443", "drop packet by 0" });
	/* Of which service it is decides whether a name counts at all. */
	TRY("allow guest -> .example.com tcp\ndrop guest -> any\n",
	    { "10.0.9.4 -> 192.0.2.1 tcp", "undecided packet on service" },
	    { "10.0.9.4 -> 192.0.2.1", "undecided packet on service" },
	    { "10.0.9.4 -> www.example.com tcp",
		"undecided packet on service" },
	    { "10.0.9.4 -> 192.0.2.1 tcp 22", "drop packet by 2" },
	    { "10.0.9.4 -> 192.0.2.1 udp", "drop packet by 2" },
	    { "10.0.9.4 -> https://www.example.com/", "allow name by 1" });
	/* The verdict does not hang on what is not known. */
	TRY("drop guest -> any\n",
	    { "10.0.9.4 -> 192.0.2.1", "drop packet by 1" });
	TRY("reject lan -> wan path \"/a\"\nallow lan -> wan\n",
	    { "10.0.0.4 -> www.example.com tcp 80",
		"undecided response on path" });
}

/* publish is an allow with a translated destination, from inside as well. */
static void
published(void **state)
{
	(void)state;
	TRY("publish wan tcp 8443 -> 10.0.0.9 tcp 443\n"
	    "publish lan tcp 25 -> { 10.0.0.9, 2001:db8:1::9 }\n"
	    "reject lan -> any\n",
	    { "192.0.2.9 -> wan self tcp 8443", "allow packet by 1" },
	    { "10.0.0.4 -> wan self tcp 8443", "allow packet by 1" },
	    { "10.0.9.4 -> wan self tcp 8443", "allow packet by 1" },
	    /* Rules see the destination as the client wrote it. */
	    { "192.0.2.9 -> 10.0.0.9 tcp 443", "drop packet by 0" },
	    { "192.0.2.9 -> wan self tcp 443", "drop packet by 0" },
	    { "192.0.2.9 -> wan self udp 8443", "drop packet by 0" },
	    /* The own address of another zone is another. */
	    { "10.0.0.4 -> self tcp 8443", "reject packet by 3" },
	    { "10.0.0.4 -> self tcp 25", "allow packet by 2" },
	    { "10.0.0.4 -> self 10.0.0.1 tcp 25", "allow packet by 2" },
	    { "192.0.2.9 -> self 2001:db8:1::1 tcp 25", "allow packet by 2" },
	    /* Only in a family that the target has. */
	    { "192.0.2.9 -> self 2001:db8:f::1 tcp 8443", "drop packet by 0" },
	    /* What the gateway itself sends is not routed. */
	    { "self -> wan self tcp 8443",
		"allow packet: the gateway's own loopback" });
}

#define LOOPBACK   "allow packet: the gateway's own loopback"
#define NEIGHBOURS "allow packet: what neighbours say to each other"
#define INVALID    "drop packet: it belongs to no connection, and begins none"

/* What the kernel does not ask the list about. */
static void
before_the_list(void **state)
{
	(void)state;
	TRY("drop any -> any\n", { "self -> self tcp 80", LOOPBACK },
	    { "self -> 127.0.0.1 udp 53", LOOPBACK },
	    { "self -> ::1 icmp echo-reply", LOOPBACK },
	    { "self -> 224.0.0.251 udp 5353", "drop packet by 1" },
	    { "self -> fe80::7 tcp 22", "drop packet by 1" },
	    { "lan fe80::7 -> ff02::1 icmp router-advertisement", NEIGHBOURS },
	    { "self -> 2001:db8:1::4 icmp neighbour-solicitation", NEIGHBOURS },
	    { "lan 2001:db8:1::4 -> self icmp mld-report", "drop packet by 1" },
	    { "lan fe80::7 -> self icmp mld-report", NEIGHBOURS });
	TRY("allow any -> any\n",
	    { "10.0.0.4 -> 192.0.2.1 icmp echo-reply", INVALID },
	    { "10.0.0.4 -> self icmp router-advertisement", INVALID },
	    { "2001:db8:1::4 -> self icmp packet-too-big", INVALID },
	    { "10.0.0.4 -> self icmp redirect", "allow packet by 1" },
	    { "10.0.0.4 -> 192.0.2.1 icmp", "allow packet by 1" });
	TRY("firewall { invalid allow for lan }\nallow any -> any\n",
	    { "10.0.0.4 -> 192.0.2.1 icmp echo-reply", "allow packet by 2" },
	    { "10.0.9.4 -> 192.0.2.1 icmp echo-reply", INVALID });
}

/* Where a source lives, and where it does not. */
static void
sources(void **state)
{
	(void)state;
	TRY("allow lan -> guest\nallow self -> any\nallow 10.0.9.4 -> lan\n"
	    "allow lan -> self udp 67\n",
	    { "10.0.0.4 -> 10.0.9.4 tcp 22", "allow packet by 1" },
	    { "lan 10.0.9.4 -> 10.0.9.4 tcp 22", "drop packet: spoofed" },
	    { "wan 10.0.0.4 -> 10.0.9.4 tcp 22", "drop packet: spoofed" },
	    { "lan 192.0.2.1 -> 10.0.9.4 tcp 22", "drop packet: spoofed" },
	    { "lan 10.0.0.1 -> 10.0.9.4 tcp 22", "drop packet: spoofed" },
	    { "lan fe80::1 -> guest self tcp 22", "drop packet by 0" },
	    { "lan 0.0.0.0 -> 255.255.255.255 udp 67", "allow packet by 4" },
	    { "wan 0.0.0.0 -> self udp 67", "drop packet by 0" },
	    { "lan 0.0.0.0 -> self udp 68", "drop packet: spoofed" },
	    { "lan 0.0.0.0 -> self tcp 67", "drop packet: spoofed" },
	    { "self -> 192.0.2.1 tcp 22", "allow packet by 2" },
	    { "10.0.9.4 -> 10.0.0.4 tcp 22", "allow packet by 3" },
	    { "10.0.9.5 -> 10.0.0.4 tcp 22", "drop packet by 0" });
	/* The gateway's own is of the family that it goes to. */
	TRY("drop ::/0 -> any\nreject 0.0.0.0/0 -> any udp\nallow self -> "
	    "any\n",
	    { "self -> 192.0.2.1 tcp 22", "allow packet by 3" },
	    { "self -> 192.0.2.1 udp 53", "reject packet by 2" },
	    { "self -> 2001:db8:f::1 udp 53", "drop packet by 1" });
}

static void
no_zone_without_a_home(void **state)
{
	struct policy *policy =
	    memory_policy("zone lan = int0 10.0.0.0/24\nallow any -> any\n");
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	struct flow flow =
	    memory_flow(policy, &arena, "192.0.2.1 -> 10.0.0.4 tcp 22");
	struct policy_answer answer = policy_decide(policy, &flow);
	assert_int_equal(answer.verdict, POLICY_VERDICT_DROP);
	assert_string_equal(answer.reason, "no zone");
	assert_null(answer.rule);
	arena_fini(&arena);
	policy_unref(policy);
}

/* `*` is any characters, `/` too. */
static void
paths(void **state)
{
	(void)state;
	TRY("drop lan -> any tcp 80 path \"/a/*\", \"*.exe\", \"/x*y*z\", "
	    "\"/\"\n"
	    "allow lan -> any\n",
	    { "10.0.0.4 -> http://a.example.com/", "drop request by 1" },
	    { "10.0.0.4 -> http://a.example.com/a", "allow request by 2" },
	    { "10.0.0.4 -> http://a.example.com/a/", "drop request by 1" },
	    { "10.0.0.4 -> http://a.example.com/a/b/c", "drop request by 1" },
	    { "10.0.0.4 -> http://a.example.com/A/b", "allow request by 2" },
	    { "10.0.0.4 -> http://a.example.com/b/s.exe", "drop request by 1" },
	    { "10.0.0.4 -> http://a.example.com/s.exe.exe",
		"drop request by 1" },
	    { "10.0.0.4 -> http://a.example.com/s.exe/", "allow request by 2" },
	    { "10.0.0.4 -> http://a.example.com/s?q=.exe",
		"allow request by 2" },
	    { "10.0.0.4 -> http://a.example.com/xyz", "drop request by 1" },
	    { "10.0.0.4 -> http://a.example.com/x1y2y3z", "drop request by 1" },
	    { "10.0.0.4 -> http://a.example.com/x1z", "allow request by 2" },
	    { "10.0.0.4 -> http://a.example.com/xyzz1", "allow request by 2" });
}

/* A pattern of many stars must not take longer than its length says. */
static void
many_stars_end_soon(void **state)
{
	struct policy *policy = with_head(
	    "drop lan -> any path \"*a*a*a*a*a*a*a*a*a*a*a*a*a*b\"\n");
	static char path[8192];
	struct flow flow = { .way = FLOW_INTERCEPTED,
		.last = POLICY_PHASE_RESPONSE,
		.path = { path, sizeof(path) } };

	(void)state;
	memset(path, 'a', sizeof(path));
	memset(flow.known, FLOW_KNOWN, sizeof(flow.known));
	struct policy_answer answer =
	    policy_evaluate(policy, &flow, POLICY_PHASE_REQUEST, NULL);
	assert_int_equal(answer.rule->line, 0);
	policy_unref(policy);
}

/* It may be opened, so all hangs on the address that it will turn out to be. */
static void
a_known_name_hangs_on_its_address(void **state)
{
	struct policy *policy =
	    with_head("allow lan -> example.com\nreject lan -> any\n");
	struct text got = TEXT_EMPTY;
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	struct flow flow =
	    memory_flow(policy, &arena, "10.0.0.4 -> http://example.com/");
	flow.known[POLICY_FACT_DESTINATION] = FLOW_NOT_GIVEN;
	flow.way = FLOW_EXPLICIT;
	struct policy_answer answer =
	    policy_evaluate(policy, &flow, POLICY_PHASE_RESPONSE, NULL);
	say(&answer, &got);
	assert_string_equal(got.at, "undecided response on address");
	flow.known[POLICY_FACT_NAME] = FLOW_NOT_GIVEN;
	answer = policy_evaluate(policy, &flow, POLICY_PHASE_RESPONSE, NULL);
	say(&answer, &got);
	assert_string_equal(got.at, "undecided response on name");
	arena_fini(&arena);
	text_fini(&got);
	policy_unref(policy);
}

static void
exceptions(void **state)
{
	(void)state;
	TRY("reject lan, guest except 10.0.0.5, 10.0.9.9 -> wan except "
	    "192.0.2.0/24 tcp 25\n"
	    "allow lan -> any except guest, .example.com tcp 80\n"
	    "drop any -> any\n",
	    { "10.0.0.4 -> 198.51.100.7 tcp 25", "reject packet by 1" },
	    { "10.0.0.5 -> 198.51.100.7 tcp 25", "drop packet by 3" },
	    { "10.0.9.9 -> 198.51.100.7 tcp 25", "drop packet by 3" },
	    { "10.0.0.4 -> 192.0.2.7 tcp 25", "drop packet by 3" },
	    { "10.0.0.4 -> 10.0.9.7 tcp 80", "drop packet by 3" },
	    /* Only the proxy sees whether the name is one of these. */
	    { "10.0.0.4 -> 198.51.100.7 tcp 80", "undecided response on name" },
	    { "10.0.0.4 -> http://example.com/", "drop name by 3" },
	    { "10.0.0.4 -> http://a.example.com/ address 10.0.0.7",
		"drop name by 3" },
	    { "10.0.0.4 -> http://example.net/", "allow name by 2" },
	    { "10.0.0.4 -> http://example.net/ address 10.0.9.7",
		"drop packet by 3" },
	    /* Where no name will ever be seen, none is taken out. */
	    { "10.0.0.4 -> http://203.0.113.7/", "allow name by 2" });
	/* A name of a plain flow is never seen; so nothing is taken out. */
	TRY("allow lan -> wan except example.com tcp 22\n",
	    { "10.0.0.4 -> example.com tcp 22", "allow packet by 1" });
}

static void
hours_of_the_week(void **state)
{
	(void)state;
	TRY("hours office = mon-fri 08:00-18:00\n"
	    "hours late = sun 23:00-01:00\n"
	    "reject lan -> wan tcp 22 during office, late\n"
	    "allow lan -> wan tcp 22\n",
	    { "10.0.0.4 -> 192.0.2.7 tcp 22 at mon 07:59",
		"allow packet by 4" },
	    { "10.0.0.4 -> 192.0.2.7 tcp 22 at mon 08:00",
		"reject packet by 3" },
	    { "10.0.0.4 -> 192.0.2.7 tcp 22 at fri 17:59",
		"reject packet by 3" },
	    { "10.0.0.4 -> 192.0.2.7 tcp 22 at fri 18:00",
		"allow packet by 4" },
	    { "10.0.0.4 -> 192.0.2.7 tcp 22 at mon 00:59",
		"reject packet by 3" },
	    { "10.0.0.4 -> 192.0.2.7 tcp 22 at mon 01:00",
		"allow packet by 4" },
	    /* Another service needs no clock. */
	    { "10.0.0.4 -> 192.0.2.7 tcp 23", "drop packet by 0" },
	    { "10.0.0.4 -> 192.0.2.7 tcp 22", "undecided packet on time" });
}

static void
what_a_request_shows(void **state)
{
	(void)state;
	TRY("reject lan -> any user alice, bob\n"
	    "reject lan -> any header X-A \"one*\" header X-B \"*\"\n"
	    "reject lan -> any type image/*, Text/HTML\n"
	    "reject lan -> any scheme https\n"
	    "allow lan -> any\n",
	    { "10.0.0.4 -> http://example.com/ user bob method GET",
		"reject request by 1" },
	    { "10.0.0.4 -> http://example.com/ method GET",
		"undecided response on header" },
	    { "10.0.0.4 -> http://example.com/ user Bob",
		"undecided response on header" },
	    { "10.0.0.4 -> http://example.com/ user eve header x-a one "
	      "header x-b 2",
		"reject request by 2" },
	    { "10.0.0.4 -> http://example.com/ user eve header x-a one",
		"undecided response on type" },
	    { "10.0.0.4 -> http://example.com/ user eve header x-a one "
	      "header x-a 2 type text/html",
		"reject response by 3" },
	    { "10.0.0.4 -> http://example.com/ user eve header x-b two "
	      "type text/plain",
		"allow response by 5" },
	    /* TLS shows a name and no request. */
	    { "10.0.0.4 -> https://example.com/", "allow name by 5" },
	    { "10.0.0.4 -> 192.0.2.7 tcp 22", "allow packet by 5" });
}

/* The names of the rules that reported, in their order. */
static void
say_reported(const struct policy_answer *answer, struct text *out)
{
	text_clear(out);
	for (unsigned i = 0; i < answer->reported_count; i++)
		text_addf(out, "%u ", answer->reported[i]->line - HEAD_LINES);
	text_addz(out, "");
}

static void
reports(void **state)
{
	static const struct {
		const char *flow;
		const char *want, *reported;
	} rows[] = {
		{ "10.0.0.4 -> 192.0.2.7 tcp 22", "allow packet by 7", "1 " },
		{ "10.0.0.4 -> 192.0.2.7 tcp 25", "allow packet by 7",
		    "1 2 4 5 " }, /* of five the first four */
		/* What might be reported is waited for. */
		{ "10.0.0.4 -> 192.0.2.7 tcp 80", "undecided response on name",
		    "1 " },
		{ "10.0.0.4 -> http://a.example.com/", "allow name by 7",
		    "1 3 " },
		{ "10.0.0.4 -> http://example.net/", "allow name by 7", "1 " },
	};
	struct policy *policy =
	    with_head("report drop lan -> any\n"
		      "report allow any -> any tcp 25 log\n"
		      "report reject lan -> .example.com\n"
		      "report reject any -> any tcp 25\n"
		      "report reject lan -> wan tcp 25\n"
		      "report reject lan -> any tcp 20-25 type text/html\n"
		      "allow lan -> any\n");
	struct text got = TEXT_EMPTY;
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct flow flow = memory_flow(policy, &arena, rows[i].flow);
		struct policy_answer answer = policy_decide(policy, &flow);
		say(&answer, &got);
		assert_string_equal(got.at, rows[i].want);
		say_reported(&answer, &got);
		assert_string_equal(got.at, rows[i].reported);
	}
	arena_fini(&arena);
	text_fini(&got);
	policy_unref(policy);
}

/* A limit counts what its own rule allows: no other rule stands for it. */
static void
limits_are_traces(void **state)
{
	(void)state;
	TRY("allow lan -> example.com tcp 80\n"
	    "allow lan -> wan tcp 80 limit 5/s\n"
	    "allow lan -> example.net tcp 443\n"
	    "allow lan -> wan tcp 443\n"
	    "allow guest -> any except example.com tcp 443 connections 3\n"
	    "allow guest -> any\n",
	    { "10.0.0.4 -> 192.0.2.7 tcp 80", "undecided response on name" },
	    { "10.0.0.4 -> 192.0.2.7 tcp 443", "allow packet by 4" },
	    { "10.0.9.4 -> 192.0.2.7 tcp 443", "undecided name on name" },
	    { "10.0.9.4 -> https://example.com/", "allow name by 6" },
	    { "10.0.9.4 -> https://example.net/", "allow name by 5" });
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_match_wins),
		cmocka_unit_test(equal_outcomes_decide_early),
		cmocka_unit_test(early_means_equal),
		cmocka_unit_test(what_the_last_phase_cannot_know),
		cmocka_unit_test(tls_shows_its_name_only),
		cmocka_unit_test(what_is_not_carried_needs_the_proxy),
		cmocka_unit_test(a_name_opens_only_what_lives_elsewhere),
		cmocka_unit_test(explicit_flows),
		cmocka_unit_test(absent_names),
		cmocka_unit_test(unknown_facts),
		cmocka_unit_test(published),
		cmocka_unit_test(before_the_list),
		cmocka_unit_test(sources),
		cmocka_unit_test(no_zone_without_a_home),
		cmocka_unit_test(paths),
		cmocka_unit_test(many_stars_end_soon),
		cmocka_unit_test(a_known_name_hangs_on_its_address),
		cmocka_unit_test(exceptions),
		cmocka_unit_test(hours_of_the_week),
		cmocka_unit_test(what_a_request_shows),
		cmocka_unit_test(reports),
		cmocka_unit_test(limits_are_traces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
