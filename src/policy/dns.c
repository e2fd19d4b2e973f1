/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/dns.h"

static bool
has_zone(uint64_t zones, uint8_t zone)
{
	return zone < 64 && (zones >> zone & 1) != 0;
}

const struct policy_dns_listen *
policy_dns_listen_at(const struct policy_dns *dns, struct address_port at)
{
	for (size_t i = 0; i < dns->listen_count; i++)
		if (dns->listens[i].at.port == at.port &&
		    address_eq(dns->listens[i].at.address, at.address))
			return &dns->listens[i];
	return NULL;
}

bool
policy_dns_takes(const struct policy_dns *dns, uint8_t from_zone,
    struct address_port at, bool to_self)
{
	const struct policy_dns_listen *listen = policy_dns_listen_at(dns, at);

	if (listen != NULL)
		return has_zone(listen->zones, from_zone);
	return !to_self && at.port == POLICY_DNS_PORT &&
	       has_zone(dns->intercepts, from_zone);
}

bool
policy_dns_serves(const struct policy_dns *dns, uint8_t zone)
{
	bool listens = false;

	for (size_t i = 0; i < dns->listen_count; i++)
		listens |= has_zone(dns->listens[i].zones, zone);
	return listens || has_zone(dns->intercepts, zone);
}
