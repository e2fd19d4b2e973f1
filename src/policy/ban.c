/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/ban.h"

#include "policy/duration.h"
#include "policy/policy.h"

#define SOURCE_BYTES_6 8 /* a /64 */

bool
policy_ban_same(const struct policy_ban *a, const struct policy_ban *b)
{
	return a->count == b->count && a->within == b->within &&
	       a->time == b->time;
}

void
policy_ban_describe(const struct policy_ban *ban, struct text *out)
{
	text_addz(out, "ban ");
	duration_add(ban->time, out);
	text_addf(out, " after %u refused in ", ban->count);
	duration_add(ban->within, out);
	text_addz(out, " per source");
}

struct address_range
policy_ban_source(struct address address, bool is_near)
{
	struct address_range source = { address, address };

	if (address.family != ADDRESS_IPV6 || is_near)
		return source;
	for (size_t i = SOURCE_BYTES_6; i < sizeof(address.bytes); i++) {
		source.first.bytes[i] = 0;
		source.last.bytes[i] = 0xff;
	}
	return source;
}

bool
policy_ban_is_near(struct address address, struct address own)
{
	return address.family == ADDRESS_IPV6 && own.family == ADDRESS_IPV6 &&
	       memcmp(address.bytes, own.bytes, SOURCE_BYTES_6) == 0;
}

/* ---- of a policy ---- */

static bool
holds(const struct policy *policy, const struct policy_endpoint *who,
    const struct address_set *wanted)
{
	struct address shared;

	for (uint8_t zone = 0; zone < policy->zone_count; zone++)
		if ((who->zones & policy_zone_bit(zone)) != 0 &&
		    address_set_overlap(
			&policy->zones[zone].prefixes, wanted, &shared))
			return true;
	for (size_t i = 0; i < who->group_count; i++)
		if (address_set_overlap(
			&who->groups[i]->addresses, wanted, &shared))
			return true;
	return false;
}

const struct policy_never *
policy_never_of(const struct policy *policy, const struct address_range *range)
{
	const struct policy_never *found = NULL;
	struct address_set wanted = { 0 };

	/* Without memory nobody is banned who perhaps never is. */
	if (policy->never_count > 0 && address_set_add(&wanted, range) < 0)
		return &policy->nevers[0];
	address_set_freeze(&wanted);
	for (size_t i = 0; found == NULL && i < policy->never_count; i++)
		if (holds(policy, &policy->nevers[i].who, &wanted))
			found = &policy->nevers[i];
	address_set_fini(&wanted);
	return found;
}

bool
policy_bans_packets(const struct policy *policy)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].ban.count > 0)
			return true;
	return false;
}
