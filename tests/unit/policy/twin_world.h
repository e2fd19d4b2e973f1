/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The small world of evaluate_twin: what flows can be, and the words of rules.
 *
 * A fact has a few values, its rows; of what a flow may lack, the last row is
 * "there is none".  A word of a rule says, as bits, which rows it holds.
 */
#ifndef GATEHOUSE_TESTS_UNIT_POLICY_TWIN_WORLD_H
#define GATEHOUSE_TESTS_UNIT_POLICY_TWIN_WORLD_H

#include "policy/policy.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define BIT(i)          (1u << (i))

enum {
	LAN,
	GUEST,
	WAN,
	ZONES
};

/* Facts that a completion chooses; destination and name are judged together. */
enum {
	DESTINATION,
	NAME,
	SERVICE,
	TIME,
	SCHEME,
	METHOD,
	PATH,
	USER,
	HEADER,
	TYPE,
	FACTS
};

static const struct {
	const char *address; /* NULL: the gateway itself */
	uint8_t zone;
} sources[] = {
	{ "10.0.0.4", LAN },
	{ "10.0.0.5", LAN },
	{ "10.0.9.4", GUEST },
	{ "203.0.113.9", WAN },
	{ "2001:db8::9", WAN },
	{ NULL, ZONE_SELF },
};

static const struct {
	const char *address; /* NULL: one that the policy does not hold */
	uint8_t zone, own;
} destinations[] = {
	{ "10.0.0.7", LAN, ZONE_NONE },
	{ "10.0.0.200", LAN, ZONE_NONE },
	{ "10.0.9.7", GUEST, ZONE_NONE },
	{ "203.0.113.80", WAN, ZONE_NONE },
	{ "203.0.113.66", WAN, ZONE_NONE },
	{ "10.0.0.1", ZONE_SELF, LAN },
	{ "203.0.113.1", ZONE_SELF, WAN },
	{ "2001:db8::1", ZONE_SELF, WAN },
	{ NULL, WAN, ZONE_NONE },
};
#define ELSEWHERE 0x118u /* of destinations: what a name may open */

static const struct {
	enum policy_protocol protocol;
	uint16_t port;
} services[] = {
	{ POLICY_PROTOCOL_TCP, 80 },
	{ POLICY_PROTOCOL_TCP, 443 },
	{ POLICY_PROTOCOL_TCP, 8080 },
	{ POLICY_PROTOCOL_UDP, 443 },
	{ POLICY_PROTOCOL_UDP, 5000 },
	{ POLICY_PROTOCOL_ICMP, 0 }, /* echo-request */
	{ POLICY_PROTOCOL_ICMP, 1 },
	{ POLICY_PROTOCOL_GRE, 0 },
};

static const char *const names[] = { "example.com", "www.example.com",
	"a.www.example.com", "ads.example.net", "notexample.com", NULL };
static const char *const methods[] = { "GET", "POST", "CONNECT", NULL };
static const char *const paths[] = { "/", "/admin/users", "/admin", NULL };
static const char *const users[] = { "alice", "bob", NULL };
static const char *const types[] = { "image/png", "text/html", "image/svg+xml",
	NULL };

/* Minutes of the week; the last two are the first ones behind their hours. */
static const unsigned times[] = {
	0 * 1440 + 9 * 60 + 30, /* mon 09:30 */
	5 * 1440 + 12 * 60,     /* sat 12:00 */
	1 * 1440 + 23 * 60,     /* tue 23:00 */
	6 * 1440 + 1439,        /* sun 23:59 */
	0,                      /* mon 00:00 */
	2 * 1440 + 6 * 60,      /* wed 06:00 */
	4 * 1440 + 18 * 60,     /* fri 18:00 */
};

/* TLS on the last row but one; without either there is no scheme. */
static const enum policy_scheme schemes[] = { POLICY_SCHEME_HTTP,
	POLICY_SCHEME_HTTPS, POLICY_SCHEME_HTTP };

/* STR is no constant. */
#define FIELD_TEXT(text)                                                       \
	{                                                                      \
		text, sizeof(text) - 1                                         \
	}

/* The fields of a request; the last row is no request at all. */
static const struct flow_header field_one[] = { { FIELD_TEXT("X-A"),
    FIELD_TEXT("one") } };
static const struct flow_header field_both[] = { { FIELD_TEXT("x-a"),
						     FIELD_TEXT("two") },
	{ FIELD_TEXT("X-a"), FIELD_TEXT("one") } };
static const struct flow_header field_other[] = { { FIELD_TEXT("X-B"),
    FIELD_TEXT("one") } };
static const struct flow_header field_mixed[] = { { FIELD_TEXT("X-A"),
						      FIELD_TEXT("two") },
	{ FIELD_TEXT("X-B"), FIELD_TEXT("three") } };
static const struct {
	const struct flow_header *items;
	size_t count;
} headers[] = {
	{ NULL, 0 },
	{ field_one, 1 },
	{ field_both, 2 },
	{ field_other, 1 },
	{ field_mixed, 2 },
	{ NULL, 0 },
};

/* When the running gateway learns a fact of a flow on its way to a server. */
static const struct fact {
	enum policy_fact fact;
	size_t rows;
	bool can_lack;
	enum policy_phase learned;
} facts[FACTS] = {
	[DESTINATION] = { POLICY_FACT_DESTINATION, COUNT_OF(destinations),
	    false, POLICY_PHASE_PACKET },
	[NAME] = { POLICY_FACT_NAME, COUNT_OF(names), true, POLICY_PHASE_NAME },
	[SERVICE] = { POLICY_FACT_SERVICE, COUNT_OF(services), false,
	    POLICY_PHASE_PACKET },
	[TIME] = { POLICY_FACT_TIME, COUNT_OF(times), false,
	    POLICY_PHASE_PACKET },
	[SCHEME] = { POLICY_FACT_SCHEME, COUNT_OF(schemes), true,
	    POLICY_PHASE_REQUEST },
	[METHOD] = { POLICY_FACT_METHOD, COUNT_OF(methods), true,
	    POLICY_PHASE_REQUEST },
	[PATH] = { POLICY_FACT_PATH, COUNT_OF(paths), true,
	    POLICY_PHASE_REQUEST },
	[USER] = { POLICY_FACT_USER, COUNT_OF(users), true,
	    POLICY_PHASE_REQUEST },
	[HEADER] = { POLICY_FACT_HEADER, COUNT_OF(headers), true,
	    POLICY_PHASE_REQUEST },
	[TYPE] = { POLICY_FACT_TYPE, COUNT_OF(types), true,
	    POLICY_PHASE_RESPONSE },
};
_Static_assert(POLICY_FACT_COUNT == FACTS + 1, "a fact that the twin lacks");

struct word {
	const char *word;
	uint32_t holds;
	uint32_t names; /* of destinations: those that it holds by name */
	bool vague;     /* it holds all or nothing and does not say so */
};

static const struct word from_words[] = {
	{ "lan", 0x03, 0, false }, { "guest", 0x04, 0, false },
	{ "wan", 0x18, 0, false }, { "self", 0x20, 0, false },
	{ "10.0.0.5", 0x02, 0, false },
	{ "10.0.0.0-10.0.9.255", 0x07, 0, false }, { "boss", 0x12, 0, false },
	{ "any", 0x3f, 0, false }, /* the last: not behind `except` */
};

static const struct word to_words[] = {
	{ "lan", 0x03, 0, false }, { "guest", 0x04, 0, false },
	{ "wan", 0x118, 0, false }, { "self", 0xe0, 0, false },
	{ "10.0.0.200", 0x02, 0, false }, { "203.0.113.64/26", 0x18, 0, false },
	{ "example.com", 0, 0x01, false }, { "*.example.com", 0, 0x06, false },
	{ ".www.example.com", 0, 0x06, false },
	{ "ads.example.net", 0, 0x08, false }, { "both", 0x12, 0x09, false },
	{ "any", 0x1ff, 0, false }, /* the last: not behind `except` */
};

static const struct word own_words[] = {
	{ "lan", 0x20, 0, false },
	{ "wan", 0x40, 0, false }, /* published to IPv4 only */
};

/* Behind ports stands no whole protocol but the last word, which has none of
 * the others' ports. */
static const struct word port_words[] = {
	{ "tcp 80", 0x01, 0, false },
	{ "tcp 80-443", 0x03, 0, false },
	{ "web", 0x0b, 0, false },
	{ "icmp", 0x60, 0, false },
	{ "icmp echo-request", 0x20, 0, false },
	{ "gre", 0x80, 0, false },
	{ "udp 443", 0x08, 0, false },
};

static const struct word whole_words[] = {
	{ "tcp", 0x07, 0, false },
	{ "udp", 0x18, 0, false },
	{ "icmp", 0x60, 0, false },
	{ "icmp echo-request", 0x20, 0, false },
	{ "gre", 0x80, 0, false },
};

static const struct word time_words[] = {
	{ "office", 0x01, 0, false },
	{ "night", 0x1c, 0, false },
	{ "weekend", 0x0a, 0, false },
	{ "turn", 0x18, 0, false },
	{ "always", 0x7f, 0, true },
};

static const struct word scheme_words[] = {
	{ "http", 0x1, 0, false },
	{ "https", 0x2, 0, false },
};

static const struct word method_words[] = {
	{ "GET", 0x1, 0, false },
	{ "POST", 0x2, 0, false },
	{ "CONNECT", 0x4, 0, false },
};

static const struct word path_words[] = {
	{ "\"/\"", 0x1, 0, false },
	{ "\"/admin*\"", 0x6, 0, false },
	{ "\"/admin/*\"", 0x2, 0, false },
	{ "\"*\"", 0x7, 0, false },
};

static const struct word user_words[] = {
	{ "alice", 0x1, 0, false },
	{ "bob", 0x2, 0, false },
	{ "Alice", 0x0, 0, true },
};

/* Whole conditions, one of which a rule can have. */
static const struct word header_words[] = {
	{ "X-A \"one\"", 0x06, 0, false },
	{ "x-a \"tw*\"", 0x14, 0, false },
	{ "X-A \"one\", \"*o\"", 0x16, 0, false },
	{ "X-B \"*\"", 0x18, 0, false },
	{ "X-A \"*\" header X-B \"*\"", 0x10, 0, false },
	{ "X-A \"one\" header x-A \"two\"", 0x04, 0, false },
	{ "X-A \"One\"", 0, 0, true },
};

static const struct word type_words[] = {
	{ "image/png", 0x1, 0, false },
	{ "image/*", 0x5, 0, false },
	{ "TEXT/HTML", 0x2, 0, false },
	{ "*/*", 0x7, 0, false },
};

/* Conditions that begin with a word of their own. */
static const struct condition {
	const char *word;
	unsigned fact;
	const struct word *words;
	size_t count, words_max;
} conditions[] = {
	{ "during", TIME, time_words, COUNT_OF(time_words), 3 },
	{ "scheme", SCHEME, scheme_words, COUNT_OF(scheme_words), 3 },
	{ "method", METHOD, method_words, COUNT_OF(method_words), 3 },
	{ "path", PATH, path_words, COUNT_OF(path_words), 3 },
	{ "user", USER, user_words, COUNT_OF(user_words), 3 },
	{ "header", HEADER, header_words, COUNT_OF(header_words), 1 },
	{ "type", TYPE, type_words, COUNT_OF(type_words), 3 },
};

static const char world_head[] =
    "zone lan = int0 10.0.0.0/24\nzone guest = int1 10.0.9.0/24\n"
    "zone wan = ext0\nname boss = { 10.0.0.5, 2001:db8::9 }\n"
    "name both = { example.com, 203.0.113.66, ads.example.net, 10.0.0.200 }\n"
    "service web = { tcp 80, tcp 443, udp 443 }\n"
    "hours office = mon-fri 08:00-18:00\nhours night = 22:00-06:00\n"
    "hours weekend = sat-sun\nhours turn = sun 23:59-00:01\n"
    "hours always = mon-sun\nparent corp = http 192.0.2.8:3128\n"
    "parent same = http 192.0.2.8:3128\n"
    "parent other = http 192.0.2.8:3128, socks5 192.0.2.9:1080\n"
    "proxy { ca \"ca.pem\" }\n";
#define WORLD_HEAD_LINES 15

#endif
