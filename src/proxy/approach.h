/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/approach: to a server by way of a parent.
 *
 *	the next server of the parent that is not down
 *	   -> [a kept connection] or
 *	      [resolved] -> [dialled] -> [TLS] -> [passage]
 *	   -> done, or it is down: the next one
 *
 * One that cannot be reached (its name, its port, its certificate, the word of
 * greeting) is noted as down and the next one is tried; when none is left, the
 * failure is PARENT_DOWN.  One that has answered, whatever it was, is the last:
 * what it refuses is not asked of others.
 *
 * The parent's servers are the administrator's choice, and no policy is asked
 * of their addresses.  Nobody else's are dialled here.
 *
 * Life cycle: start -> fn is called once, perhaps within start; or cancel, and
 * it is not called.  From the start until release, or cancel, it holds the
 * policy whose parent it is: another one may come into force meanwhile.  All
 * belongs to the thread of the worker.
 */
#ifndef GATEHOUSE_PROXY_APPROACH_H
#define GATEHOUSE_PROXY_APPROACH_H

#include "base/hostname.h"
#include "net/resolver.h"
#include "proxy/dial.h"
#include "proxy/parents.h"
#include "proxy/passage.h"
#include "proxy/pool.h"

struct approach;
struct proxy_generation;
struct worker;

typedef void (*approach_fn)(
    struct approach *approach, enum proxy_failure failure);

/* "socks5 NAME:PORT", for whom it is trusted, " NAME:PORT", " tls TRUST NAME",
 * where what is trusted is a number. */
#define APPROACH_KEY_BYTES (3 * (HOSTNAME_MAX + 16) + 48)

/* The caller sets fn and context; the rest begins as zero. */
struct approach {
	approach_fn fn;
	void *context;

	/* What is wanted; lent until the end.  Both references are taken. */
	struct worker *worker;
	struct policy *policy;
	struct parents *parents;
	const struct policy_parent *parent; /* the policy's */
	struct passage_target target;
	bool may_ask; /* of an http parent: for a URL, without CONNECT */
	bool may_reuse;
	uint64_t owner;     /* as in a pool_key */
	bool may_share;     /* a stream of HTTP/2 to the target will do */
	struct str secures; /* TLS is spoken with the target; at NULL: not */

	/* What has come of it: the stream is the callee's. */
	struct stream *stream;
	const struct policy_parent_server *server; /* that was tried last */
	bool asks;   /* it is to be asked for a URL */
	bool reused; /* kept from another request */
	char key[APPROACH_KEY_BYTES];
	size_t key_len;

	size_t next;
	struct resolver_query query;
	struct address_port addresses[RESOLVER_ADDRESSES_MAX];
	struct dial dial;
	struct tls_handshake handshake;
	struct passage passage;
};

/* The parent must be the generation's. */
void approach_start(
    struct approach *approach, const struct proxy_generation *generation);

/* It has ended, and nobody asks any more who the parent and the server were. */
void approach_release(struct approach *approach);

/* Releases it as well.  Does nothing to one that was never started. */
void approach_cancel(struct approach *approach);

/* For the pool, when the stream waits for another request; the text is the
 * approach's. */
struct pool_key approach_key(const struct approach *approach);

#endif
