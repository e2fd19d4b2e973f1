/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policies by chance, for the twins: small enough that all their flows can be
 * asked one by one, and with enough in common that rules meet.  And any policy
 * from a text in memory.
 */
#ifndef GATEHOUSE_TESTS_POLICY_RANDOM_POLICY_H
#define GATEHOUSE_TESTS_POLICY_RANDOM_POLICY_H

#include "policy/explain.h"
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
	};
	const char *text = NULL;

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

/* The policy, or NULL and its errors are printed. */
static inline struct policy *
policy_of(const char *text)
{
	struct policy_loader loader = { read_from_memory,
		(void *)(uintptr_t)text };
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
	return policy;
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
			      "0.0.0.0/0")
			: ONE_OF("ads", "www.example", "*.www.example",
			      ".tracker.example", "mixed", "nothing"));
	}
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

	if (chance(12) == 0) {
		text_addf(out, "publish %s tcp %s -> 10.0.0.2%s",
		    ONE_OF("lan", "wan"), ONE_OF("80", "25"),
		    ONE_OF("", " tcp 8080", ", 2001:db8:1::2"));
	} else {
		text_addf(out, "%s ", verdict);
		add_random_endpoint(out, true);
		text_addz(out, " -> ");
		add_random_endpoint(out, false);
		add_random_services(out);
		if (chance(6) == 0)
			text_addf(out, " method %s",
			    ONE_OF("GET", "CONNECT", "GET, POST"));
		if (chance(6) == 0)
			text_addf(out, " path %s",
			    ONE_OF("\"/a/*\"", "\"*.b\"", "\"/a/*\", \"/c\""));
		if (chance(8) == 0 && verdict[0] == 'a')
			text_addz(out, " direct");
	}
	if (chance(4) == 0)
		text_addz(out, ONE_OF(" log", " log as \"x\""));
	text_addc(out, '\n');
}

static inline void
add_random_head(struct text *out)
{
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
	    "list nothing = addresses \"nothing.netset\"\n");
	if (chance(3) > 0)
		text_addf(out, "proxy {\n%s%s}\n",
		    ONE_OF("", "listen 10.0.0.1:3128 for lan\n"),
		    ONE_OF("", "intercept web for lan, guest\n",
			"intercept tcp 80 for lan\n"));
	if (chance(3) == 0)
		text_addz(out, "masquerade lan, guest -> wan\n");
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
		    flow->protocol == POLICY_PROTOCOL_TCP &&
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
	flow.path = path == 0 && space->paths.of.paths[0].example.at == NULL
			? STR("/q\x7f")
			: space->paths.of.paths[path].example;
	flow.last = POLICY_PHASE_RESPONSE;
	if (mode == SPACE_EXPLICIT) {
		flow.way = FLOW_EXPLICIT;
		if (str_is(flow.method, "CONNECT"))
			flow.known[POLICY_FACT_PATH] = FLOW_ABSENT;
	} else if (mode == SPACE_DIALLED) {
		flow.way = FLOW_INTERCEPTED;
	} else if (is_listener(policy, &flow)) {
		flow.way = FLOW_EXPLICIT;
		memset(flow.known, FLOW_NOT_GIVEN, sizeof(flow.known));
	} else if (flow.to_zone != ZONE_SELF &&
		   flow.protocol < POLICY_PROTOCOL_COUNT &&
		   policy_intercepts(
		       policy, flow.from_zone, flow.protocol, flow.port)) {
		flow.way = flow.protocol == POLICY_PROTOCOL_TCP
			       ? FLOW_INTERCEPTED
			       : FLOW_UNCARRIED;
	}
	if (flow.way == FLOW_INTERCEPTED && method == 0 && path == 0 &&
	    chance(2) == 0)
		flow.last = POLICY_PHASE_NAME;
	return flow;
}

#endif
