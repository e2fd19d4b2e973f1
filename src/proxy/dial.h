/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/dial: a connection to the first of several addresses that takes it.
 *
 * Happy Eyeballs (RFC 8305): the addresses are tried in their order, the next
 * one when the last has failed or has not answered within the stagger, and the
 * first connection that stands wins.  More may come while it is under way.
 * Every address has been admitted by the policy before it comes here.
 *
 * Life cycle: start -> done is called once, from the loop or, where nothing can
 * even be tried, from start itself; or cancel, and it is not called.  All
 * belongs to the thread of the loop.
 */
#ifndef GATEHOUSE_PROXY_DIAL_H
#define GATEHOUSE_PROXY_DIAL_H

#include "base/address.h"
#include "net/loop.h"
#include "proxy/limits.h"
#include "proxy/slots.h"
#include "proxy/sources.h"

#include <errno.h>

struct dial;

/*
 * A descriptor that is the callee's now, connected to servers[which]; or the
 * last negative errno, -ETIMEDOUT when the time was up, -EUSERS where no slot
 * was free, DIAL_NO_SOURCE where the client's address was not to be had.
 */
#define DIAL_NO_SOURCE (-ENOANO) /* that no connection ever fails with */

typedef void (*dial_fn)(struct dial *dial, int fd, size_t which);

struct dial_attempt {
	struct dial *dial;
	struct loop_watch watch;      /* fd -1: it is not connecting */
	struct source_ticket *ticket; /* NULL: it does not wait for a socket */
	struct slot *slot;            /* NULL: it is not counted */
	size_t which;
};

/* The caller sets fn and context; the rest begins as zero. */
struct dial {
	dial_fn fn;
	void *context;
	struct loop *loop; /* NULL: nothing under way */
	struct address_port *servers;
	size_t count, next;
	int64_t timeout; /* of all attempts; 0: PROXY_DIAL_TIMEOUT */
	struct address from4, from6; /* family NONE: the kernel chooses */
	/* They are those of this client, of whose connection this is the
	 * descriptor: sockets with them are asked for.  NULL: they are ours. */
	struct sources *sources;
	int client;
	/* Each attempt takes a slot at its server; NULL: they are not counted.
	 * One that is held already serves for the first. */
	struct slots *slots;
	uint32_t slots_max;
	struct slot *slot;        /* with the connection, the callee's */
	struct address_port full; /* the first without one; port 0: none */
	struct dial_attempt attempts[PROXY_DIAL_ATTEMPTS_MAX];
	struct loop_timer timer;
	int64_t started, deadline;
	int64_t begun; /* when the last attempt was */
	int error;
};

/* servers are lent until the end. */
void dial_start(struct dial *dial, struct loop *loop,
    struct address_port *servers, size_t count);

/*
 * There are `count` of them now, of a dial that is under way.  Those that were
 * not tried yet change places, so that the families take turns.
 */
void dial_more(struct dial *dial, size_t count);

/* From where it connects to the address; family NONE: the kernel chooses. */
struct address dial_from(const struct dial *dial, struct address to);

/* Does nothing to a dial that is not under way. */
void dial_cancel(struct dial *dial);

#endif
