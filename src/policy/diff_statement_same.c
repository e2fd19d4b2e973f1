/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/diff_statement_same: whether statements of two policies say the same.
 *
 * By what they mean: zones by the addresses that live in them, certificates by
 * what is in their files, whatever either is called.
 */
#include "policy/diff_statement_impl.h"

/* 0 or -ENOMEM. */
static int
addresses_of(const struct policy_endpoint *endpoint, struct address_set *ret)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < endpoint->group_count; i++)
		rc = address_set_add_all(ret, &endpoint->groups[i]->addresses);
	address_set_freeze(ret);
	return rc;
}

static bool
are_sets_same(const struct address_set *a, const struct address_set *b)
{
	size_t count = address_set_count(a);

	if (count != address_set_count(b))
		return false;
	for (size_t i = 0; i < count; i++) {
		struct address_range x = address_set_range(a, i);
		struct address_range y = address_set_range(b, i);
		if (!address_eq(x.first, y.first) ||
		    !address_eq(x.last, y.last))
			return false;
	}
	return true;
}

/* Zones of two policies are the same if the same lives in them, whatever they
 * are called; by which interfaces is told of those. */
static bool
has_zone_like(
    const struct policy_zone *zone, const struct policy *other, uint64_t others)
{
	for (uint8_t i = 0; i < other->zone_count; i++)
		if ((others & policy_zone_bit(i)) != 0 &&
		    are_sets_same(&zone->prefixes, &other->zones[i].prefixes))
			return true;
	return false;
}

static bool
are_zones_within(const struct policy *policy, uint64_t zones,
    const struct policy *other, uint64_t others)
{
	for (uint8_t zone = 0; zone < policy->zone_count; zone++)
		if ((zones & policy_zone_bit(zone)) != 0 &&
		    !has_zone_like(&policy->zones[zone], other, others))
			return false;
	return true;
}

bool
statement_zones_same(const struct policy *policy, uint64_t zones,
    const struct policy *other, uint64_t others)
{
	return are_zones_within(policy, zones, other, others) &&
	       are_zones_within(other, others, policy, zones);
}

/* 1, 0 or -ENOMEM. */
int
statement_members_same(const struct policy *before,
    const struct policy_endpoint *a, const struct policy *after,
    const struct policy_endpoint *b)
{
	static const struct policy_endpoint none;
	struct address_set x = { 0 }, y = { 0 };

	a = a != NULL ? a : &none;
	b = b != NULL ? b : &none;
	int rc = addresses_of(a, &x);
	if (rc == 0)
		rc = addresses_of(b, &y);
	if (rc == 0)
		rc = statement_zones_same(before, a->zones, after, b->zones) &&
		     are_sets_same(&x, &y);
	address_set_fini(&x);
	address_set_fini(&y);
	return rc;
}

int
statement_snats_same(const struct policy *before, const struct policy_snat *a,
    const struct policy *after, const struct policy_snat *b)
{
	if (!address_eq(a->to4, b->to4) || !address_eq(a->to6, b->to6) ||
	    !statement_zones_same(before, a->to, after, b->to))
		return 0;
	int rc = statement_members_same(before, &a->from, after, &b->from);
	return rc <= 0 ? rc
		       : statement_members_same(
			     before, a->from.except, after, b->from.except);
}

bool
statement_maps_same(const struct policy *before, const struct policy_map *a,
    const struct policy *after, const struct policy_map *b)
{
	return address_eq(a->inside.first, b->inside.first) &&
	       address_eq(a->inside.last, b->inside.last) &&
	       address_eq(a->outside.first, b->outside.first) &&
	       statement_zones_same(before, policy_zone_bit(a->zone), after,
		   policy_zone_bit(b->zone));
}

/* By what is in the files: they may be called as they like. */
static bool
are_certificates_same(
    const struct policy_listen *a, const struct policy_listen *b)
{
	if (a->secure != b->secure ||
	    a->certificate_count != b->certificate_count ||
	    a->clients.optional != b->clients.optional ||
	    !str_eq(a->clients.pem, b->clients.pem))
		return false;
	for (size_t i = 0; i < a->certificate_count; i++)
		if (!str_eq(a->certificates[i].pem, b->certificates[i].pem) ||
		    !str_eq(a->certificates[i].key, b->certificates[i].key))
			return false;
	return true;
}

bool
statement_listens_same(const struct policy *before,
    const struct policy_listen *a, const struct policy *after,
    const struct policy_listen *b)
{
	return a->at.port == b->at.port &&
	       address_eq(a->at.address, b->at.address) &&
	       (a->behind != NULL) == (b->behind != NULL) &&
	       (a->behind == NULL || are_sets_same(&a->behind->addresses,
					 &b->behind->addresses)) &&
	       statement_zones_same(before, a->zones, after, b->zones) &&
	       are_certificates_same(a, b);
}

static bool
are_services_same(
    const struct policy_services *a, const struct policy_services *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->items[i].protocol != b->items[i].protocol ||
		    a->items[i].first != b->items[i].first ||
		    a->items[i].last != b->items[i].last)
			return false;
	return true;
}

bool
statement_keeps_same(const struct policy *before,
    const struct policy_intercept *a, const struct policy *after,
    const struct policy_intercept *b)
{
	return a->keeps_source == b->keeps_source &&
	       are_services_same(&a->services, &b->services) &&
	       statement_zones_same(before, a->zones, after, b->zones);
}
