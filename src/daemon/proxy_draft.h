/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/proxy_draft: what has come of the next generation, in gatehouse-proxy.
 *
 *	begin -> take, any number of times -> build -> its `ready` is taken
 *	                                           `-> discard
 */
#ifndef GATEHOUSE_DAEMON_PROXY_DRAFT_H
#define GATEHOUSE_DAEMON_PROXY_DRAFT_H

#include "daemon/channel.h"
#include "daemon/snapshot.h"
#include "proxy/generation.h"

/* The gateway's addresses, as they are told one message after the other. */
struct proxy_own_list {
	struct proxy_own *items;
	size_t count, room;
};

struct proxy_draft {
	uint32_t number; /* 0: there is none */
	struct snapshot files;
	struct {
		struct proxy_listener *items;
		size_t count, room;
	} listeners;
	int console[POLICY_CONSOLE_LISTENS_MAX]; /* its listeners */
	size_t console_count;
	struct proxy_own_list own;
	struct proxy_generation *ready; /* built, not committed */
};

/* Forgets all of it; it is as at the beginning, zero. */
void proxy_draft_discard(struct proxy_draft *draft);

/* A FILE, a LISTENER or OWN.  A descriptor that was taken becomes -1.  0;
 * -EBADMSG; -ENOMEM. */
int proxy_draft_take(
    struct proxy_draft *draft, const struct channel_message *message, int *fd);

/* Reads the policy and makes `ready` of it and of all that came; `before` may
 * be NULL.  0, or a negative errno with words in *reterr_why, and then it is
 * to be discarded. */
int proxy_draft_build(struct proxy_draft *draft, struct quotas *quotas,
    const struct proxy_generation *before, struct text *reterr_why);

/* 0 or -ENOMEM. */
int proxy_own_take(struct proxy_own_list *list, const struct channel_own *own);
int proxy_own_add(
    struct proxy_generation *generation, const struct proxy_own_list *own);

#endif
