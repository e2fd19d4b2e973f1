/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/describe.h"

/* Of many literals the first few say enough. */
#define LITERALS_SHOWN 4

static void
add_comma(struct text *out, size_t before)
{
	if (out->len > before)
		text_addz(out, ", ");
}

void
describe_zones(const struct policy *policy, uint64_t zones, struct text *out)
{
	size_t start = out->len;

	if (zones == POLICY_ZONES_ANY) {
		text_addz(out, "any");
		return;
	}
	for (unsigned zone = 0; zone <= ZONE_SELF; zone++) {
		if ((zones & policy_zone_bit((uint8_t)zone)) == 0)
			continue;
		add_comma(out, start);
		text_add(out, policy_zone_name(policy, (uint8_t)zone));
	}
}

static void
describe_domain(struct str name, enum domain_cover cover, struct text *out)
{
	text_addz(out, cover == DOMAIN_UNDER  ? "*."
		       : cover == DOMAIN_BOTH ? "."
					      : "");
	text_add(out, name);
}

static void
describe_literals(const struct policy_group *group, struct text *out)
{
	char range[ADDRESS_RANGE_TEXT_BYTES];
	size_t start = out->len, shown = 0;
	size_t count = address_set_count(&group->addresses);
	enum domain_cover cover;
	struct str name;

	for (size_t i = 0; i < count && shown < LITERALS_SHOWN; i++, shown++) {
		struct address_range r =
		    address_set_range(&group->addresses, i);
		add_comma(out, start);
		text_addz(out, address_range_format(&r, range));
	}
	for (size_t i = 0; i < group->domains.room && shown < LITERALS_SHOWN;
	     i++) {
		if (!domain_set_entry(&group->domains, i, &name, &cover))
			continue;
		add_comma(out, start);
		describe_domain(name, cover, out);
		shown++;
	}
	if (count + group->domains.count > shown)
		text_addz(out, ", ...");
}

static void
describe_members(const struct policy *policy,
    const struct policy_endpoint *endpoint, struct text *out)
{
	size_t start = out->len;

	describe_zones(policy, endpoint->zones, out);
	if (endpoint->own != 0) {
		text_addz(out, "the gateway's address in ");
		describe_zones(policy, endpoint->own, out);
	}
	for (size_t i = 0; i < endpoint->group_count; i++) {
		const struct policy_group *group = endpoint->groups[i];
		add_comma(out, start);
		if (group->name.at != NULL)
			text_add(out, group->name);
		else
			describe_literals(group, out);
	}
}

void
describe_endpoint(const struct policy *policy,
    const struct policy_endpoint *endpoint, struct text *out)
{
	describe_members(policy, endpoint, out);
	if (endpoint->except == NULL)
		return;
	text_addz(out, " except ");
	describe_members(policy, endpoint->except, out);
}

void
describe_service(enum policy_protocol protocol, uint16_t first, uint16_t last,
    struct text *out)
{
	const struct policy_protocol_row *row = policy_protocol_row(protocol);

	text_addz(out, row->word);
	if (row->has == POLICY_PROTOCOL_HAS_NOTHING ||
	    (first == 0 && last == UINT16_MAX))
		return;
	if (row->has == POLICY_PROTOCOL_HAS_KINDS)
		text_addf(out, " %s", policy_icmp_kinds[first].word);
	else if (first == last)
		text_addf(out, " %u", first);
	else
		text_addf(out, " %u-%u", first, last);
}

void
describe_services(const struct policy_services *services, struct text *out)
{
	if (services->count == 0)
		text_addz(out, "any service");
	for (size_t i = 0; i < services->count; i++) {
		const struct policy_service *item = &services->items[i];
		text_addz(out, i > 0 ? ", " : "");
		describe_service(item->protocol, item->first, item->last, out);
	}
}

void
describe_place(const struct policy *policy, uint8_t zone,
    struct address address, struct text *out)
{
	char text[ADDRESS_TEXT_BYTES];

	text_add(out, policy_zone_name(policy, zone));
	if (address.family != ADDRESS_NONE)
		text_addf(out, " %s", address_format(address, text));
}

void
describe_rule(const struct policy_rule *rule, struct text *out)
{
	if (rule->line == 0)
		text_addz(out, "the built-in last rule");
	else
		text_addf(out, "line %u", rule->line);
	if (rule->label.at != NULL)
		text_addf(out, " (%.*s)", STR_ARG(rule->label));
}
