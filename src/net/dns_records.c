/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/dns_records.h"

#include <ares.h>

static enum resolver_status
status_of(int ares_status)
{
	switch (ares_status) {
	case ARES_SUCCESS:
		return RESOLVER_STATUS_OK;
	case ARES_ENOTFOUND:
		return RESOLVER_STATUS_NO_NAME;
	case ARES_ENODATA:
		return RESOLVER_STATUS_NO_ADDRESS;
	case ARES_ETIMEOUT:
		return RESOLVER_STATUS_TIMEOUT;
	default:
		return RESOLVER_STATUS_FAILED;
	}
}

/* A TTL with its highest bit set is 0 (RFC 2181, 8). */
static void
add_address(struct dns_reply *reply, struct address address, int ttl_seconds)
{
	int64_t ttl = ttl_seconds > 0 ? ttl_seconds * CLOCK_SECOND : 0;

	if (reply->count == 0 || ttl < reply->ttl)
		reply->ttl = ttl;
	reply->addresses[reply->count++] = address;
}

static int
read_ipv4(const unsigned char *bytes, int len, struct dns_reply *reply)
{
	struct ares_addrttl found[RESOLVER_ADDRESSES_MAX];
	int count = RESOLVER_ADDRESSES_MAX;
	int status = ares_parse_a_reply(bytes, len, NULL, found, &count);

	for (int i = 0; status == ARES_SUCCESS && i < count; i++)
		add_address(reply,
		    address_from_bytes(ADDRESS_IPV4, &found[i].ipaddr),
		    found[i].ttl);
	return status;
}

static int
read_ipv6(const unsigned char *bytes, int len, struct dns_reply *reply)
{
	struct ares_addr6ttl found[RESOLVER_ADDRESSES_MAX];
	int count = RESOLVER_ADDRESSES_MAX;
	int status = ares_parse_aaaa_reply(bytes, len, NULL, found, &count);

	for (int i = 0; status == ARES_SUCCESS && i < count; i++)
		add_address(reply,
		    address_from_bytes(ADDRESS_IPV6, &found[i].ip6addr),
		    found[i].ttl);
	return status;
}

void
dns_records_read(int ares_status, enum address_family family,
    const unsigned char *bytes, int len, struct dns_reply *ret)
{
	*ret = (struct dns_reply){ .count = 0 };
	if (ares_status == ARES_SUCCESS)
		ares_status = family == ADDRESS_IPV4
				  ? read_ipv4(bytes, len, ret)
				  : read_ipv6(bytes, len, ret);
	ret->status = status_of(ares_status);
	/* Aliases that lead to nothing. */
	if (ret->status == RESOLVER_STATUS_OK && ret->count == 0)
		ret->status = RESOLVER_STATUS_NO_ADDRESS;
}
