/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/parents.h"

#include "event/counter.h"
#include "proxy/limits.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

struct parent_server {
	_Atomic int64_t down_until; /* clock_now; 0: it is up */
	struct tls_peer *peer;      /* a reference; NULL: no TLS */
};

struct parents {
	unsigned refs; /* atomic */
	size_t count;
	struct parent_server servers[];
};

struct parents *
parents_create(const struct policy *policy)
{
	size_t count = policy->parent_server_count;
	struct parents *parents =
	    calloc(1, sizeof(*parents) + count * sizeof(parents->servers[0]));

	if (parents == NULL)
		return NULL;
	parents->refs = 1;
	parents->count = count;
	return parents;
}

struct parents *
parents_ref(struct parents *parents)
{
	(void)__atomic_add_fetch(&parents->refs, 1, __ATOMIC_RELAXED);
	return parents;
}

void
parents_unref(struct parents *parents)
{
	if (parents == NULL ||
	    __atomic_sub_fetch(&parents->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (size_t i = 0; i < parents->count; i++)
		tls_peer_unref(parents->servers[i].peer);
	free(parents);
}

/* ---- the servers of a policy ---- */

typedef int (*server_fn)(const struct policy_parent_server *, void *context);

/* Until one says something else than 0, which is returned. */
static int
each_server(const struct policy *policy, server_fn fn, void *context)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < policy->parent_count; i++) {
		const struct policy_parent *parent = &policy->parents[i];
		for (size_t j = 0; rc == 0 && j < parent->server_count; j++)
			rc = fn(&parent->servers[j], context);
	}
	return rc;
}

struct search {
	const struct policy_parent_server *wanted;
	const struct policy_parent_server *found;
};

static int
is_it(const struct policy_parent_server *server, void *context)
{
	struct search *search = context;

	if (!policy_parent_server_same(server, search->wanted))
		return 0;
	search->found = server;
	return 1;
}

struct following {
	struct parents *parents;
	const struct parents *before;
	const struct policy *policy_before;
};

/* A server may be one of several parents; what is down is down for all. */
static int
follow_one(const struct policy_parent_server *server, void *context)
{
	const struct following *following = context;
	struct search search = { .wanted = server };
	struct parent_server *to = &following->parents->servers[server->nth];

	if (each_server(following->policy_before, is_it, &search) == 0)
		return 0;
	const struct parent_server *from =
	    &following->before->servers[search.found->nth];
	to->down_until = from->down_until;
	if (from->peer != NULL && to->peer == NULL)
		to->peer = tls_peer_ref(from->peer);
	return 0;
}

void
parents_follow(struct parents *parents, const struct policy *policy,
    const struct parents *before, const struct policy *policy_before)
{
	struct following following = { parents, before, policy_before };

	(void)each_server(policy, follow_one, &following);
}

/* ---- TLS ---- */

struct securing {
	struct parents *parents;
	/* The last ones that were made: all with the same authorities have the
	 * same, for the system's are many. */
	struct tls_settings *settings;
	struct str authorities;
	struct text *why;
};

static int
choose_settings(
    struct securing *securing, const struct policy_parent_server *server)
{
	const char *why = "";

	if (securing->settings != NULL &&
	    securing->authorities.at == server->authorities.at)
		return 0;
	tls_settings_unref(securing->settings);
	securing->authorities = server->authorities;
	securing->settings = tls_settings_create(server->authorities, &why);
	if (securing->settings != NULL)
		return 0;
	text_addf(
	    securing->why, "parent '%.*s': %s", STR_ARG(server->text), why);
	return -EINVAL;
}

static int
secure_one(const struct policy_parent_server *server, void *context)
{
	struct securing *securing = context;
	struct parent_server *to = &securing->parents->servers[server->nth];

	if (server->protocol != POLICY_PARENT_PROTOCOL_HTTPS ||
	    to->peer != NULL)
		return 0;
	int rc = choose_settings(securing, server);
	if (rc < 0)
		return rc;
	to->peer =
	    tls_peer_create(securing->settings, server->host, server->address);
	return to->peer != NULL ? 0 : -ENOMEM;
}

int
parents_secure(struct parents *parents, const struct policy *policy,
    struct text *reterr_why)
{
	struct securing securing = { .parents = parents, .why = reterr_why };
	int rc = each_server(policy, secure_one, &securing);

	tls_settings_unref(securing.settings);
	return rc;
}

struct tls_peer *
parents_peer(const struct parents *parents, size_t nth)
{
	return parents->servers[nth].peer;
}

/* ---- who is down ---- */

bool
parents_is_down(const struct parents *parents, size_t nth, int64_t now)
{
	return now < atomic_load_explicit(&parents->servers[nth].down_until,
			 memory_order_relaxed);
}

void
parents_note_down(struct parents *parents, size_t nth, int64_t now)
{
	counter_add(COUNTER_PARENTS_DOWN, 1);
	atomic_store_explicit(&parents->servers[nth].down_until,
	    now + PROXY_PARENT_BACKOFF, memory_order_relaxed);
}

void
parents_note_up(struct parents *parents, size_t nth)
{
	/* Read first: a line that all workers write is slow for all. */
	if (atomic_load_explicit(
		&parents->servers[nth].down_until, memory_order_relaxed) != 0)
		atomic_store_explicit(
		    &parents->servers[nth].down_until, 0, memory_order_relaxed);
}
