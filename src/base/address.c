/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#define MAPPED_BITS 96 /* of ::ffff:0:0/96, RFC 4291, 2.5.5.2 */

unsigned
address_width(struct address address)
{
	return address.family == ADDRESS_IPV4 ? 4 : 16;
}

struct address
address_from_bytes(enum address_family family, const void *p)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct address address = { .family = (uint8_t)family };

	if (family == ADDRESS_IPV6 && memcmp(p, mapped, sizeof(mapped)) == 0) {
		address.family = ADDRESS_IPV4;
		p = (const uint8_t *)p + sizeof(mapped);
	}
	memcpy(address.bytes, p, address_width(address));
	return address;
}

int
address_parse(struct str text, struct address *ret)
{
	char copy[INET6_ADDRSTRLEN];
	uint8_t bytes[16];
	bool colon = str_find(text, ':') < text.len;

	if (text.len == 0 || text.len >= sizeof(copy) ||
	    memchr(text.at, '\0', text.len) != NULL)
		return -EINVAL;
	memcpy(copy, text.at, text.len);
	copy[text.len] = '\0';
	if (inet_pton(colon ? AF_INET6 : AF_INET, copy, bytes) != 1)
		return -EINVAL;
	*ret = address_from_bytes(colon ? ADDRESS_IPV6 : ADDRESS_IPV4, bytes);
	return 0;
}

/* Sets the bits behind the prefix; false if one of them was set before. */
static bool
fill_host_bits(struct address *address, unsigned bits)
{
	bool clean = true;

	for (unsigned i = 0; i < address_width(*address); i++) {
		unsigned kept = bits > i * 8 ? bits - i * 8 : 0;
		uint8_t host = (uint8_t)(kept >= 8 ? 0 : 0xff >> kept);
		if ((address->bytes[i] & host) != 0)
			clean = false;
		address->bytes[i] |= host;
	}
	return clean;
}

/*
 * The prefix length as the spelling of the address counts it.  An IPv4-mapped
 * one counts from the IPv6 side; shorter than its 96 bits it would be IPv6
 * space that is not all IPv4.
 */
static int
parse_bits(struct str text, bool colon, enum address_family family,
    unsigned *ret, const char **reterr_why)
{
	uint64_t bits;

	if (str_number(text, colon ? 128 : 32, &bits) < 0) {
		*reterr_why = colon ? "the prefix length must be 0 to 128"
				    : "the prefix length must be 0 to 32";
		return -EINVAL;
	}
	if (colon && family == ADDRESS_IPV4) {
		if (bits < MAPPED_BITS) {
			*reterr_why = "the prefix of an IPv4-mapped address "
				      "is 96 bits or longer";
			return -EINVAL;
		}
		bits -= MAPPED_BITS;
	}
	*ret = (unsigned)bits;
	return 0;
}

static int
parse_prefix(struct str base, struct str bits_text, struct address_range *ret,
    const char **reterr_why)
{
	bool colon = str_find(base, ':') < base.len;
	struct address_range range;
	unsigned bits;

	if (address_parse(base, &range.first) < 0) {
		*reterr_why = "this is not an IPv4 or IPv6 address";
		return -EINVAL;
	}
	if (parse_bits(
		bits_text, colon, range.first.family, &bits, reterr_why) < 0)
		return -EINVAL;
	range.last = range.first;
	if (!fill_host_bits(&range.last, bits)) {
		*reterr_why = "bits are set behind the prefix length";
		return -EINVAL;
	}
	*ret = range;
	return 0;
}

static int
parse_pair(struct str first, struct str last, struct address_range *ret,
    const char **reterr_why)
{
	struct address_range range;

	if (address_parse(first, &range.first) < 0 ||
	    address_parse(last, &range.last) < 0) {
		*reterr_why = "a range is ADDRESS-ADDRESS";
		return -EINVAL;
	}
	if (range.first.family != range.last.family) {
		*reterr_why = "both ends of a range must be of one family";
		return -EINVAL;
	}
	if (address_cmp(range.first, range.last) > 0) {
		*reterr_why = "the range ends before it begins";
		return -EINVAL;
	}
	*ret = range;
	return 0;
}

int
address_range_parse(
    struct str text, struct address_range *ret, const char **reterr_why)
{
	size_t slash = str_find(text, '/'), dash = str_find(text, '-');
	struct address one;

	if (slash < text.len)
		return parse_prefix((struct str){ text.at, slash },
		    str_skip(text, slash + 1), ret, reterr_why);
	if (dash < text.len)
		return parse_pair((struct str){ text.at, dash },
		    str_skip(text, dash + 1), ret, reterr_why);
	if (address_parse(text, &one) < 0) {
		*reterr_why = "this is not an IPv4 or IPv6 address";
		return -EINVAL;
	}
	*ret = (struct address_range){ one, one };
	return 0;
}

int
address_port_parse(struct str text, struct address_port *ret)
{
	struct str host = text;
	struct address_port parsed;
	uint64_t port;
	size_t colon = text.len;

	while (colon > 0 && text.at[colon - 1] != ':')
		colon--;
	if (colon == 0)
		return -EINVAL;
	host.len = colon - 1;
	bool bracketed =
	    host.len >= 2 && host.at[0] == '[' && host.at[host.len - 1] == ']';
	if (bracketed)
		host = (struct str){ host.at + 1, host.len - 2 };
	if (str_number(str_skip(text, colon), UINT16_MAX, &port) < 0 ||
	    port == 0 || address_parse(host, &parsed.address) < 0 ||
	    (str_find(host, ':') < host.len) != bracketed)
		return -EINVAL;
	parsed.port = (uint16_t)port;
	*ret = parsed;
	return 0;
}

int
address_cmp(struct address a, struct address b)
{
	if (a.family != b.family)
		return a.family < b.family ? -1 : 1;
	return memcmp(a.bytes, b.bytes, sizeof(a.bytes));
}

bool
address_range_has(const struct address_range *range, struct address a)
{
	return address_cmp(range->first, a) <= 0 &&
	       address_cmp(a, range->last) <= 0;
}

int
address_range_prefix(const struct address_range *range)
{
	unsigned width = address_width(range->first), bits = 0;
	struct address last = range->first;

	while (bits < 8 * width) {
		uint8_t bit = (uint8_t)(0x80 >> bits % 8);
		if (((range->first.bytes[bits / 8] ^
			 range->last.bytes[bits / 8]) &
			bit) != 0)
			break;
		bits++;
	}
	if (!fill_host_bits(&last, bits) || !address_eq(last, range->last))
		return -1;
	return (int)bits;
}

bool
address_next(struct address a, struct address *ret)
{
	for (unsigned i = address_width(a); i-- > 0;) {
		if (++a.bytes[i] != 0) {
			*ret = a;
			return true;
		}
	}
	return false;
}

bool
address_prev(struct address a, struct address *ret)
{
	for (unsigned i = address_width(a); i-- > 0;) {
		if (a.bytes[i]-- != 0) {
			*ret = a;
			return true;
		}
	}
	return false;
}

const char *
address_format(struct address address, char ret[static ADDRESS_TEXT_BYTES])
{
	int family = address.family == ADDRESS_IPV4 ? AF_INET : AF_INET6;

	if (address.family == ADDRESS_NONE ||
	    inet_ntop(family, address.bytes, ret, ADDRESS_TEXT_BYTES) == NULL)
		(void)snprintf(ret, ADDRESS_TEXT_BYTES, "none");
	return ret;
}

const char *
address_port_format(
    struct address_port from, char ret[static ADDRESS_TEXT_BYTES])
{
	char host[ADDRESS_TEXT_BYTES];
	bool v6 = from.address.family == ADDRESS_IPV6;

	(void)snprintf(ret, ADDRESS_TEXT_BYTES, "%s%.46s%s:%u", v6 ? "[" : "",
	    address_format(from.address, host), v6 ? "]" : "", from.port);
	return ret;
}

const char *
address_range_format(const struct address_range *range,
    char ret[static ADDRESS_RANGE_TEXT_BYTES])
{
	char first[ADDRESS_TEXT_BYTES], last[ADDRESS_TEXT_BYTES];
	int bits = address_range_prefix(range);

	(void)address_format(range->first, first);
	if (bits == (int)(8 * address_width(range->first)))
		(void)snprintf(ret, ADDRESS_RANGE_TEXT_BYTES, "%s", first);
	else if (bits >= 0)
		(void)snprintf(
		    ret, ADDRESS_RANGE_TEXT_BYTES, "%s/%d", first, bits);
	else
		(void)snprintf(ret, ADDRESS_RANGE_TEXT_BYTES, "%s-%s", first,
		    address_format(range->last, last));
	return ret;
}

bool
address_is_multicast(struct address a)
{
	if (a.family == ADDRESS_IPV4)
		return a.bytes[0] >= 224 && a.bytes[0] <= 239;
	return a.family == ADDRESS_IPV6 && a.bytes[0] == 0xff;
}

struct address
address_source(struct address address)
{
	if (address.family == ADDRESS_IPV6)
		memset(address.bytes + 8, 0, 8);
	return address;
}

bool
address_embedded(struct address address, struct address *ret_ipv4)
{
	static const struct {
		uint8_t bytes[12], len;
		uint8_t at; /* of the embedded one */
	} prefixes[] = {
		{ { 0x00, 0x64, 0xff, 0x9b }, 12, 12 },
		{ { 0x20, 0x02 }, 2, 2 },
	};

	if (address.family != ADDRESS_IPV6)
		return false;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (memcmp(address.bytes, prefixes[i].bytes, prefixes[i].len) !=
		    0)
			continue;
		*ret_ipv4 = address_from_bytes(
		    ADDRESS_IPV4, address.bytes + prefixes[i].at);
		return true;
	}
	return false;
}

bool
address_is_link_local(struct address a)
{
	if (a.family == ADDRESS_IPV4)
		return a.bytes[0] == 169 && a.bytes[1] == 254;
	return a.family == ADDRESS_IPV6 && a.bytes[0] == 0xfe &&
	       (a.bytes[1] & 0xc0) == 0x80;
}

bool
address_is_local_scope(struct address a)
{
	static const uint8_t ones[4] = { 255, 255, 255, 255 };
	static const uint8_t zero[15];

	if (address_is_multicast(a) || address_is_link_local(a))
		return true;
	if (a.family == ADDRESS_IPV4)
		return a.bytes[0] == 127 || a.bytes[0] == 0 ||
		       memcmp(a.bytes, ones, sizeof(ones)) == 0;
	return a.family == ADDRESS_IPV6 &&
	       memcmp(a.bytes, zero, sizeof(zero)) == 0 && a.bytes[15] <= 1;
}

/* What lies between two of a kind is of that kind: of IPv4, but for link-local
 * and multicast, each has a first byte of its own. */
bool
address_range_is_local_scope(const struct address_range *range)
{
	struct address a = range->first, b = range->last;

	if (!address_is_local_scope(a) || !address_is_local_scope(b) ||
	    address_is_multicast(a) != address_is_multicast(b) ||
	    address_is_link_local(a) != address_is_link_local(b))
		return false;
	return a.family == ADDRESS_IPV6 || a.bytes[0] == b.bytes[0] ||
	       address_is_multicast(a);
}

struct address_port
address_from_sockaddr(const struct sockaddr *sa)
{
	struct address_port from = { 0 };

	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, sa, sizeof(in));
		from.address = address_from_bytes(ADDRESS_IPV4, &in.sin_addr);
		from.port = ntohs(in.sin_port);
	} else if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, sa, sizeof(in6));
		from.address = address_from_bytes(ADDRESS_IPV6, &in6.sin6_addr);
		from.port = ntohs(in6.sin6_port);
	}
	return from;
}

socklen_t
address_to_sockaddr(struct address_port from, struct sockaddr_storage *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (from.address.family == ADDRESS_IPV4) {
		struct sockaddr_in *in = (struct sockaddr_in *)ret;
		in->sin_family = AF_INET;
		in->sin_port = htons(from.port);
		memcpy(&in->sin_addr, from.address.bytes, 4);
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(from.port);
	memcpy(&in6->sin6_addr, from.address.bytes, 16);
	return sizeof(*in6);
}
