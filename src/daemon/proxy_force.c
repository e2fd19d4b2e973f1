/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/proxy_force: the policy that is in force, and the one that is to be.
 */
#include "daemon/proxy_impl.h"

#include "cache/disk.h"
#include "event/event.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- the next generation ---- */

static int
prepare(struct proxy_draft *draft, const struct proxy *proxy)
{
	struct channel_message refusal = { .type = CHANNEL_REFUSED,
		.generation = draft->number };
	struct text why = TEXT_EMPTY;
	int rc = proxy_draft_build(draft, proxy->quotas, proxy->current, &why);

	if (rc == 0)
		return proxy_send_bare(CHANNEL_READY, draft->number);
	(void)snprintf(refusal.words.words, sizeof(refusal.words.words), "%s",
	    why.len > 0 ? why.at : strerror(-rc));
	text_fini(&why);
	proxy_draft_discard(draft);
	return proxy_send(&refusal);
}

/* ---- the cache's disk ---- */

/* Of any thread; seldom. */
static void
tell_disk(void *context, enum cache_disk_event event, int error)
{
	static const char *const words[] = {
		[CACHE_DISK_EMPTIED] = "what it held cannot be trusted and was "
				       "thrown away",
		[CACHE_DISK_DAMAGED] =
		    "a response is not as it was written and "
		    "was thrown away",
		[CACHE_DISK_FAILED] = "it fails, and the cache is in memory "
				      "alone",
	};
	struct event told = { .kind = EVENT_KIND_FAULT, .enforcer = "proxy" };
	char reason[160];

	(void)context;
	(void)snprintf(reason, sizeof(reason), "the cache's disk: %s%s%s",
	    words[event], error < 0 ? ": " : "",
	    error < 0 ? strerror(-error) : "");
	(void)fprintf(stderr, "gatehouse-proxy: %s\n", reason);
	told.reason = reason;
	event_emit(&told);
}

/*
 * Before any worker has used the cache: so the disk is that of the first policy
 * that this process has seen.
 */
static void
attach_disk(struct proxy *proxy, const struct policy *policy)
{
	struct cache_disk_options options = {
		.bytes_max = policy->cache.disk_bytes,
		.event = tell_disk,
	};

	if (proxy->folder < 0 || proxy->current != NULL ||
	    policy->cache.disk_bytes == 0)
		return;
	int rc = workers_open_cache(proxy->workers, policy);
	if (rc == 0)
		rc = cache_disk_attach(
		    workers_cache(proxy->workers), proxy->folder, &options);
	if (rc < 0)
		tell_disk(NULL, CACHE_DISK_FAILED, rc);
}

/* Takes the reference. */
static int
put_in_force(struct proxy *proxy, struct proxy_generation *generation)
{
	int rc = workers_use(proxy->workers, generation);

	if (rc < 0) {
		proxy_generation_unref(generation);
		return rc;
	}
	proxy_generation_unref(proxy->current);
	proxy->current = generation;
	return 0;
}

int
proxy_commit(struct proxy *proxy)
{
	struct proxy_generation *ready = proxy->draft.ready;
	struct proxy_draft *draft = &proxy->draft;

	if (ready == NULL)
		return -EBADMSG;
	/* A gateway without its console goes on. */
	if (console_thread_use(&proxy->console, ready->policy, draft->console,
		draft->console_count) < 0)
		(void)fprintf(
		    stderr, "gatehouse-proxy: the console cannot start\n");
	draft->console_count = 0;
	proxy->draft.ready = NULL;
	attach_disk(proxy, ready->policy);
	proxy_draft_discard(&proxy->draft);
	return put_in_force(proxy, ready);
}

int
proxy_see_own(struct proxy *proxy, const struct channel_own *own)
{
	int rc = proxy_own_take(&proxy->own, own);

	if (rc < 0 || own->last == 0)
		return rc;
	struct proxy_generation *again = proxy_generation_again(proxy->current);
	if (again == NULL)
		return -ENOMEM;
	rc = proxy_own_add(again, &proxy->own);
	if (rc < 0) {
		proxy_generation_unref(again);
		return rc;
	}
	return put_in_force(proxy, again);
}

int
proxy_begin(struct proxy *proxy, uint32_t number)
{
	proxy_draft_discard(&proxy->draft);
	proxy->draft.number = number;
	return number == 0 ? -EBADMSG : 0;
}

int
proxy_take_for_draft(
    struct proxy *proxy, const struct channel_message *message, int *fd)
{
	struct proxy_draft *draft = &proxy->draft;

	if (draft->number == 0 || draft->number != message->generation)
		return -EBADMSG;
	if (message->type == CHANNEL_PREPARE)
		return prepare(draft, proxy);
	return proxy_draft_take(draft, message, fd);
}
