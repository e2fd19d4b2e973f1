/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/learning: telling names to who lets packets in by them.
 *
 * The packet filter is not ours: it is told of a name and its addresses, and
 * says when it knows.  One for all threads.
 *
 *	any thread      learning_tell -> fn, in its own loop, once
 *	one thread      learning_answer, as the answers come
 *
 * So many are on their way at a time, for who takes them takes all that have
 * come at once; the others wait in their order.  One that is not answered
 * within LEARNING_WAIT is waited for no longer: better a client that is refused
 * and tries again than one that gets no answer.
 */
#ifndef GATEHOUSE_PROXY_LEARNING_H
#define GATEHOUSE_PROXY_LEARNING_H

#include "base/address.h"
#include "base/hostname.h"
#include "net/loop.h"
#include "policy/limits.h"

/* On their way, and with them all that wait: each takes 2 KiB. */
#define LEARNING_SENT_MAX 64
#define LEARNING_MAX      2048

/* A policy that comes into force keeps the other side busy for as long as its
 * rules need; a client asks again after five seconds, or less. */
#define LEARNING_WAIT (1 * CLOCK_SECOND)

/* Of one name; an answer with more is known by these. */
#define LEARNING_ADDRESSES_MAX 64

struct learning;
struct learning_errand;

struct learning_wish {
	char zone[POLICY_ZONE_NAME_MAX + 1];
	char name[HOSTNAME_MAX + 1]; /* as hostname_parse writes it */
	uint32_t seconds;
	uint32_t count;
	struct address addresses[LEARNING_ADDRESSES_MAX];
};

/* Sends it away: 0 or a negative errno, at once.  Any thread. */
typedef int (*learning_send_fn)(
    uint32_t number, const struct learning_wish *wish);

/* It is known, or nobody waits any longer.  The errand is gone. */
typedef void (*learning_fn)(bool is_known, void *context);

/* NULL: no memory. */
struct learning *learning_create(learning_send_fn send);

/* Nobody waits any more; NULL is fine. */
void learning_destroy(struct learning **learning);

/*
 * Tells the wish, whose count and texts are good.  0 and *ret, and fn is called
 * by the loop unless the errand is cancelled; or a negative errno.
 */
int learning_tell(struct learning *learning, const struct learning_wish *wish,
    struct loop *loop, learning_fn fn, void *context,
    struct learning_errand **ret);

/* The same for what nobody waits for; it is left out where others wait. */
void learning_mention(struct learning *learning,
    const struct learning_wish *wish, struct loop *loop);

/* NULL is fine. */
void learning_cancel(struct learning_errand **errand);

/* The thread of this loop ends: nothing of it is told any more. */
void learning_leave(struct learning *learning, struct loop *loop);

/* `error`: 0: it is known.  What nobody waits for is nothing. */
void learning_answer(struct learning *learning, uint32_t number, int error);

#endif
