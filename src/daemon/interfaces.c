/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/interfaces.h"

#include "base/nearest.h"
#include "policy/own_listener.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>

static bool
is_pattern(struct str interface)
{
	return interface.at[interface.len - 1] == '*';
}

static bool
is_here(struct str interface)
{
	struct if_nameindex *all = if_nameindex();
	bool found = false;

	for (const struct if_nameindex *one = all;
	     one != NULL && one->if_index != 0; one++)
		found |= policy_interface_fits(interface, str_of(one->if_name));
	if (all != NULL)
		if_freenameindex(all);
	return found;
}

static size_t
count_here(const struct policy *policy)
{
	size_t here = 0;

	for (uint8_t i = 0; i < policy->zone_count; i++)
		for (size_t j = 0; j < policy->zones[i].interface_count; j++)
			here += is_here(policy->zones[i].interfaces[j]);
	return here;
}

/* The name that was probably meant, among those of the host. */
static void
hint_nearest(struct report *report, struct str interface)
{
	struct if_nameindex *all = if_nameindex();
	struct nearest nearest;

	nearest_begin(&nearest, interface);
	for (const struct if_nameindex *one = all;
	     one != NULL && one->if_index != 0; one++)
		nearest_offer(&nearest, str_of(one->if_name));
	if (nearest.best.at != NULL)
		report_hint(report,
		    "did you mean '%.*s'?  If it is yet to come, its rules "
		    "wait for it",
		    STR_ARG(nearest.best));
	else
		report_hint(report,
		    "its rules wait until it comes; 'ip link' lists what "
		    "there is");
	if (all != NULL)
		if_freenameindex(all);
}

static void
check_zone(const struct policy_zone *zone, struct report *report)
{
	for (size_t i = 0; i < zone->interface_count; i++) {
		/* What is named by a pattern comes and goes. */
		if (is_pattern(zone->interfaces[i]) ||
		    is_here(zone->interfaces[i]))
			continue;
		report_warning(report, "interface", zone->place,
		    "zone '%.*s': this host has no interface %.*s now",
		    STR_ARG(zone->name), STR_ARG(zone->interfaces[i]));
		hint_nearest(report, zone->interfaces[i]);
	}
}

/* Up, and with an address by which others can be reached. */
static bool
leads_somewhere(const struct ifaddrs *one)
{
	if (one->ifa_addr == NULL || (one->ifa_flags & IFF_LOOPBACK) != 0 ||
	    (one->ifa_flags & IFF_UP) == 0)
		return false;
	struct address address = address_from_sockaddr(one->ifa_addr).address;
	return address.family != ADDRESS_NONE &&
	       !address_is_local_scope(address);
}

static bool
is_in_a_zone(const struct policy *policy, struct str interface)
{
	for (uint8_t i = 0; i < policy->zone_count; i++)
		for (size_t j = 0; j < policy->zones[i].interface_count; j++)
			if (policy_interface_fits(
				policy->zones[i].interfaces[j], interface))
				return true;
	return false;
}

/* Each is there once for each address that it has. */
static bool
is_first(const struct ifaddrs *all, const struct ifaddrs *one)
{
	for (; all != one; all = all->ifa_next)
		if (leads_somewhere(all) &&
		    strcmp(all->ifa_name, one->ifa_name) == 0)
			return false;
	return true;
}

static size_t
count_zoned(const struct policy *policy, const struct ifaddrs *all)
{
	size_t count = 0;

	for (; all != NULL; all = all->ifa_next)
		count += leads_somewhere(all) &&
			 is_in_a_zone(policy, str_of(all->ifa_name));
	return count;
}

/* Whoever forgets the interface by which he comes in finds out too late.  A
 * host of which the policy has none is another one. */
static void
check_zoneless(const struct policy *policy, const struct ifaddrs *all,
    struct report *report)
{
	if (count_zoned(policy, all) == 0)
		return;
	for (const struct ifaddrs *one = all; one != NULL;
	     one = one->ifa_next) {
		if (!leads_somewhere(one) || !is_first(all, one) ||
		    is_in_a_zone(policy, str_of(one->ifa_name)))
			continue;
		report_warning(report, "interface", (struct place){ 0 },
		    "the interface %s of this host is in no zone: nothing "
		    "passes by it",
		    one->ifa_name);
		report_hint(report, "like zone net = %s", one->ifa_name);
	}
}

static bool
is_own(const struct ifaddrs *all, struct address address)
{
	for (const struct ifaddrs *one = all; one != NULL; one = one->ifa_next)
		if (one->ifa_addr != NULL &&
		    address_eq(
			address_from_sockaddr(one->ifa_addr).address, address))
			return true;
	return false;
}

static void
check_listen(const struct ifaddrs *all, struct address address,
    struct place place, struct report *report)
{
	char words[ADDRESS_TEXT_BYTES];

	if (address_is_local_scope(address) || is_own(all, address))
		return;
	report_warning(report, "interface", place,
	    "this host has no address %s now: nothing can listen there",
	    address_format(address, words));
	report_hint(report, "'ip address' lists what there is");
}

static void
check_listens(const struct policy *policy, const struct ifaddrs *all,
    struct report *report)
{
	struct policy_own_listener own;

	for (size_t i = 0; policy_own_listener(policy, i, &own); i++)
		check_listen(all, own.at.address, own.place, report);
}

void
interfaces_check(const struct policy *policy, struct report *report)
{
	struct ifaddrs *all;

	/* A sandboxed command's has none, and is no gateway's. */
	if (policy->sandbox != ZONE_NONE)
		return;
	if (count_here(policy) == 0 && policy->zone_count > 0) {
		report_warning(report, "interface", (struct place){ 0 },
		    "this host has none of the policy's interfaces");
		return;
	}
	for (uint8_t i = 0; i < policy->zone_count; i++)
		check_zone(&policy->zones[i], report);
	/* Where none can be listed, nothing is said. */
	if (getifaddrs(&all) < 0)
		return;
	check_zoneless(policy, all, report);
	check_listens(policy, all, report);
	freeifaddrs(all);
}
