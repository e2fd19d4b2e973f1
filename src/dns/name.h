/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dns/name: a domain name as the wire has it (RFC 1035, 3.1).
 *
 * Labels with their lengths, the root's at the end, no pointers.  Case is kept,
 * and does not count (RFC 4343).
 */
#ifndef GATEHOUSE_DNS_NAME_H
#define GATEHOUSE_DNS_NAME_H

#include "base/str.h"

#define DNS_NAME_BYTES_MAX 255 /* with the root */

struct dns_name {
	uint8_t len; /* 1: the root */
	uint8_t bytes[DNS_NAME_BYTES_MAX];
};

/*
 * Reads the name at *at of a message, and leaves *at behind it.  A pointer
 * leads to what stands before the name that it ends, so that no chain of them
 * can turn back.  0 or -EBADMSG.
 */
int dns_name_read(struct str message, size_t *at, struct dns_name *ret);

/* The name written with dots, with or without the last one; of a label only
 * what is printed as itself.  0 or -EINVAL. */
int dns_name_parse(struct str text, struct dns_name *ret);

void dns_name_lower(struct dns_name *name);

/* Whatever the case; then to the letter. */
bool dns_name_eq(const struct dns_name *a, const struct dns_name *b);
bool dns_name_same(const struct dns_name *a, const struct dns_name *b);

/* Whether it is the zone's name or one under it; whatever the case. */
bool dns_name_is_within(
    const struct dns_name *name, const struct dns_name *zone);

static inline struct str
dns_name_str(const struct dns_name *name)
{
	return (struct str){ (const char *)name->bytes, name->len };
}

#define DNS_NAME_TEXT_BYTES 1024 /* four for each byte, and a NUL */

/*
 * With dots, without the last one, in lower case: what a policy compares with,
 * and what is written to logs.  What is no printed letter stands as \DDD (RFC
 * 1035, 5.1); the root is the empty text.
 */
struct str dns_name_text(
    const struct dns_name *name, char ret[static DNS_NAME_TEXT_BYTES]);

#endif
