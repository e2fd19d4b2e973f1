/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/datagram_queue: datagrams that wait until it is known where to.
 *
 * Several queues may share one room.  What does not fit in is lost, as
 * datagrams are.
 */
#ifndef GATEHOUSE_PROXY_DATAGRAM_QUEUE_H
#define GATEHOUSE_PROXY_DATAGRAM_QUEUE_H

#include "base/str.h"

#include <stddef.h>

struct datagram {
	struct datagram *next;
	size_t len;
	char bytes[];
};

struct datagram_queue {
	struct datagram *first, **last;
	size_t *room; /* bytes that may still come; the owner's */
};

/* The queue stays where it is, and so does `room`. */
void datagram_queue_init(struct datagram_queue *queue, size_t *room);

/* Copied; lost if there is no room or no memory. */
void datagram_queue_add(struct datagram_queue *queue, struct str bytes);

/* The caller frees it; NULL: there is none. */
struct datagram *datagram_queue_take(struct datagram_queue *queue);

/* All that wait, in their order; the caller frees each. */
struct datagram *datagram_queue_take_all(struct datagram_queue *queue);

void datagram_queue_clear(struct datagram_queue *queue);

static inline struct str
datagram_bytes(const struct datagram *datagram)
{
	return (struct str){ datagram->bytes, datagram->len };
}

#endif
