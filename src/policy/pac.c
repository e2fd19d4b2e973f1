/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/pac.h"

#include "base/json.h"
#include "policy/evaluate.h"

#include <errno.h>

extern const char policy_pac_text[];

struct pac {
	const struct policy *policy;
	uint8_t zone;
	struct address source; /* family NONE: not known */
	size_t entries;        /* written so far */
	struct json json;
};

/* ---- names and addresses ---- */

static void
put_address(struct json *json, struct address address)
{
	static const char hex[] = "0123456789abcdef";
	size_t bytes = address.family == ADDRESS_IPV4 ? 4 : 16, len = 0;
	char digits[2 * 16];

	for (size_t i = 0; i < bytes; i++) {
		digits[len++] = hex[address.bytes[i] >> 4];
		digits[len++] = hex[address.bytes[i] & 15];
	}
	json_put_string(json, (struct str){ digits, len });
}

static void
put_ranges(struct pac *pac, const struct address_set *set)
{
	for (size_t i = 0; i < address_set_count(set); i++) {
		struct address_range range = address_set_range(set, i);
		json_array_begin(&pac->json);
		put_address(&pac->json, range.first);
		put_address(&pac->json, range.last);
		json_array_end(&pac->json);
		pac->entries++;
	}
}

/* As the script has them. */
#define MARK_ITSELF 1
#define MARK_UNDER  2
#define MARK_NOT    4 /* times the others */

static int
mark_of(enum domain_cover cover)
{
	switch (cover) {
	case DOMAIN_ITSELF:
		return MARK_ITSELF;
	case DOMAIN_UNDER:
		return MARK_UNDER;
	case DOMAIN_BOTH:
		break;
	}
	return MARK_ITSELF | MARK_UNDER;
}

/* Behind a dot, so that no name is one of the language's own. */
static void
put_name(struct pac *pac, struct str name, int marks)
{
	struct text key = TEXT_EMPTY;

	text_addc(&key, '.');
	text_add(&key, name);
	if (!key.full)
		json_name(&pac->json, key.at);
	pac->json.out->full |= key.full;
	json_put_integer(&pac->json, marks);
	text_fini(&key);
	pac->entries++;
}

static void
put_names(struct pac *pac, const struct domain_set *set)
{
	enum domain_cover cover;
	struct str name, other;

	json_object_begin(&pac->json);
	for (size_t i = 0; i < set->room; i++) {
		int marks = 0;
		if (domain_set_entry(set, i, &name, &cover))
			marks |= mark_of(cover);
		if (domain_set_exception(set, i, &other, &cover)) {
			name = other;
			marks |= MARK_NOT * mark_of(cover);
		}
		if (marks != 0)
			put_name(pac, name, marks);
	}
	json_object_end(&pac->json);
}

/* ---- one side of a rule ---- */

static size_t
count_entries(const struct policy_endpoint *endpoint)
{
	size_t count = 0;

	for (size_t i = 0; i < endpoint->group_count; i++)
		count += address_set_count(&endpoint->groups[i]->addresses) +
			 endpoint->groups[i]->domains.count +
			 endpoint->groups[i]->domains.exceptions;
	return count;
}

static void
put_zones(struct pac *pac, const struct policy_endpoint *endpoint)
{
	json_name(&pac->json, "zones");
	json_array_begin(&pac->json);
	for (uint8_t i = 0; i < pac->policy->zone_count; i++)
		if (endpoint->zones != POLICY_ZONES_ANY &&
		    (endpoint->zones & policy_zone_bit(i)) != 0)
			json_put_integer(&pac->json, i);
	json_array_end(&pac->json);
}

/* Names that packets do not show lead nowhere past the proxy. */
static void
put_side(struct pac *pac, const struct policy_endpoint *endpoint, bool names)
{
	bool fits = pac->entries + count_entries(endpoint) <= PAC_ENTRIES_MAX;
	size_t groups = fits ? endpoint->group_count : 0;
	struct json *json = &pac->json;

	json_object_begin(json);
	json_name(json, "any");
	json_put_bool(json, endpoint->zones == POLICY_ZONES_ANY);
	/* The gateway's own addresses are not the policy's knowledge. */
	json_name(json, "perhaps");
	json_put_bool(
	    json, !fits || !names || endpoint->own != 0 ||
		      (endpoint->zones != POLICY_ZONES_ANY &&
			  (endpoint->zones & policy_zone_bit(ZONE_SELF)) != 0));
	put_zones(pac, endpoint);
	json_name(json, "addresses");
	json_array_begin(json);
	for (size_t i = 0; i < groups; i++)
		put_ranges(pac, &endpoint->groups[i]->addresses);
	json_array_end(json);
	json_name(json, "names");
	json_array_begin(json);
	for (size_t i = 0; names && i < groups; i++)
		put_names(pac, &endpoint->groups[i]->domains);
	json_array_end(json);
	json_object_end(json);
}

/* ---- rules ---- */

static void
put_ports(struct pac *pac, const struct policy_services *services)
{
	json_name(&pac->json, "ports");
	json_array_begin(&pac->json);
	for (size_t i = 0; i < services->count; i++) {
		const struct policy_service *one = &services->items[i];
		if (one->protocol != POLICY_PROTOCOL_TCP)
			continue;
		json_array_begin(&pac->json);
		json_put_integer(&pac->json, one->first);
		json_put_integer(&pac->json, one->last);
		json_array_end(&pac->json);
	}
	json_array_end(&pac->json);
}

static bool
has_tcp(const struct policy_services *services)
{
	bool has = services->count == 0;

	for (size_t i = 0; i < services->count; i++)
		has |= services->items[i].protocol == POLICY_PROTOCOL_TCP;
	return has;
}

/* A flow of the client's, of which nothing else is known. */
static struct flow
flow_of(const struct pac *pac)
{
	struct flow flow = { .way = FLOW_EXPLICIT,
		.last = POLICY_PHASE_RESPONSE,
		.from_zone = pac->zone,
		.to_zone = ZONE_NONE,
		.own_zone = ZONE_NONE,
		.protocol = POLICY_PROTOCOL_TCP,
		.source = pac->source };

	if (pac->source.family != ADDRESS_NONE)
		flow.known[POLICY_FACT_SOURCE] = FLOW_KNOWN;
	return flow;
}

static bool
may_allow(const struct pac *pac, const struct policy_rule *rule)
{
	struct flow flow = flow_of(pac);

	return rule->verdict == POLICY_VERDICT_ALLOW && !rule->report &&
	       !rule->publish && has_tcp(&rule->services) &&
	       policy_rule_match(pac->policy, rule, &flow, POLICY_PHASE_PACKET)
		       .match != POLICY_MATCH_NO;
}

static bool
is_for_some_sources(const struct policy_rule *rule)
{
	return rule->from.group_count > 0 || rule->from.except != NULL;
}

/* Whether a URL is not all that it asks for. */
static bool
asks_more(const struct pac *pac, const struct policy_rule *rule)
{
	return policy_rule_reads_head(rule) || rule->during != NULL ||
	       (pac->source.family == ADDRESS_NONE &&
		   is_for_some_sources(rule));
}

/* Whether somebody on the way past the proxy sees the name: who hands the flow
 * over to it, or answers the client's DNS. */
static bool
are_names_seen(const struct pac *pac, const struct policy_rule *rule)
{
	const struct policy *policy = pac->policy;

	if ((policy->learns & policy_zone_bit(pac->zone)) != 0 || !rule->direct)
		return true;
	for (size_t i = 0; i < rule->services.count; i++) {
		const struct policy_service *one = &rule->services.items[i];
		if (one->protocol == POLICY_PROTOCOL_TCP &&
		    (!policy_intercepts(
			 policy, pac->zone, one->protocol, one->first) ||
			!policy_intercepts(
			    policy, pac->zone, one->protocol, one->last)))
			return false;
	}
	return rule->services.count > 0;
}

static void
put_rule(struct pac *pac, const struct policy_rule *rule)
{
	bool names = are_names_seen(pac, rule);

	json_object_begin(&pac->json);
	json_name(&pac->json, "direct");
	json_put_bool(&pac->json, rule->direct);
	json_name(&pac->json, "perhaps");
	json_put_bool(&pac->json, asks_more(pac, rule));
	put_ports(pac, &rule->services);
	json_name(&pac->json, "to");
	put_side(pac, &rule->to, names);
	json_name(&pac->json, "except");
	if (rule->to.except != NULL)
		put_side(pac, rule->to.except, true);
	else
		json_put_null(&pac->json);
	json_object_end(&pac->json);
	text_addc(pac->json.out, '\n');
}

/* Behind the last one that says `direct` nothing goes directly. */
static void
put_rules(struct pac *pac)
{
	const struct policy *policy = pac->policy;
	size_t end = 0;

	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].direct &&
		    may_allow(pac, &policy->rules[i]))
			end = i + 1;
	json_name(&pac->json, "rules");
	json_array_begin(&pac->json);
	for (size_t i = 0; i < end; i++)
		if (may_allow(pac, &policy->rules[i]))
			put_rule(pac, &policy->rules[i]);
	json_array_end(&pac->json);
}

/* ---- what is around them ---- */

static void
put_homes(struct pac *pac)
{
	const struct policy *policy = pac->policy;

	json_name(&pac->json, "homes");
	json_array_begin(&pac->json);
	for (uint8_t i = 0; i < policy->zone_count; i++) {
		json_array_begin(&pac->json);
		json_put_integer(&pac->json, i);
		json_array_begin(&pac->json);
		put_ranges(pac, &policy->zones[i].prefixes);
		json_array_end(&pac->json);
		json_array_end(&pac->json);
	}
	json_array_end(&pac->json);
	json_name(&pac->json, "elsewhere");
	json_put_integer(&pac->json,
	    policy->elsewhere == ZONE_NONE ? -1 : policy->elsewhere);
}

/* What never leaves the client or its wire, and its own zone. */
static void
put_local(struct pac *pac)
{
	static const char *const ranges[][2] = {
		{ "7f000000", "7fffffff" },
		{ "a9fe0000", "a9feffff" },
		{ "00000000000000000000000000000001",
		    "00000000000000000000000000000001" },
		{ "fe800000000000000000000000000000",
		    "febfffffffffffffffffffffffffffff" },
	};

	json_name(&pac->json, "local");
	json_array_begin(&pac->json);
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		json_array_begin(&pac->json);
		json_put_stringz(&pac->json, ranges[i][0]);
		json_put_stringz(&pac->json, ranges[i][1]);
		json_array_end(&pac->json);
	}
	put_ranges(pac, &pac->policy->zones[pac->zone].prefixes);
	json_array_end(&pac->json);
}

static void
add_listeners(const struct pac *pac, bool secure, struct text *out)
{
	const struct policy *policy = pac->policy;
	char at[ADDRESS_TEXT_BYTES];

	for (size_t i = 0; i < policy->listen_count; i++) {
		const struct policy_listen *listen = &policy->listens[i];
		if (listen->secure == secure &&
		    (listen->zones & policy_zone_bit(pac->zone)) != 0)
			text_addf(out, "%s%s %s", out->len > 0 ? "; " : "",
			    secure ? "HTTPS" : "PROXY",
			    address_port_format(listen->at, at));
	}
}

/*
 * "HTTPS 10.0.0.1:3129; PROXY 10.0.0.1:3128": never DIRECT behind them, which
 * would pass the proxy by while it is started again.
 */
static int
put_proxy(struct pac *pac)
{
	struct text proxy = TEXT_EMPTY;

	add_listeners(pac, true, &proxy);
	add_listeners(pac, false, &proxy);
	json_name(&pac->json, "proxy");
	json_put_string(&pac->json, text_str(&proxy));
	int rc = proxy.full ? -ENOMEM : proxy.len == 0 ? -ENOENT : 0;
	text_fini(&proxy);
	return rc;
}

int
policy_pac_write(const struct policy *policy, uint8_t zone,
    struct address source, struct text *out)
{
	struct pac pac = { .policy = policy,
		.zone = zone,
		.source = source,
		.json = JSON_ON(out) };
	size_t before = out->len;

	if (zone >= policy->zone_count)
		return -ENOENT;
	text_addf(out,
	    "// The proxy for zone %.*s: made by Gatehouse of its policy.\n"
	    "var policy = ",
	    STR_ARG(policy->zones[zone].name));
	json_object_begin(&pac.json);
	int rc = put_proxy(&pac);
	put_local(&pac);
	put_homes(&pac);
	pac.entries = 0;
	put_rules(&pac);
	json_object_end(&pac.json);
	text_addz(out, ";\n");
	text_addz(out, policy_pac_text);
	if (rc < 0)
		text_cut(out, before);
	return rc < 0 ? rc : out->full ? -ENOMEM : 0;
}
