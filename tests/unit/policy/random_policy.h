/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policies by chance, for the twins: small enough that all their flows can be
 * asked one by one, and with enough in common that rules meet.  And any policy
 * from a text in memory.
 */
#ifndef GATEHOUSE_TESTS_POLICY_RANDOM_POLICY_H
#define GATEHOUSE_TESTS_POLICY_RANDOM_POLICY_H

#include "policy/explain.h"
#include "policy/learning.h"
#include "policy/space.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* xorshift64*: the same policies on every machine. */
static uint64_t chance_state = 1;

static inline unsigned
chance(unsigned below)
{
	chance_state ^= chance_state >> 12;
	chance_state ^= chance_state << 25;
	chance_state ^= chance_state >> 27;
	return (unsigned)((chance_state * UINT64_C(0x2545f4914f6cdd1d)) >> 33) %
	       below;
}

static inline const char *
one_of(const char *const *words, size_t count)
{
	return words[chance((unsigned)count)];
}

#define ONE_OF(...)                                                            \
	one_of((const char *const[]){ __VA_ARGS__ },                           \
	    COUNT_OF(((const char *const[]){ __VA_ARGS__ })))

/* How many policies a twin tries: TWIN_ROUNDS, or what is quick. */
static inline unsigned
twin_rounds(unsigned quick)
{
	const char *wanted = getenv("TWIN_ROUNDS");

	return wanted != NULL ? (unsigned)strtoul(wanted, NULL, 10) : quick;
}

/* Files that "test.policy" may include: "part0.policy" and so on. */
static const char *part_texts[4];

static inline const char *
part_text(const char *path)
{
	unsigned part;

	return sscanf(path, "part%u.policy", &part) == 1 &&
		       part < COUNT_OF(part_texts)
		   ? part_texts[part]
		   : NULL;
}

static int
read_from_memory(
    void *context, const char *path, size_t bytes_max, struct text *ret)
{
	static const struct {
		const char *path, *text;
	} lists[] = {
		{ "bad.netset",
		    "198.51.100.0/25\n192.0.2.7\n2001:db8:b::/48\n" },
		{ "ads.hosts", "ads.example\n.tracker.example\n" },
		{ "nothing.netset", "# nothing\n" },
		{ "staff", "anna:$5$pepper$"
			   "0123456789012345678901234567890123456789012\n"
			   "zoe:$5$salt$"
			   "0123456789012345678901234567890123456789012\n" },
		{ "ca.pem", "-----BEGIN CERTIFICATE-----\n"
			    "-----BEGIN PRIVATE KEY-----\n" },
		{ "users", "anna:$5$salt$"
			   "0123456789012345678901234567890123456789012\n" },
		{ "block.txt",
		    "! a list with exceptions\n||block.example^\n"
		    "@@||good.block.example^\n||bad.good.block.example^\n"
		    "||tracker.example^\n" },
	};
	const char *text = part_text(path);

	(void)bytes_max;
	if (strcmp(path, "test.policy") == 0)
		text = context;
	for (size_t i = 0; i < COUNT_OF(lists); i++)
		if (strcmp(path, lists[i].path) == 0)
			text = lists[i].text;
	if (text == NULL)
		return -ENOENT;
	text_addz(ret, text);
	return 0;
}

/*
 * Zones whose names are learned, whether they ask us or not: what a listener of
 * `dns` takes would be another thing to know.
 */
static uint64_t random_learns;

static inline void
learn_names(struct policy *policy)
{
	const struct policy_rule *rule = NULL;

	policy->learns =
	    random_learns & (policy_zone_bit(policy->zone_count) - 1);
	assert_int_equal(policy_learning_find(policy, &rule), 0);
}

/* The policy, or NULL and its errors are printed. */
static inline struct policy *
policy_of(const char *text)
{
	struct policy_loader loader = { .read = read_from_memory,
		.context = (void *)(uintptr_t)text };
	struct policy *policy = NULL, *kept = NULL;
	struct text words = TEXT_EMPTY;
	struct report report;

	report_init(&report);
	if (policy_load("test.policy", &loader, &report, &policy, &kept) < 0) {
		report_render(&report, false, &words);
		(void)fprintf(stderr, "%s\n%s", text, words.at);
	}
	text_fini(&words);
	report_fini(&report);
	policy_unref(kept);
	if (policy != NULL)
		learn_names(policy);
	return policy;
}

/*
 * What the rules of one policy ask for besides the rest: a bit each.  All at
 * once would make more flows than can be asked one by one; who asks but some of
 * them says so.
 */
static bool flavours_mix;

enum flavour {
	FLAVOUR_TIME,
	FLAVOUR_SCHEME,
	FLAVOUR_USER,
	FLAVOUR_HEADER,
	FLAVOUR_TYPE,
	FLAVOUR_COUNT
};

static unsigned flavours;
static bool inspects; /* the policy has a CA */

static inline bool
is_flavoured(enum flavour flavour)
{
	return (flavours >> flavour & 1) != 0 && chance(3) == 0;
}

static inline void
add_random_flavours(struct text *out, bool opens)
{
	if (is_flavoured(FLAVOUR_TIME))
		text_addf(out, " during %s",
		    ONE_OF("office", "night", "office, night", "weekend"));
	if (is_flavoured(FLAVOUR_SCHEME))
		text_addf(out, " scheme %s",
		    opens ? ONE_OF("https", "http, https")
			  : ONE_OF("http", "https", "http, https"));
	if (is_flavoured(FLAVOUR_USER))
		text_addf(
		    out, " user %s", ONE_OF("anna", "bert", "anna, bert"));
	for (unsigned i = 0; i < 2; i++)
		if (is_flavoured(FLAVOUR_HEADER))
			text_addf(out, " header %s",
			    ONE_OF("A \"a*\"", "A \"*b\"", "a \"*\"",
				"B \"x\", \"y*\"", "A \"z\", \"a*\"",
				"B \"\""));
	if (is_flavoured(FLAVOUR_TYPE))
		text_addf(out, " type %s",
		    ONE_OF("image/*", "*/png", "video/mp4, image/png"));
}

static inline void
add_random_endpoint(struct text *out, bool source)
{
	unsigned count = 1 + (chance(4) == 0);

	for (unsigned i = 0; i < count; i++) {
		text_addz(out, i > 0 ? ", " : "");
		text_addz(out,
		    source || chance(3) > 0
			? ONE_OF("lan", "lan", "guest", "wan", "any", "any",
			      "self", "10.0.0.1", "10.0.0.2-10.0.0.5",
			      "203.0.113.9", "2001:db8:1::5", "bad", "servers",
			      "0.0.0.0/0", "127.0.0.1", "169.254.0.0/16")
			: ONE_OF("ads", "www.example", "*.www.example",
			      ".tracker.example", "mixed", "nothing", "block"));
	}
}

/* One side, perhaps without a part of it. */
static inline void
add_random_side(struct text *out, bool source)
{
	add_random_endpoint(out, source);
	if (chance(6) > 0)
		return;
	text_addz(out, " except ");
	text_addz(out, source || chance(2) == 0
			   ? ONE_OF("lan", "10.0.0.1", "bad, 10.0.0.3",
				 "servers", "nothing", "self", "2001:db8::/32")
			   : ONE_OF("ads", "block", "www.example", "mixed",
				 "wan, .tracker.example", "nothing"));
}

static inline void
add_random_limit(struct text *out, bool direct)
{
	if (chance(16) == 0)
		text_addz(
		    out, ONE_OF(" bandwidth 2MB/s", " bandwidth 16Mbit/s down",
			     " bandwidth 8Mbit/s up per source"));
	if (!direct && chance(12) == 0)
		text_addz(
		    out, ONE_OF(" quota 10G per day", " quota 10G per day",
			     " quota 1T per month per source"));
	if (chance(8) == 0)
		text_addz(
		    out, ONE_OF(" limit 5/s", " limit 5/s",
			     " limit 20/m burst 3", " limit 5/s per source"));
	if (chance(12) == 0)
		text_addz(
		    out, ONE_OF(" connections 7", " connections 7 per source"));
}

static inline void
add_random_ban(struct text *out)
{
	if (chance(8) == 0)
		text_addz(
		    out, ONE_OF(" ban 10m after 20 refused in 1m per source",
			     " ban 10m after 20 refused in 1m per source",
			     " ban 1h after 1 refused in 1s per source"));
}

static inline void
add_random_services(struct text *out)
{
	if (chance(3) > 0)
		text_addf(out, " %s",
		    ONE_OF("tcp 80", "tcp 22-90", "web", "tcp", "udp 443",
			"icmp echo-request", "icmp", "gre", "tcp 443, udp",
			"{ tcp 80, tcp 25 }"));
}

static inline void
add_random_rule(struct text *out)
{
	const char *verdict = ONE_OF("allow", "allow", "reject", "drop");
	bool report = chance(8) == 0;

	if (chance(12) == 0) {
		text_addf(out, "publish %s tcp %s -> 10.0.0.2%s",
		    ONE_OF("lan", "wan"), ONE_OF("80", "25"),
		    ONE_OF("", " tcp 8080", ", 2001:db8:1::2"));
	} else if (chance(24) == 0) {
		text_addf(out, "publish %s tcp 80-89 -> 10.0.0.2%s",
		    ONE_OF("lan", "wan"),
		    ONE_OF("", " tcp 8080", " tcp 8080-8089", " tcp 80-89"));
	} else {
		text_addf(out, "%s%s ", report ? "report " : "", verdict);
		add_random_side(out, true);
		text_addz(out, " -> ");
		add_random_side(out, false);
		add_random_services(out);
		unsigned rare = flavours != 0 ? 18 : 6;
		if (chance(rare) == 0)
			text_addf(out, " method %s",
			    ONE_OF("GET", "CONNECT", "GET, POST"));
		if (chance(rare) == 0)
			text_addf(out, " path %s",
			    ONE_OF("\"/a/*\"", "\"*.b\"", "\"/a/*\", \"/c\""));
		bool direct = chance(8) == 0 && verdict[0] == 'a';
		if (direct)
			text_addz(out, " direct");
		else if (chance(5) == 0 && verdict[0] == 'a' && !report)
			text_addf(out, " via %s",
			    ONE_OF("corp", "corp", "same", "other"));
		bool opens = inspects && !direct && verdict[0] == 'a' &&
			     !report && chance(3) == 0;
		if (opens)
			text_addz(
			    out, ONE_OF(" inspect", " inspect unless pinned"));
		add_random_flavours(out, opens);
		if (verdict[0] == 'a' && !report)
			add_random_limit(out, direct);
		else if (!report)
			add_random_ban(out);
	}
	if (chance(4) == 0)
		text_addz(out, ONE_OF(" log", " log as \"x\""));
	text_addc(out, '\n');
}

static inline void
choose_flavours(void)
{
	flavours = chance(2) == 0 ? 0 : 1u << chance(FLAVOUR_COUNT);
	if (flavours != 0 && chance(6) == 0)
		flavours |= 1u << chance(FLAVOUR_COUNT);
	if (flavours_mix && chance(3) == 0)
		flavours = chance(1u << FLAVOUR_COUNT);
}

static inline void
add_random_head(struct text *out)
{
	choose_flavours();
	text_addf(out, "zone lan = int0 %s\n",
	    ONE_OF("10.0.0.0/29", "10.0.0.0/29 2001:db8:1::/64",
		"10.0.0.0/29, 198.51.100.0/28"));
	text_addf(out, "zone guest = int1 %s\n",
	    ONE_OF("10.0.9.0/30", "2001:db8:9::/64"));
	text_addf(out, "zone wan = %s\n",
	    ONE_OF("ext0", "ext0", "ext0 203.0.113.0/24"));
	text_addz(out,
	    "name servers = { 10.0.0.3, 203.0.113.9-203.0.113.20 }\n"
	    "name mixed = { 10.0.0.4, .mixed.example, ads.example }\n"
	    "list bad = addresses \"bad.netset\"\n"
	    "list ads = domains \"ads.hosts\"\n"
	    "list block = domains \"block.txt\"\n"
	    "hours office = mon-fri 08:00-18:00\n"
	    "hours night = 22:00-06:00\n"
	    "hours weekend = sat-sun, fri 17:00-24:00\n"
	    "list nothing = addresses \"nothing.netset\"\n"
	    "parent corp = http 192.0.2.8:3128, socks5 up.example:1080\n"
	    "parent same = http 192.0.2.8:3128, socks5 up.example:1080\n"
	    "parent other = socks5 [2001:db8::8]:1080, https up.example:443\n");
	inspects = chance(4) == 0;
	if (inspects || chance(3) > 0)
		text_addf(out, "proxy {\n%s%s%s%s%s%s%s%s%s}\n",
		    inspects ? ONE_OF("ca \"ca.pem\"\n",
				   "ca \"ca.pem\"\ntrust \"ca.pem\"\n")
			     : "",
		    ONE_OF("", "source 203.0.113.7\n",
			"source 2001:db8:f::7, 203.0.113.7\n"),
		    ONE_OF("", "connections 9 per server\n",
			"connections 256 per server wait 2m\n"),
		    ONE_OF("", "listen 10.0.0.1:3128 for lan\n"),
		    ONE_OF("", "intercept web for lan, guest\n",
			"intercept tcp 80 for lan\n",
			"intercept web for lan, guest quic\n",
			"intercept udp 443 for lan quic\n",
			"intercept web for guest keep source\n"),
		    ONE_OF("", "cache memory 64M\n",
			"cache memory 64M, cookies\n",
			"cache object 8M, disk \"/var/c\" 2G, memory 1G\n"),
		    ONE_OF("", "compress\n", "compress gzip 6, br\n"),
		    ONE_OF("", "users \"users\"\n", "users pam \"login\"\n"),
		    ONE_OF("", "private\n", "tell gateway,client\n",
			"tell nothing\n"));
	/* At a port that no flow here goes to. */
	if (chance(4) == 0)
		text_addf(out,
		    "dns {\nlisten 10.0.0.1:5353, [2001:db8:1::1]:5353 for "
		    "lan\n%s%s%s%s%s}\n",
		    ONE_OF("", "upstream 203.0.113.53\n",
			"upstream 203.0.113.53:53,tls 203.0.113.54 name "
			"dns.example\n"),
		    ONE_OF("", "local .corp.example, nas.example\n"),
		    ONE_OF("", "cache 8M\n"), ONE_OF("", "ttl 5s-1h\n"),
		    ONE_OF("", "limit 100/s per source\n",
			"limit 100/m burst 9\n"));
	if (chance(3) == 0)
		text_addz(out, "masquerade lan, guest -> wan\n");
	if (chance(4) == 0)
		text_addf(out, "never ban %s\n",
		    ONE_OF("servers", "servers", "bad, 192.0.2.7", "lan",
			"nothing"));
	if (chance(4) == 0)
		text_addf(out, "firewall {\n%s%s%s}\n",
		    ONE_OF("", "invalid drop\n", "invalid allow for lan\n"),
		    ONE_OF("", "clamp mss for wan, lan\n"),
		    ONE_OF("", "helper ftp, sip for { lan, guest }\n"));
	if (chance(4) == 0)
		text_addf(out, "snat %s -> wan to 203.0.113.9%s\n",
		    ONE_OF("lan", "any", "lan except 10.0.0.3", "servers"),
		    ONE_OF("", ", 2001:db8:f::9"));
	if (chance(4) == 0)
		text_addz(
		    out, ONE_OF("map 10.0.0.2 <-> 203.0.113.7 at wan\n",
			     "map 10.0.0.4/31 <-> 203.0.113.4/31 at wan\n"));
}

static inline void
add_random_policy(struct text *out, unsigned rules_max)
{
	unsigned rules = 1 + chance(rules_max);

	add_random_head(out);
	for (unsigned i = 0; i < rules; i++)
		add_random_rule(out);
}

/* The next flow of a space in counting order; false behind the last. */
static inline bool
next_cell(const struct space *space, struct space_cell *cell)
{
	for (size_t i = SPACE_DIMENSION_COUNT; i-- > 0;) {
		if (++cell->at[i] < space->axes[i].count)
			return true;
		cell->at[i] = 0;
	}
	return false;
}

/* Any flow of the universe; false if a hundred throws hit none. */
static inline bool
random_cell(const struct space *space, struct space_cell *cell)
{
	for (unsigned tries = 0; tries < 100; tries++) {
		for (size_t i = 0; i < SPACE_DIMENSION_COUNT; i++)
			cell->at[i] = chance((unsigned)space->axes[i].count);
		if (space_has(space, space->universe, cell))
			return true;
	}
	return false;
}

static inline bool
is_listener(const struct policy *policy, const struct flow *flow)
{
	for (size_t i = 0; i < policy->listen_count; i++) {
		const struct policy_listen *listen = &policy->listens[i];
		if ((listen->zones & policy_zone_bit(flow->from_zone)) != 0 &&
		    (flow->protocol == POLICY_PROTOCOL_TCP ||
			flow->protocol == POLICY_PROTOCOL_UDP) &&
		    flow->port == listen->at.port &&
		    flow->to_zone == ZONE_SELF &&
		    address_eq(flow->destination, listen->at.address))
			return true;
	}
	return false;
}

static inline struct address
an_address_of(const struct partition *atoms, size_t atom)
{
	const struct address_atom *one = &atoms->of.addresses[atom];
	size_t kept = one->range_count < PARTITION_RANGES_KEPT
			  ? one->range_count
			  : PARTITION_RANGES_KEPT;
	const struct address_range *range =
	    &one->ranges[chance((unsigned)kept)];

	return chance(2) == 0 ? range->first : range->last;
}

static inline unsigned
a_minute_of(const struct partition *times, size_t atom)
{
	unsigned minute = chance(HOURS_WEEK_MINUTES);

	while (!hours_has(&times->of.times[atom].minutes, minute))
		minute = (minute + 1) % HOURS_WEEK_MINUTES;
	return minute;
}

static inline bool
fits(const char *pattern, const char *text)
{
	if (*pattern == '*')
		return fits(pattern + 1, text) ||
		       (*text != '\0' && fits(pattern, text + 1));
	return *pattern == *text &&
	       (*text == '\0' || fits(pattern + 1, text + 1));
}

static inline size_t
conditions_met(const struct space *space, const struct flow_header *field)
{
	size_t met = 0, count = space->headers.count;

	for (size_t i = 0; i < count; i++) {
		const struct policy_header *header = space->headers.items[i];
		for (size_t j = 0; j < header->value_count; j++) {
			char pattern[64];
			(void)snprintf(pattern, sizeof(pattern), "%.*s",
			    STR_ARG(header->values[j]));
			if (str_eq_nocase(header->name, field->name) &&
			    fits(pattern, field->value.at))
				met |= (size_t)1 << (count - 1 - i);
		}
	}
	return met;
}

/* Fields that meet the conditions of the cell and no others. */
static inline void
give_headers(const struct space *space, size_t cell, struct flow *flow)
{
	static const struct flow_header all[] = {
		{ STR_INIT("A"), STR_INIT("a") },
		{ STR_INIT("a"), STR_INIT("b") },
		{ STR_INIT("a"), STR_INIT("ab") },
		{ STR_INIT("A"), STR_INIT("z") },
		{ STR_INIT("A"), STR_INIT("other") },
		{ STR_INIT("B"), STR_INIT("x") },
		{ STR_INIT("b"), STR_INIT("yy") },
		{ STR_INIT("b"), STR_INIT("") },
		{ STR_INIT("b"), STR_INIT("q") },
		{ STR_INIT("C"), STR_INIT("a") },
	};
	static struct flow_header given[1 << SPACE_HEADERS_MAX][COUNT_OF(all)];
	size_t met = 0;

	flow->headers = given[cell];
	flow->header_count = 0;
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		size_t by_this = conditions_met(space, &all[i]);
		if ((by_this & ~cell) != 0)
			continue;
		given[cell][flow->header_count++] = all[i];
		met |= by_this;
	}
	assert_int_equal(met, cell);
	if (cell == 0 && chance(2) == 0)
		flow->known[POLICY_FACT_HEADER] = FLOW_ABSENT;
}

static inline void
give_request(
    const struct space *space, const struct space_cell *cell, struct flow *flow)
{
	size_t scheme = cell->at[SPACE_SCHEME], user = cell->at[SPACE_USER];
	size_t type = cell->at[SPACE_TYPE];

	if (scheme == 0 && (space->has_schemes || chance(2) == 0))
		flow->known[POLICY_FACT_SCHEME] = FLOW_ABSENT;
	else if (scheme > 0)
		flow->scheme = (enum policy_scheme)(scheme - 1);
	flow->user = user > 0 ? space->users.items[user - 1] : STR("carl");
	if (user == 0 && chance(2) == 0)
		flow->known[POLICY_FACT_USER] = FLOW_ABSENT;
	flow->type =
	    type > 0 ? space->types.of.texts[type].example : STR("text/none");
	if (type == 0 && chance(2) == 0)
		flow->known[POLICY_FACT_TYPE] = FLOW_ABSENT;
	give_headers(space, cell->at[SPACE_HEADER], flow);
}

/* Whether the request shows nothing that a rule mentions. */
static inline bool
is_plain_request(const struct space_cell *cell)
{
	return cell->at[SPACE_SCHEME] == 0 && cell->at[SPACE_METHOD] == 0 &&
	       cell->at[SPACE_PATH] == 0 && cell->at[SPACE_USER] == 0 &&
	       cell->at[SPACE_HEADER] == 0 && cell->at[SPACE_TYPE] == 0;
}

static inline bool
some_inspect(const struct space *space)
{
	for (unsigned p = 0; p < space->policy_count; p++)
		if (space->policies[p]->inspects)
			return true;
	return false;
}

/*
 * The flow as the evaluator is asked about it.  What the proxy sees of a
 * request that shows neither method nor path that a rule mentions is the same
 * as what it sees of TLS; `last` is chosen among both.
 */
static inline struct flow
flow_of(
    const struct space *space, unsigned which, const struct space_cell *cell)
{
	const struct policy *policy = space->policies[which];
	const struct space_source *source =
	    &space->sources.items[cell->at[SPACE_SOURCE]];
	const struct space_destination *to =
	    &space->destinations.items[cell->at[SPACE_DESTINATION]];
	const struct space_service *service =
	    &space->services.items[cell->at[SPACE_SERVICE]];
	size_t name = cell->at[SPACE_NAME], method = cell->at[SPACE_METHOD];
	size_t path = cell->at[SPACE_PATH], mode = cell->at[SPACE_MODE];
	struct flow flow = {
		.from_zone = source->zone[which],
		.to_zone = to->zone[which],
		.own_zone = to->own_zone[which],
		.source = an_address_of(&space->from.atoms, source->atom),
		.destination = an_address_of(&space->to.atoms, to->atom),
		.protocol = service->protocol,
		.port = chance(2) == 0 ? service->first : service->last,
	};
	memset(flow.known, FLOW_KNOWN, sizeof(flow.known));
	flow.name = space->names.of.names[name].name;
	if (name == 0 && chance(2) == 0)
		flow.name = STR("unheard.example");
	else if (name == 0)
		flow.known[POLICY_FACT_NAME] = FLOW_ABSENT;
	else if (space->names.of.names[name].cover == DOMAIN_UNDER) {
		/* Texts of their own, so that flows can be kept. */
		static char below[64][DOMAIN_NAME_MAX + 1];
		char *text = below[name % 64];
		(void)snprintf(
		    text, sizeof(below[0]), "below.%.*s", STR_ARG(flow.name));
		flow.name = str_of(text);
	}
	flow.method =
	    method == 0 ? STR("TRACE") : space->methods.items[method - 1];
	flow.path = path == 0 && space->paths.of.texts[0].example.at == NULL
			? STR("/q\x7f")
			: space->paths.of.texts[path].example;
	flow.minute = a_minute_of(&space->times, cell->at[SPACE_TIME]);
	give_request(space, cell, &flow);
	flow.last = POLICY_PHASE_RESPONSE;
	/* A request inside TLS; whether that is opened is the policy's affair. */
	if (some_inspect(space) &&
	    cell->at[SPACE_SCHEME] == (size_t)POLICY_SCHEME_HTTPS + 1)
		flow.tls = FLOW_TLS_REQUEST;
	if (mode == SPACE_EXPLICIT) {
		flow.way = FLOW_EXPLICIT;
		flow.connects = flow.tls != FLOW_BARE;
		if (str_is(flow.method, "CONNECT")) {
			flow.known[POLICY_FACT_PATH] = FLOW_ABSENT;
			flow.last = POLICY_PHASE_REQUEST;
		}
	} else if (mode == SPACE_DIALLED) {
		flow.way = FLOW_INTERCEPTED;
	} else if (is_listener(policy, &flow)) {
		flow.way = FLOW_EXPLICIT;
		flow.tls = FLOW_BARE; /* nothing is asked of it yet */
		memset(flow.known, FLOW_NOT_GIVEN, sizeof(flow.known));
		flow.known[POLICY_FACT_TIME] = FLOW_KNOWN;
	} else if (flow.to_zone != ZONE_SELF &&
		   flow.protocol < POLICY_PROTOCOL_COUNT &&
		   policy_intercepts(
		       policy, flow.from_zone, flow.protocol, flow.port)) {
		flow.way = policy_carries(
			       policy, flow.from_zone, flow.protocol, flow.port)
			       ? FLOW_INTERCEPTED
			       : FLOW_UNCARRIED;
	}
	/* QUIC shows no request at all. */
	if (flow.way == FLOW_INTERCEPTED && is_plain_request(cell) &&
	    (flow.protocol != POLICY_PROTOCOL_TCP || chance(2) == 0))
		flow.last = POLICY_PHASE_NAME;
	flow.learns =
	    flow.way == FLOW_PLAIN && policy_learns(policy, flow.from_zone);
	return flow;
}

#endif
