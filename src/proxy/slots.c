/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ticket is QUEUED under the lock of its server's shard, by which it may be
 * cancelled at once.  Granted, it is out of the line, and its message on the
 * way: then the loop that it belongs to either calls back or, if it was
 * cancelled meanwhile, gives back what was granted.
 */
#include "proxy/slots.h"

#include "base/must.h"
#include "proxy/limits.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#define SHARDS        64 /* powers of two */
#define SHARD_BUCKETS 64

struct slot_ticket {
	struct loop_message message;
	struct loop *loop;
	slot_fn fn;
	void *context;
	uint32_t max;
	struct slot *slot;
	struct slot_ticket *next, *prev;
	bool granted;   /* under the lock */
	bool cancelled; /* its own thread's */
	int fd;
};

/* All slots of a server. */
struct slot {
	struct slot *next;
	struct shard *shard;
	struct address_port server;
	uint32_t taken;
	struct slot_ticket *first, *last;
	_Atomic uint32_t waiting; /* written under the lock, read without */
};

struct shard {
	pthread_mutex_t lock; /* of all of it */
	struct slot *buckets[SHARD_BUCKETS];
};

struct slots {
	struct shard shards[SHARDS];
};

struct slots *
slots_create(void)
{
	struct slots *slots = calloc(1, sizeof(*slots));

	for (size_t i = 0; slots != NULL && i < SHARDS; i++)
		(void)pthread_mutex_init(&slots->shards[i].lock, NULL);
	return slots;
}

void
slots_destroy(struct slots **slots)
{
	struct slots *s = *slots;

	*slots = NULL;
	if (s == NULL)
		return;
	for (size_t i = 0; i < SHARDS; i++) {
		for (size_t j = 0; j < SHARD_BUCKETS; j++)
			must(s->shards[i].buckets[j] == NULL);
		(void)pthread_mutex_destroy(&s->shards[i].lock);
	}
	free(s);
}

/* ---- servers ---- */

static uint64_t
hash_of(struct address_port server)
{
	struct str bytes = { (const char *)server.address.bytes,
		sizeof(server.address.bytes) };

	return str_hash(bytes, server.port);
}

static struct slot **
bucket_of(struct slots *slots, struct address_port server, struct shard **ret)
{
	uint64_t hash = hash_of(server);

	*ret = &slots->shards[hash % SHARDS];
	return &(*ret)->buckets[hash / SHARDS % SHARD_BUCKETS];
}

static struct slot *
find(struct slot *slot, struct address_port server)
{
	while (slot != NULL &&
	       (slot->server.port != server.port ||
		   !address_eq(slot->server.address, server.address)))
		slot = slot->next;
	return slot;
}

static struct slot *
find_or_add(
    struct slot **bucket, struct shard *shard, struct address_port server)
{
	struct slot *slot = find(*bucket, server);

	if (slot != NULL)
		return slot;
	slot = calloc(1, sizeof(*slot));
	if (slot == NULL)
		return NULL;
	slot->shard = shard;
	slot->server = server;
	slot->next = *bucket;
	*bucket = slot;
	return slot;
}

/* Nobody has a slot, so nobody waits for one either. */
static void
remove_server(struct slot *slot)
{
	struct slot **link =
	    &slot->shard
		 ->buckets[hash_of(slot->server) / SHARDS % SHARD_BUCKETS];

	while (*link != slot)
		link = &(*link)->next;
	*link = slot->next;
	free(slot);
}

struct slot *
slots_take(struct slots *slots, struct address_port server, uint32_t max)
{
	struct shard *shard;
	struct slot **bucket = bucket_of(slots, server, &shard);

	(void)pthread_mutex_lock(&shard->lock);
	struct slot *slot = find_or_add(bucket, shard, server);
	if (slot != NULL && slot->taken < max)
		slot->taken++;
	else
		slot = NULL;
	(void)pthread_mutex_unlock(&shard->lock);
	return slot;
}

/* ---- the line ---- */

static void
leave_line(struct slot_ticket *ticket)
{
	struct slot *slot = ticket->slot;

	if (ticket->prev != NULL)
		ticket->prev->next = ticket->next;
	else
		slot->first = ticket->next;
	if (ticket->next != NULL)
		ticket->next->prev = ticket->prev;
	else
		slot->last = ticket->prev;
	(void)atomic_fetch_sub_explicit(
	    &slot->waiting, 1, memory_order_relaxed);
}

static void
join_line(struct slot *slot, struct slot_ticket *ticket)
{
	ticket->prev = slot->last;
	if (slot->last != NULL)
		slot->last->next = ticket;
	else
		slot->first = ticket;
	slot->last = ticket;
	(void)atomic_fetch_add_explicit(
	    &slot->waiting, 1, memory_order_relaxed);
}

/* Under the lock: whose turn it is, if there may be so many still. */
static struct slot_ticket *
next_in_line(struct slot *slot)
{
	struct slot_ticket *ticket = slot->first;

	if (ticket == NULL || slot->taken > ticket->max)
		return NULL;
	leave_line(ticket);
	ticket->granted = true;
	return ticket;
}

static void
post(struct slot_ticket *ticket, int fd)
{
	ticket->fd = fd;
	loop_post(ticket->loop, &ticket->message);
}

bool
slot_is_awaited(const struct slot *slot)
{
	return slot != NULL &&
	       atomic_load_explicit(&slot->waiting, memory_order_relaxed) > 0;
}

void
slot_release(struct slot *slot)
{
	if (slot == NULL)
		return;
	struct shard *shard = slot->shard;
	(void)pthread_mutex_lock(&shard->lock);
	struct slot_ticket *ticket = next_in_line(slot);
	if (ticket == NULL && --slot->taken == 0)
		remove_server(slot);
	(void)pthread_mutex_unlock(&shard->lock);
	if (ticket != NULL)
		post(ticket, -1);
}

bool
slot_pass_on(struct slot *slot, struct stream **stream)
{
	if (!slot_is_awaited(slot) || !stream_is_quiet(*stream) ||
	    !stream_is_bare(*stream))
		return false;
	(void)pthread_mutex_lock(&slot->shard->lock);
	struct slot_ticket *ticket = next_in_line(slot);
	(void)pthread_mutex_unlock(&slot->shard->lock);
	if (ticket == NULL)
		return false;
	post(ticket, stream_release(stream));
	return true;
}

/* ---- tickets ---- */

static void
give_back(struct slot *slot, int fd)
{
	if (fd >= 0)
		(void)close(fd);
	slot_release(slot);
}

static void
on_grant(struct loop *loop, struct loop_message *message)
{
	struct slot_ticket *ticket = (struct slot_ticket *)message;
	struct slot_ticket copy = *ticket;

	(void)loop;
	free(ticket);
	if (copy.cancelled)
		give_back(copy.slot, copy.fd);
	else
		copy.fn(copy.slot, copy.fd, copy.context);
}

/* Under the lock.  One may have become free since it was asked for. */
static int
queue(struct slot *slot, struct slot_ticket *ticket)
{
	ticket->slot = slot;
	if (slot->taken < ticket->max) {
		slot->taken++;
		ticket->granted = true;
		return 0;
	}
	if (slot->waiting >= PROXY_SLOT_LINE_MAX)
		return -ENOBUFS;
	join_line(slot, ticket);
	return 0;
}

int
slots_wait(struct slots *slots, struct address_port server, uint32_t max,
    struct loop *loop, slot_fn fn, void *context, struct slot_ticket **ret)
{
	struct slot_ticket *ticket = calloc(1, sizeof(*ticket));
	struct shard *shard;
	struct slot **bucket = bucket_of(slots, server, &shard);
	int rc = -ENOMEM;

	if (ticket == NULL)
		return -ENOMEM;
	*ticket = (struct slot_ticket){ .message.fn = on_grant,
		.loop = loop,
		.fn = fn,
		.context = context,
		.max = max };
	(void)pthread_mutex_lock(&shard->lock);
	struct slot *slot = find_or_add(bucket, shard, server);
	if (slot != NULL)
		rc = queue(slot, ticket);
	/* Else another thread may grant it from here on. */
	bool is_granted = rc == 0 && ticket->granted;
	(void)pthread_mutex_unlock(&shard->lock);
	if (is_granted)
		post(ticket, -1);
	if (rc < 0)
		free(ticket);
	else
		*ret = ticket;
	return rc;
}

void
slot_ticket_cancel(struct slot_ticket **ticket)
{
	struct slot_ticket *t = *ticket;

	*ticket = NULL;
	if (t == NULL)
		return;
	struct shard *shard = t->slot->shard;
	(void)pthread_mutex_lock(&shard->lock);
	bool is_granted = t->granted;
	if (!is_granted)
		leave_line(t);
	(void)pthread_mutex_unlock(&shard->lock);
	/* The message comes to this thread, and so after this. */
	if (is_granted)
		t->cancelled = true;
	else
		free(t);
}

void
slots_count(struct slots *slots, struct address_port server, size_t *ret_taken,
    size_t *ret_waiting)
{
	struct shard *shard;
	struct slot **bucket = bucket_of(slots, server, &shard);

	(void)pthread_mutex_lock(&shard->lock);
	const struct slot *slot = find(*bucket, server);
	*ret_taken = slot != NULL ? slot->taken : 0;
	*ret_waiting = slot != NULL ? slot->waiting : 0;
	(void)pthread_mutex_unlock(&shard->lock);
}
