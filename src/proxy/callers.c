/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/callers.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#define BUCKETS 1024

struct callers {
	pthread_mutex_t lock; /* of all of it, and of the ports of callers */
	struct caller *buckets[BUCKETS];
};

struct callers *
callers_create(void)
{
	struct callers *callers = calloc(1, sizeof(*callers));

	if (callers != NULL)
		(void)pthread_mutex_init(&callers->lock, NULL);
	return callers;
}

void
callers_destroy(struct callers *callers)
{
	if (callers == NULL)
		return;
	(void)pthread_mutex_destroy(&callers->lock);
	free(callers);
}

static struct caller **
bucket_of(struct callers *callers, struct address client)
{
	struct str bytes = { (const char *)client.bytes, sizeof(client.bytes) };

	return &callers->buckets[str_hash(bytes, client.family) % BUCKETS];
}

static bool
is_there(const struct caller *caller, const struct address_port *listener,
    struct address client, uint16_t port)
{
	return caller->client.port == port &&
	       address_eq(caller->client.address, client) &&
	       caller->listener.port == listener->port &&
	       address_eq(caller->listener.address, listener->address);
}

static struct caller *
find(struct callers *callers, const struct address_port *listener,
    struct address client, uint16_t port)
{
	struct caller *caller = *bucket_of(callers, client);

	while (caller != NULL && !is_there(caller, listener, client, port))
		caller = caller->next;
	return caller;
}

int
callers_add(struct callers *callers, struct caller *caller)
{
	struct caller **link = bucket_of(callers, caller->client.address);
	int rc = 0;

	(void)pthread_mutex_lock(&callers->lock);
	if (caller->client.port != 0 &&
	    find(callers, &caller->listener, caller->client.address,
		caller->client.port) != NULL)
		rc = -EADDRINUSE;
	while (*link != NULL)
		link = &(*link)->next;
	if (rc == 0) {
		caller->next = NULL;
		caller->link = link;
		*link = caller;
	}
	(void)pthread_mutex_unlock(&callers->lock);
	return rc;
}

void
callers_remove(struct callers *callers, struct caller *caller)
{
	if (caller->link == NULL)
		return;
	(void)pthread_mutex_lock(&callers->lock);
	*caller->link = caller->next;
	if (caller->next != NULL)
		caller->next->link = caller->link;
	(void)pthread_mutex_unlock(&callers->lock);
	caller->link = NULL;
}

/* The lock is held. */
static struct caller *
find_or_claim(struct callers *callers, const struct address_port *listener,
    const struct address_port *from)
{
	struct caller *caller =
	    find(callers, listener, from->address, from->port);

	if (caller != NULL)
		return caller;
	caller = find(callers, listener, from->address, 0);
	if (caller != NULL)
		caller->client.port = from->port;
	return caller;
}

struct worker *
callers_worker(struct callers *callers, const struct address_port *listener,
    const struct address_port *from)
{
	(void)pthread_mutex_lock(&callers->lock);
	struct caller *caller = find_or_claim(callers, listener, from);
	struct worker *worker = caller != NULL ? caller->worker : NULL;
	(void)pthread_mutex_unlock(&callers->lock);
	return worker;
}

struct caller *
callers_mine(struct callers *callers, const struct worker *worker,
    const struct address_port *listener, const struct address_port *from)
{
	(void)pthread_mutex_lock(&callers->lock);
	struct caller *caller =
	    find(callers, listener, from->address, from->port);
	if (caller != NULL && caller->worker != worker)
		caller = NULL;
	(void)pthread_mutex_unlock(&callers->lock);
	return caller;
}
