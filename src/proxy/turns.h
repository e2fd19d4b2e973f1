/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/turns: who makes the next connection of HTTP/2 to a server, and who
 * waits for it.
 *
 * A page of a hundred parts, asked for when the last connection has gone, would
 * make a hundred of which one is of use.  So the first who finds none leads,
 * and others wait until his is there, or he has failed; then each looks again,
 * and one of those who find no room leads the next.  Who waits for a slot at a
 * server whose connections are full is told, too, when one of them has room.
 *
 * Only for servers that are known to choose HTTP/2, by the last handshake with
 * them: nobody waits for a connection that he could not share.
 *
 * Of one thread, as proxy/sessions is.
 */
#ifndef GATEHOUSE_PROXY_TURNS_H
#define GATEHOUSE_PROXY_TURNS_H

#include "proxy/pool.h"

struct turn_place;
struct turns;

/* The caller's memory, zero at first; he sets fn and context. */
struct turn {
	void (*fn)(void *context);
	void *context;
	struct turn_place *place;  /* NULL: it neither leads nor waits */
	struct turn *next, **link; /* in the line */
};

/* NULL: no memory. */
struct turns *turns_create(struct loop *loop);

/* Nobody leads or waits; NULL is fine. */
void turns_destroy(struct turns **turns);

/* What the server chose; of keys the address does not count. */
void turns_note(struct turns *turns, struct pool_key key, bool shares);

/*
 * True: the caller is to make a connection now.  False: somebody does, and fn
 * is called from the loop, once, when he has come to an end.
 */
bool turns_take(struct turns *turns, struct pool_key key, struct turn *turn);

/* Waits though nobody leads: for turns_tell. */
void turns_wait(struct turns *turns, struct pool_key key, struct turn *turn);

/* A connection has room for so many: those who have waited longest are called.
 * Whether anybody waits. */
bool turns_tell(struct turns *turns, struct pool_key key, size_t count);

/* Whether it does not lead. */
bool turn_waits(const struct turn *turn);

/* It leads no more, and the others are called; or it waits no more.  At any
 * time. */
void turn_end(struct turn *turn);

#endif
