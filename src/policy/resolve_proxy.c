/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/resolve_proxy: where the proxy listens and what it intercepts.
 */
#include "policy/manual.h"
#include "policy/resolve.h"

static bool
add_balancer(struct resolver *resolver, const struct syntax_word *word,
    const struct address_range *range, struct policy_group *group)
{
	const struct policy *policy = resolver->policy;

	if (address_range_prefix(range) < 0 ||
	    policy_zone_of(policy, range->first) !=
		policy_zone_of(policy, range->last)) {
		report_error(resolver->report, word->place,
		    "balancers are addresses, or prefixes within one zone");
		return false;
	}
	if (address_set_count(&group->addresses) == POLICY_BALANCERS_MAX) {
		report_error(resolver->report, word->place,
		    "a listener has at most %d balancers",
		    POLICY_BALANCERS_MAX);
		return false;
	}
	if (address_set_add(&group->addresses, range) < 0)
		resolver->arena->full = true;
	return true;
}

static bool
add_balancers(struct resolver *resolver, const struct syntax_word *word,
    struct policy_group *group)
{
	struct policy_endpoint named = { 0 };
	struct syntax_word one = *word;
	bool good = true;

	one.next = NULL;
	if (!resolve_source(resolver, &one, NULL, &named))
		return false;
	if (named.zones != 0 || named.own != 0 ||
	    policy_endpoint_has_domains(&named)) {
		report_error(resolver->report, word->place,
		    "a balancer is known by its address");
		return false;
	}
	for (size_t i = 0; i < named.group_count; i++) {
		const struct address_set *set = &named.groups[i]->addresses;
		for (size_t j = 0; good && j < address_set_count(set); j++) {
			struct address_range range = address_set_range(set, j);
			good = add_balancer(resolver, word, &range, group);
		}
	}
	return good;
}

static bool
resolve_behind(struct resolver *resolver, const struct syntax_word *words,
    struct policy_listen *listen)
{
	struct policy_group *group;
	bool good = true;

	if (words == NULL)
		return true;
	group = resolve_group(resolver);
	if (group == NULL)
		return false;
	for (; words != NULL; words = words->next)
		good &= add_balancers(resolver, words, group);
	address_set_freeze(&group->addresses);
	listen->behind = group;
	return good;
}

static void
resolve_listen(struct resolver *resolver, const struct syntax_listen *syntax)
{
	struct policy *policy = resolver->policy;
	struct policy_listen listen = { .place = syntax->address.place };

	if (address_port_parse(syntax->address.text, &listen.at) < 0) {
		report_error(resolver->report, syntax->address.place,
		    "expected ADDRESS:PORT");
		report_hint(resolver->report,
		    "like 10.0.0.1:3128 or [2001:db8::1]:3128");
		return;
	}
	for (size_t i = 0; i < policy->listen_count; i++) {
		const struct policy_listen *other = &policy->listens[i];
		if (other->at.port != listen.at.port ||
		    !address_eq(other->at.address, listen.at.address))
			continue;
		report_error(resolver->report, syntax->address.place,
		    "the proxy already listens there");
		if (resolver->report->kept)
			report_hint(resolver->report,
			    "by line %u: name all zones in one line",
			    place_line(other->place).line);
		return;
	}
	bool good = resolve_zones(resolver, syntax->zones, &listen.zones);
	good &= resolve_behind(resolver, syntax->behind, &listen);
	good &= resolve_secure(resolver, syntax, &listen);
	if (good)
		policy->listens[policy->listen_count++] = listen;
}

/* `quic` says something of UDP, and nothing is sent in a client's name. */
static bool
is_read(struct resolver *resolver, const struct syntax_intercept *syntax,
    const struct policy_intercept *intercept)
{
	bool has_udp = false;

	if (!intercept->reads_quic)
		return true;
	for (size_t i = 0; i < intercept->services.count; i++)
		has_udp |= intercept->services.items[i].protocol ==
			   POLICY_PROTOCOL_UDP;
	if (!has_udp) {
		report_error(resolver->report, syntax->quic.place,
		    "'quic' is of UDP, and no service here is");
		report_hint(
		    resolver->report, "like udp 443, which is in 'web'");
	} else if (intercept->keeps_source) {
		report_error(resolver->report, syntax->quic.place,
		    "'keep source' and 'quic' exclude each other");
	}
	return has_udp && !intercept->keeps_source;
}

static void
resolve_intercept(
    struct resolver *resolver, const struct syntax_intercept *syntax)
{
	struct policy *policy = resolver->policy;
	struct policy_intercept intercept = { .place = syntax->head.place,
		.keep_place = syntax->keep.place,
		.keeps_source = syntax->keep.text.at != NULL,
		.reads_quic = syntax->quic.text.at != NULL };

	bool good =
	    resolve_services(resolver, syntax->services, &intercept.services);
	good &= resolve_zones(resolver, syntax->zones, &intercept.zones);
	for (size_t i = 0; good && i < intercept.services.count; i++) {
		enum policy_protocol protocol =
		    intercept.services.items[i].protocol;
		if (policy_protocol_row(protocol)->has ==
		    POLICY_PROTOCOL_HAS_PORTS)
			continue;
		report_error(resolver->report, syntax->services->what.place,
		    "only services with ports can be intercepted");
		good = false;
	}
	good = good && is_read(resolver, syntax, &intercept);
	if (good)
		policy->intercepts[policy->intercept_count++] = intercept;
}

static bool
make_room(struct resolver *resolver, const struct syntax *syntax)
{
	struct policy *policy = resolver->policy;

	policy->listens = arena_array(resolver->arena,
	    syntax_count(syntax->listens), sizeof(*policy->listens));
	policy->intercepts = arena_array(resolver->arena,
	    syntax_count(syntax->intercepts) + 1, /* the sandbox's */
	    sizeof(*policy->intercepts));
	return !resolver->arena->full;
}

void
resolve_proxy(struct resolver *resolver, const struct syntax *syntax)
{
	if (!make_room(resolver, syntax))
		return;
	(void)report_topic(resolver->report, MANUAL_PROXY);
	for (const struct syntax_listen *listen = syntax->listens;
	     listen != NULL; listen = listen->next)
		resolve_listen(resolver, listen);
	for (const struct syntax_intercept *intercept = syntax->intercepts;
	     intercept != NULL; intercept = intercept->next)
		resolve_intercept(resolver, intercept);
	resolve_sandbox_intercept(resolver);
}
