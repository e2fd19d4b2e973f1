/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/ban_exempt: who is never banned.
 *
 *	nobody can	the gateway's own addresses, what means something on
 *			one link only, ranges wider than a mistake
 *	by force alone	whom the policy says (`never ban`), and where those come
 *			from by ssh who gave orders here
 *	for no wrongs	name servers, parents and balancers, besides
 *
 * The last row is there because anybody can write anybody's address on a
 * packet: whoever could have a name server banned would have the office off.
 */
#ifndef GATEHOUSE_DAEMON_BAN_EXEMPT_H
#define GATEHOUSE_DAEMON_BAN_EXEMPT_H

#include "base/address.h"
#include "base/clock.h"
#include "base/text.h"

struct addresses;
struct generation;
struct host_address;

/* Wider is no address that has misbehaved: IPv4, IPv6. */
#define BAN_BITS_MIN_4 8
#define BAN_BITS_MIN_6 16

/* Administrators at a time, and how long one is remembered. */
#define BAN_SESSIONS_MAX  16
#define BAN_SESSIONS_KEPT (24 * 3600 * CLOCK_SECOND)

struct ban_exempt {
	/* Lent, and looked at as they are just then: */
	const struct generation *const *current; /* NULL in it: none yet */
	const struct addresses *addresses;
	/* Where orders came from, by ssh. */
	struct {
		struct address address;
		int64_t until; /* clock_now */
	} sessions[BAN_SESSIONS_MAX];
};

enum ban_for {
	BAN_FOR_FORCE,  /* somebody insists */
	BAN_FOR_WISH,   /* somebody wants it */
	BAN_FOR_WRONGS, /* a rule does */
};

/* 0; or -EPERM, with a sentence. */
int ban_exempt_refuse(const struct ban_exempt *exempt,
    const struct address_range *range, enum ban_for why,
    struct text *reterr_why);

/* The source that the address belongs to (policy/ban). */
struct address_range ban_exempt_source(
    const struct ban_exempt *exempt, struct address address);

/* An address of the gateway in the range; NULL: none. */
const struct host_address *ban_exempt_own(
    const struct ban_exempt *exempt, const struct address_range *range);

/* Orders come from there: a session of an administrator's.  False if nothing
 * was said that is understood. */
bool ban_exempt_note(struct ban_exempt *exempt, struct str address);

#endif
