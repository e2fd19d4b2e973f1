/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/address: IPv4 and IPv6 addresses, prefixes, ranges, endpoints.
 *
 * One representation for both families: 16 bytes in network order, IPv4 in
 * the first four and the rest zero, so that memcmp orders addresses of one
 * family.  An IPv4-mapped IPv6 address (::ffff:a.b.c.d) is turned into IPv4
 * wherever it enters, so that no rule can be evaded by its other spelling.
 */
#ifndef GATEHOUSE_BASE_ADDRESS_H
#define GATEHOUSE_BASE_ADDRESS_H

#include "base/str.h"

#include <sys/socket.h>

enum address_family {
	ADDRESS_NONE = 0,
	ADDRESS_IPV4 = 4,
	ADDRESS_IPV6 = 6,
};

/* The bytes come first: a copy is then compared by two aligned loads, each from
 * one store. */
struct address {
	uint8_t bytes[16];
	uint8_t family; /* enum address_family */
};

/* Inclusive at both ends, of one family, first <= last. */
struct address_range {
	struct address first;
	struct address last;
};

struct address_port {
	struct address address;
	uint16_t port;
};

#define ADDRESS_TEXT_BYTES 64 /* a formatted address, prefix or endpoint */

/* 4 or 16 bytes; 32 or 128 bits. */
unsigned address_width(struct address address);

/* "192.0.2.1" or "2001:db8::1", whole text.  0 or -EINVAL. */
int address_parse(struct str text, struct address *ret);

/*
 * "192.0.2.0/24", an address alone (a range of one), or "A-B".  0, or -EINVAL
 * with *reterr_why: what is wrong, as a static sentence part.
 */
int address_range_parse(
    struct str text, struct address_range *ret, const char **reterr_why);

/* "192.0.2.1:80" or "[2001:db8::1]:80"; port 1 to 65535.  0 or -EINVAL. */
int address_port_parse(struct str text, struct address_port *ret);

static inline bool
address_eq(struct address a, struct address b)
{
	return a.family == b.family &&
	       memcmp(a.bytes, b.bytes, sizeof(a.bytes)) == 0;
}

/* By family, then by bytes. */
int address_cmp(struct address a, struct address b);

bool address_range_has(const struct address_range *range, struct address a);

/* The prefix length if the range is exactly one prefix, else -1. */
int address_range_prefix(const struct address_range *range);

/* The next address up or down; false at the end of the family's space. */
bool address_next(struct address a, struct address *ret);
bool address_prev(struct address a, struct address *ret);

/* RFC 5952 text and NUL in a buffer of ADDRESS_TEXT_BYTES; returns it. */
const char *address_format(
    struct address address, char ret[static ADDRESS_TEXT_BYTES]);

/* "192.0.2.1:80" or "[2001:db8::1]:80". */
const char *address_port_format(
    struct address_port from, char ret[static ADDRESS_TEXT_BYTES]);

/* As a prefix when it is one, else "first-last"; text twice as long. */
#define ADDRESS_RANGE_TEXT_BYTES ((size_t)2 * ADDRESS_TEXT_BYTES)
const char *address_range_format(const struct address_range *range,
    char ret[static ADDRESS_RANGE_TEXT_BYTES]);

/*
 * What never lies behind a zone: loopback, link-local, multicast, the
 * unspecified address and 0/8, limited broadcast.  Such a destination ends at
 * the host itself, so the policy calls it self.
 */
bool address_is_local_scope(struct address address);

/* All of it, and by one of these kinds. */
bool address_range_is_local_scope(const struct address_range *range);

/* Whoever has an address of IPv6 has its network of 64 bits to himself: that,
 * or the address of IPv4. */
struct address address_source(struct address address);

/*
 * The IPv4 address that a translator or a tunnel on the way takes out of it: of
 * 64:ff9b::/96 (RFC 6052) and 2002::/16 (6to4, RFC 3056).  False: it has none.
 */
bool address_embedded(struct address address, struct address *ret_ipv4);

bool address_is_link_local(struct address address);
bool address_is_multicast(struct address address);

/* To and from the socket interface.  from_sockaddr gives family NONE for
 * anything but AF_INET and AF_INET6. */
struct address_port address_from_sockaddr(const struct sockaddr *sa);
socklen_t address_to_sockaddr(
    struct address_port from, struct sockaddr_storage *ret);

/* The address at p, 4 or 16 bytes in network order, IPv4-mapped unfolded. */
struct address address_from_bytes(enum address_family family, const void *p);

#endif
