/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/slots: how many connections lead to each server, and who waits for one.
 *
 * A server is an address and a port.  A connection to it, one that is being
 * made and one that is kept with them, holds a slot; there are as many as the
 * policy says.  Who finds none waits in a line, PROXY_SLOT_LINE_MAX long, and
 * is given the slot of the next connection that ends, or that connection
 * itself if it can be asked again: first come, first served.
 *
 * One for all threads.  A server is known only while a slot of it is taken, so
 * there are never more than connections.
 *
 * Any thread; servers are spread over locks by their hash.  A ticket belongs to
 * the thread of its loop.
 */
#ifndef GATEHOUSE_PROXY_SLOTS_H
#define GATEHOUSE_PROXY_SLOTS_H

#include "base/address.h"
#include "net/stream.h"

struct slot;
struct slots;
struct slot_ticket;

/* NULL: no memory. */
struct slots *slots_create(void);

/* All slots are free and nobody waits; NULL is fine. */
void slots_destroy(struct slots **slots);

/* A slot at the server, or NULL: `max` are taken, or no memory. */
struct slot *slots_take(
    struct slots *slots, struct address_port server, uint32_t max);

/* Who waits longest gets it; NULL is fine. */
void slot_release(struct slot *slot);

/*
 * The same with the connection, which nothing is under way on.  False: it and
 * the slot are still the caller's, for nobody waits or it cannot change hands.
 */
bool slot_pass_on(struct slot *slot, struct stream **stream);

/* Whether somebody waits for it; NULL is fine. */
bool slot_is_awaited(const struct slot *slot);

/*
 * The slot is the callee's, and `fd` too: a connection that may have been used
 * before, or -1.  The ticket is gone.
 */
typedef void (*slot_fn)(struct slot *slot, int fd, void *context);

/*
 * Waits for a slot; fn is called by the loop, once, unless the ticket is
 * cancelled.  0 and *ret; -ENOBUFS when too many wait; -ENOMEM.
 */
int slots_wait(struct slots *slots, struct address_port server, uint32_t max,
    struct loop *loop, slot_fn fn, void *context, struct slot_ticket **ret);

/* NULL is fine. */
void slot_ticket_cancel(struct slot_ticket **ticket);

/* How many slots of the server are taken, and how many wait. */
void slots_count(struct slots *slots, struct address_port server,
    size_t *ret_taken, size_t *ret_waiting);

#endif
