/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/host: the name or the address that a client asked for, in one spelling.
 *
 * A host comes from a request target, a Host field, a SOCKS request or a TLS
 * hello, and goes to the policy, the resolver, the log and the server.  All of
 * them see this object and none of them the bytes it was read from, so that no
 * two can understand it differently.
 *
 * A name is letters, digits, '-' and '_' in labels of 1 to 63, in lower case,
 * without the dot of the root: RFC 1123 and the underscore that the world
 * uses.  Percent-encodings, commas, blanks and raw UTF-8 are refused; IDNA
 * names come as "xn--".
 *
 * What a C library might read as an IPv4 address (127.1, 0x7f.1, 2130706433,
 * 010.0.0.1) is no name: the policy would look for a name where the resolver
 * finds an address.  Only four plain decimal numbers are an address.
 */
#ifndef GATEHOUSE_HTTP_HOST_H
#define GATEHOUSE_HTTP_HOST_H

#include "base/address.h"
#include "base/arena.h"
#include "http/fault.h"

struct http_host {
	/* Canonical: a name, or an address as address_format writes it. */
	struct str text;
	struct address address; /* family NONE: it is a name */
};

/*
 * Reads a name or an IPv4 address.  The text is lent if it is canonical, else
 * made in the arena.  0; -EBADMSG with the fault; -ENOMEM.
 */
int http_host_parse(struct str text, struct arena *arena, struct http_host *ret,
    enum http_fault *reterr_fault);

/* Reads what stands between '[' and ']': IPv6 without a zone. */
int http_host_parse_ipv6(struct str text, struct arena *arena,
    struct http_host *ret, enum http_fault *reterr_fault);

/* From an address that is already known.  0 or -ENOMEM. */
int http_host_of_address(
    struct address address, struct arena *arena, struct http_host *ret);

static inline bool
http_host_is_name(const struct http_host *host)
{
	return host->address.family == ADDRESS_NONE;
}

#endif
