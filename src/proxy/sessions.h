/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/sessions: HTTP/2 connections to servers, which many requests share.
 *
 *	key -> [session] -> stream, stream, stream
 *	       [session] -> stream             (the first one is full)
 *
 * By the same keys as proxy/pool, which has those of HTTP/1: the policy has
 * admitted a request anew to where a session leads before it is given a stream
 * of it.  A request takes a stream of the first session that has room; how many
 * a server takes at once is its own word.  One without requests is closed when
 * it has waited for as long as a kept connection does, when there are too many,
 * or when somebody, of any thread, wants its slot; one that the server wants
 * to end (GOAWAY) takes no more requests, and ends with the last of them.
 *
 * A stream is a net/stream of http2/session, and belongs to whom it was given;
 * it may outlive its session, and fails then.
 *
 * Each thread has its own: a session stays where it was made.
 */
#ifndef GATEHOUSE_PROXY_SESSIONS_H
#define GATEHOUSE_PROXY_SESSIONS_H

#include "proxy/turns.h"

struct sessions;

/* NULL: no memory. */
struct sessions *sessions_create(struct loop *loop);

/* NULL is fine. */
void sessions_destroy(struct sessions **sessions);

/* A stream for one more request to where the key leads; false: there is no
 * session that has room. */
bool sessions_open(
    struct sessions *sessions, struct pool_key key, struct stream **ret);

/*
 * Takes a connection on which HTTP/2 was chosen, and its slot.  0 and a first
 * stream of it; or a negative errno, and it is closed.
 */
int sessions_add(struct sessions *sessions, struct pool_key key,
    struct pool_kept *kept, struct stream **ret);

/* The slot of one to the server that has no requests, which is closed; or
 * NULL. */
struct slot *sessions_take_slot(
    struct sessions *sessions, struct address_port server);

/* Who waits for one; lent.  They are told when one is there or has room. */
struct turns *sessions_turns(struct sessions *sessions);

/* How many there are. */
size_t sessions_count(const struct sessions *sessions);

#endif
