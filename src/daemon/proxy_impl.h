/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/proxy_impl: what the files of gatehouse-proxy's first thread share.
 *
 *	gatehouse_proxy	its life, and what each message means
 *	proxy_force	the policy that is in force, and the one that is to be
 *	proxy_books	what it has counted, and is asked for
 *	proxy_purge	what is thrown out of the cache
 *	proxy_wishes	what the workers want of gatehoused (the other channel)
 *
 * All calls are of that thread, and return 0 or -errno.
 */
#ifndef GATEHOUSE_DAEMON_PROXY_IMPL_H
#define GATEHOUSE_DAEMON_PROXY_IMPL_H

#include "console/journal.h"
#include "daemon/channel.h"
#include "daemon/console_thread.h"
#include "daemon/heap_keeper.h"
#include "daemon/proxy_draft.h"
#include "daemon/proxy_sandbox.h"
#include "net/signals.h"
#include "proxy/workers.h"

struct proxy {
	struct loop loop;
	struct loop_watch channel, sources;
	struct loop_signal signals;
	struct refusal_watch refusals;
	struct sandbox sandbox;
	struct journal journal;
	struct workers *workers;
	struct console_thread *console; /* NULL: there was none yet */
	struct quotas *quotas;
	struct loop_timer drain;
	struct heap_keeper heap;
	struct proxy_draft draft;
	int folder; /* of the cache's disk; -1: it is in memory alone */
	struct proxy_generation *current; /* NULL until the first commit */
	struct proxy_own_list own;        /* of current, while it is told */
	int rc;                           /* what ended the loop */
};

/* ---- to gatehoused ---- */

static inline int
proxy_send(const struct channel_message *message)
{
	return channel_send(CHANNEL_FD, message, -1);
}

static inline int
proxy_send_bare(enum channel_type type, uint32_t generation)
{
	struct channel_message message = { .type = type,
		.generation = generation };

	return proxy_send(&message);
}

/* ---- proxy_force ---- */

/* What comes now is of this generation; one that was begun is forgotten. */
int proxy_begin(struct proxy *proxy, uint32_t number);

/* Of the next generation, which must have begun.  Takes *fd if it keeps it. */
int proxy_take_for_draft(
    struct proxy *proxy, const struct channel_message *message, int *fd);
int proxy_commit(struct proxy *proxy);

/* The gateway's addresses have changed under the policy in force. */
int proxy_see_own(struct proxy *proxy, const struct channel_own *own);

/* ---- proxy_books ---- */

/* Each answers the message of its name; `file` is lent. */
int proxy_answer_count(struct proxy *proxy);
int proxy_answer_collect(struct proxy *proxy);
int proxy_answer_reckon(struct proxy *proxy, int file);
int proxy_answer_count_outputs(struct proxy *proxy);
int proxy_answer_list_pins(struct proxy *proxy);

/* Sets what is used of them. */
int proxy_take_quotas(struct proxy *proxy, const struct channel_quotas *quotas);

/* ---- proxy_purge ---- */

/* May take a while; the workers go on. */
int proxy_purge(struct proxy *proxy, const struct channel_purge *wish);

/* ---- proxy_wishes ---- */

/* Before the workers start. */
int proxy_wishes_open(struct proxy *proxy);

#endif
