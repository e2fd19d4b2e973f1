/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dns/reply: what a client is sent.
 *
 * The question comes back letter by letter, for it is by its letters that the
 * client knows a true answer (0x20).  TTLs have grown older with the answer.
 * Who asked with EDNS is told by it what the answer is not (RFC 8914).
 */
#ifndef GATEHOUSE_DNS_REPLY_H
#define GATEHOUSE_DNS_REPLY_H

#include "dns/answer.h"

struct dns_reply {
	const struct dns_query *query;
	const struct dns_answer *answer; /* NULL: there is none, but: */
	enum dns_rcode rcode;
	bool stale; /* the answer's time is over */
	/* NONE: the answer's own, if it has one. */
	enum dns_extended extended;
	const char *words; /* for people, with `extended`; NULL: none */
};

/* What always has room: a head, a question, OPT with some words. */
#define DNS_REPLY_BYTES_MIN 512

/*
 * Writes it, cut to nothing but its question if it does not fit (TC).  `room`
 * is DNS_REPLY_BYTES_MIN at least.  Its length.
 */
size_t dns_reply_write(
    const struct dns_reply *reply, int64_t now, size_t room, char *to);

/* What a client takes over UDP. */
size_t dns_reply_room(const struct dns_query *query);

#endif
