/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/waiter_impl.h"

#include <stdlib.h>

/* Its lock says whether the message was posted; in the loop that is known. */
static void
on_message(struct loop *loop, struct loop_message *message)
{
	struct cache_waiter *waiter = (struct cache_waiter *)message;
	cache_waiter_fn fn = waiter->fn;
	void *context = waiter->context;
	bool silent = waiter->silent;

	(void)loop;
	if (silent || !waiter->again) {
		free(waiter);
	} else {
		(void)pthread_mutex_lock(waiter->lock);
		waiter->posted = false;
		(void)pthread_mutex_unlock(waiter->lock);
	}
	if (!silent)
		fn(context);
}

struct cache_waiter *
cache_waiter_create(
    pthread_mutex_t *lock, struct loop *loop, cache_waiter_fn fn, void *context)
{
	struct cache_waiter *waiter = calloc(1, sizeof(*waiter));

	if (waiter == NULL)
		return NULL;
	waiter->message.fn = on_message;
	waiter->loop = loop;
	waiter->fn = fn;
	waiter->context = context;
	waiter->lock = lock;
	return waiter;
}

static void
disarm(struct cache_waiter *waiter)
{
	if (waiter->link == NULL)
		return;
	*waiter->link = waiter->next;
	if (waiter->next != NULL)
		waiter->next->link = waiter->link;
	waiter->link = NULL;
	waiter->next = NULL;
}

void
cache_waiter_arm(struct cache_waiter *waiter, struct cache_waiter **list)
{
	if (waiter->link != NULL || waiter->posted)
		return;
	waiter->next = *list;
	waiter->link = list;
	if (waiter->next != NULL)
		waiter->next->link = &waiter->next;
	*list = waiter;
}

void
cache_waiter_post(struct cache_waiter *waiter)
{
	disarm(waiter);
	if (waiter->posted)
		return;
	waiter->posted = true;
	/* From here on it may be gone, if it was to be called once. */
	loop_post(waiter->loop, &waiter->message);
}

size_t
cache_waiter_post_all(struct cache_waiter **list)
{
	size_t count = 0;

	for (; *list != NULL; count++)
		cache_waiter_post(*list);
	return count;
}

void
cache_waiter_cancel(struct cache_waiter **waiter)
{
	struct cache_waiter *w = *waiter;

	*waiter = NULL;
	if (w == NULL)
		return;
	(void)pthread_mutex_lock(w->lock);
	disarm(w);
	bool posted = w->posted;
	(void)pthread_mutex_unlock(w->lock);
	if (posted)
		w->silent = true;
	else
		free(w);
}
