/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/policy.h"

#include "policy/sandbox.h"

bool
policy_has_sandbox(const struct policy *policy)
{
	struct address source;

	if (address_parse(STR(SANDBOX_SOURCE4), &source) < 0)
		return false;
	uint8_t zone = policy_zone_of(policy, source);
	/* A gateway's rules for what lives elsewhere mean no sandbox. */
	return zone != ZONE_NONE &&
	       (zone != policy->elsewhere ||
		   str_is(policy->zones[zone].name, SANDBOX_ZONE));
}

struct str
policy_zone_name(const struct policy *policy, uint8_t zone)
{
	if (zone == ZONE_SELF)
		return STR("self");
	return zone < policy->zone_count ? policy->zones[zone].name : STR("-");
}

struct str
policy_zone_told(const struct policy *policy, uint8_t zone)
{
	return zone == ZONE_NONE ? (struct str){ NULL, 0 }
				 : policy_zone_name(policy, zone);
}

bool
policy_publishes(const struct policy *policy)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].publish)
			return true;
	return false;
}

bool
policy_is_mapped(const struct policy *policy, struct address address)
{
	for (size_t i = 0; i < policy->map_count; i++) {
		const struct address_range *outside = &policy->maps[i].outside;
		if (address_eq(outside->first, address) &&
		    address_eq(outside->last, address))
			return true;
	}
	return false;
}

bool
policy_interface_fits(struct str pattern, struct str interface)
{
	if (pattern.len == 0 || pattern.at[pattern.len - 1] != '*')
		return str_eq(pattern, interface);
	pattern.len--;
	return str_starts(interface, pattern);
}

bool
policy_zone_has_interface(const struct policy_zone *zone, struct str interface)
{
	for (size_t i = 0; i < zone->interface_count; i++)
		if (policy_interface_fits(zone->interfaces[i], interface))
			return true;
	return false;
}

bool
policy_zone_find(const struct policy *policy, struct str name, uint8_t *ret)
{
	for (uint8_t i = 0; i < policy->zone_count; i++) {
		if (str_eq(policy->zones[i].name, name)) {
			*ret = i;
			return true;
		}
	}
	*ret = ZONE_SELF;
	return str_is(name, "self");
}

uint8_t
policy_zone_of(const struct policy *policy, struct address address)
{
	if (address_is_local_scope(address))
		return ZONE_SELF;
	for (uint8_t i = 0; i < policy->zone_count; i++)
		if (address_set_has(&policy->zones[i].prefixes, address))
			return i;
	return policy->elsewhere;
}

bool
policy_services_have(const struct policy_services *services,
    enum policy_protocol protocol, uint16_t port)
{
	for (size_t i = 0; i < services->count; i++)
		if (services->items[i].protocol == protocol &&
		    services->items[i].first <= port &&
		    port <= services->items[i].last)
			return true;
	return services->count == 0;
}

bool
policy_services_meet(
    const struct policy_services *a, const struct policy_services *b)
{
	if (a->count == 0 || b->count == 0)
		return true;
	for (size_t i = 0; i < a->count; i++)
		for (size_t j = 0; j < b->count; j++)
			if (a->items[i].protocol == b->items[j].protocol &&
			    a->items[i].first <= b->items[j].last &&
			    b->items[j].first <= a->items[i].last)
				return true;
	return false;
}

static bool
does_intercept(const struct policy_intercept *intercept, uint8_t from_zone,
    enum policy_protocol protocol, uint16_t port)
{
	return (intercept->zones & policy_zone_bit(from_zone)) != 0 &&
	       policy_services_have(&intercept->services, protocol, port);
}

bool
policy_intercepts(const struct policy *policy, uint8_t from_zone,
    enum policy_protocol protocol, uint16_t port)
{
	for (size_t i = 0; i < policy->intercept_count; i++)
		if (does_intercept(
			&policy->intercepts[i], from_zone, protocol, port))
			return true;
	return false;
}

bool
policy_carries(const struct policy *policy, uint8_t from_zone,
    enum policy_protocol protocol, uint16_t port)
{
	if (protocol == POLICY_PROTOCOL_TCP)
		return true;
	for (size_t i = 0; i < policy->intercept_count; i++)
		if (policy->intercepts[i].reads_quic &&
		    protocol == POLICY_PROTOCOL_UDP &&
		    does_intercept(
			&policy->intercepts[i], from_zone, protocol, port))
			return true;
	return false;
}

bool
policy_reads_quic(const struct policy *policy)
{
	for (size_t i = 0; i < policy->intercept_count; i++)
		if (policy->intercepts[i].reads_quic)
			return true;
	return false;
}

bool
policy_keeps_source(const struct policy *policy, uint8_t from_zone,
    enum policy_protocol protocol, uint16_t port)
{
	for (size_t i = 0; i < policy->intercept_count; i++)
		if (policy->intercepts[i].keeps_source &&
		    does_intercept(
			&policy->intercepts[i], from_zone, protocol, port))
			return true;
	return false;
}

uint64_t
policy_keep_zones(const struct policy *policy)
{
	uint64_t zones = 0;

	for (size_t i = 0; i < policy->intercept_count; i++)
		if (policy->intercepts[i].keeps_source)
			zones |= policy->intercepts[i].zones;
	return zones;
}

uint64_t
policy_listen_zones(const struct policy *policy)
{
	uint64_t zones = 0;

	for (size_t i = 0; i < policy->listen_count; i++)
		zones |= policy->listens[i].zones;
	return zones;
}

const struct policy_listen *
policy_listen_at(const struct policy *policy, struct address_port at)
{
	for (size_t i = 0; i < policy->listen_count; i++)
		if (policy->listens[i].at.port == at.port &&
		    address_eq(policy->listens[i].at.address, at.address))
			return &policy->listens[i];
	return NULL;
}

bool
policy_has_certified_users(const struct policy *policy)
{
	for (size_t i = 0; i < policy->listen_count; i++)
		if (policy->listens[i].clients.file.at != NULL)
			return true;
	return false;
}

bool
policy_has_users(const struct policy *policy)
{
	return policy_users_are_asked(&policy->users) ||
	       policy_has_certified_users(policy);
}

bool
policy_listen_trusts(const struct policy_listen *listen, struct address address)
{
	return listen->behind != NULL &&
	       address_set_has(&listen->behind->addresses, address);
}

bool
policy_endpoint_has_addresses(const struct policy_endpoint *endpoint)
{
	for (size_t i = 0; i < endpoint->group_count; i++)
		if (!address_set_is_empty(&endpoint->groups[i]->addresses))
			return true;
	return false;
}

bool
policy_endpoint_has_domains(const struct policy_endpoint *endpoint)
{
	for (size_t i = 0; i < endpoint->group_count; i++)
		if (endpoint->groups[i]->domains.count > 0)
			return true;
	return false;
}

bool
policy_endpoint_is_empty(const struct policy_endpoint *endpoint)
{
	return endpoint->zones == 0 && endpoint->own == 0 &&
	       !policy_endpoint_has_addresses(endpoint) &&
	       !policy_endpoint_has_domains(endpoint);
}
