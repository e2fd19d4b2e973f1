/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/conntrack: the kernel's table of living flows.
 *
 * Read whole, or a message at a time (some 150 flows) by one who has other
 * things to do as well: nothing is kept, whatever the table's size.  Of the
 * current network namespace alone.
 *
 * A flow is ended by a mark on its entry that the ruleset knows
 * (FIREWALL_MARK_ENDED), not by taking the entry away: without it the next
 * packet in the midst of a TCP connection would begin a new flow for the kernel
 * (nf_conntrack_tcp_loose), from either side, and what the rules say of that
 * direction could take it up again, with its translation.  The marked entry
 * keeps both ends apart and goes by itself, at a time that no packet puts off.
 *
 * Standard: linux/netfilter/nfnetlink_conntrack.h.
 */
#ifndef GATEHOUSE_FIREWALL_CONNTRACK_H
#define GATEHOUSE_FIREWALL_CONNTRACK_H

#include "base/address.h"
#include "base/text.h"

#include <linux/netlink.h>

/*
 * How long an ended flow's entry stays.  Of TCP as long as the kernel keeps a
 * closed connection, in which a side that still sends is answered with a reset.
 * Other protocols have no end of their own to see: as long as the kernel waits
 * for a first answer.
 */
#define CONNTRACK_ENDED_SECONDS_TCP 120
#define CONNTRACK_ENDED_SECONDS     30

/* One direction, as its packets have it. */
struct conntrack_tuple {
	struct address_port source; /* family NONE: there is no such tuple */
	struct address_port destination;
	uint8_t protocol; /* of IP */
	uint8_t icmp_type, icmp_code;
	uint16_t icmp_id;
};

enum conntrack_state {
	CONNTRACK_UNANSWERED, /* nothing came back yet */
	CONNTRACK_OPENING,    /* the handshake of TCP */
	CONNTRACK_OPEN,
	CONNTRACK_CLOSING, /* one side has ended */
	CONNTRACK_OVER,    /* both have; the entry waits for stragglers */
	CONNTRACK_STATE_COUNT,
};

struct conntrack_entry {
	struct conntrack_tuple original; /* as the client wrote it */
	struct conntrack_tuple reply;    /* as the answers come in */
	struct conntrack_tuple master;   /* of the flow that this belongs to */
	uint32_t status;                 /* IPS_... */
	uint32_t mark;
	uint16_t zone; /* of conntrack; 0 unless others use them */
	enum conntrack_state state;
	bool is_counted; /* the numbers below are meant */
	uint64_t bytes_in, bytes_out;
	uint64_t packets_in, packets_out;
	int64_t began; /* wall clock; 0: not known */
	int64_t ended; /* of one that is gone */
};

/* "unanswered", "opening", "open", "closing", "over". */
const char *conntrack_state_word(enum conntrack_state state);

/* Whether it lives: neither over nor ended by us. */
bool conntrack_is_living(const struct conntrack_entry *entry);

/*
 * Reads a message of the kernel's about one flow.  0, or -EBADMSG for what is
 * none, or of a family other than IPv4 and IPv6.
 */
int conntrack_parse(
    const struct nlmsghdr *message, struct conntrack_entry *ret);

/* A negative errno ends the reading and is its result. */
typedef int (*conntrack_fn)(void *context, const struct conntrack_entry *entry);

struct conntrack_dump;

/*
 * 0 or a negative errno, also of the kernel: -EINVAL or -EOPNOTSUPP where it
 * has no nf_conntrack_netlink.
 */
int conntrack_dump_open(struct conntrack_dump **ret);
void conntrack_dump_close(struct conntrack_dump *dump); /* NULL is fine */

/*
 * Calls `each` with what the next message holds.  1: more may come; 0: that
 * was the end; or a negative errno, and the rest is not known.
 */
int conntrack_dump_next(
    struct conntrack_dump *dump, conntrack_fn each, void *context);

/* All of it. */
int conntrack_read(conntrack_fn each, void *context);

struct conntrack_ender;

int conntrack_ender_open(struct conntrack_ender **ret);
void conntrack_ender_close(struct conntrack_ender *ender); /* NULL is fine */

/* Sets these bits of its mark.  Results as for the next. */
int conntrack_mark(struct conntrack_ender *ender,
    const struct conntrack_entry *entry, uint32_t mark, uint32_t mask);

/* Ends the flow.  0; -ENOENT when it is gone already; a negative errno. */
int conntrack_end(
    struct conntrack_ender *ender, const struct conntrack_entry *entry);

/*
 * Has the kernel of this namespace count the bytes of flows and stamp their
 * beginnings.  0, or a negative errno with a sentence in *reterr_why.  Flows
 * that have begun before are not counted.
 */
int conntrack_count_flows(struct text *reterr_why);

#endif
