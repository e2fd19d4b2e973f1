/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/worker.h"

#include "proxy/alias_datagram.h"
#include "proxy/client.h"
#include "proxy/dns_front.h"
#include "proxy/fill.h"
#include "proxy/learned.h"
#include "proxy/listening.h"
#include "proxy/quic_flows.h"
#include "proxy/recode.h"
#include "proxy/refresh.h"

#include <stdio.h>
#include <sys/random.h>

/* ---- the name in Via ---- */

static char via[24];

void
worker_choose_via(void)
{
	uint32_t number;

	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) !=
	    (ssize_t)sizeof(number))
		number = (uint32_t)clock_wall();
	(void)snprintf(via, sizeof(via), "gatehouse-%08x", number);
}

struct str
worker_via(void)
{
	return str_of(via);
}

/* ---- clients ---- */

void
worker_add_client(struct client **list, struct client *client)
{
	client->next = *list;
	client->link = list;
	if (client->next != NULL)
		client->next->link = &client->next;
	*list = client;
}

void
worker_remove_client(struct client *client)
{
	*client->link = client->next;
	if (client->next != NULL)
		client->next->link = client->link;
}

static void
judge_clients_again(struct worker *worker)
{
	struct client *client = worker->clients;

	while (client != NULL) {
		struct client *next = client->next;
		client_judge_again(client);
		client = next;
	}
}

/* ---- the cache ---- */

/* While it waits it holds nothing of what the cache lent. */
static void
on_wait(void *context)
{
	cache_sleep(context);
}

static void
on_waited(void *context)
{
	cache_wake(context);
}

/* With the first generation: until then it may get a disk. */
static void
enter_cache(struct worker *worker)
{
	cache_enter(worker->cache.cache, &worker->cache);
	loop_on_wait(worker->loop,
	    (struct loop_waits){ on_wait, on_waited, &worker->cache });
}

/* ---- another generation ---- */

void
worker_change_over(struct worker *worker, struct proxy_generation *generation)
{
	struct proxy_generation *before = worker->generation;

	if (before == NULL)
		enter_cache(worker);
	listening_stop(worker);
	alias_datagrams_end_all(worker);
	worker->generation = generation;
	dns_front_change_over(worker->dns);
	listening_start(worker);
	judge_clients_again(worker);
	quic_flows_judge_again(worker);
	proxy_generation_unref(before);
}

/* ---- ends ---- */

void
worker_ban(struct worker *worker, const struct address_range *range)
{
	struct client *client = worker->clients;

	while (client != NULL) {
		struct client *next = client->next;
		if (address_range_has(range, client->peer.address) ||
		    address_range_has(range, client->balancer.address))
			client_ban(client);
		client = next;
	}
	quic_flows_ban(worker, range);
}

void
worker_end_used_up(struct worker *worker)
{
	struct client *client = worker->clients;

	while (client != NULL) {
		struct client *next = client->next;
		client_end_used_up(client);
		client = next;
	}
	quic_flows_end_used_up(worker);
}

void
worker_drain(struct worker *worker)
{
	struct client *client = worker->clients;

	listening_stop(worker);
	worker->drains = true;
	dns_front_drain(worker->dns);
	while (client != NULL) {
		struct client *next = client->next;
		client_drain(client);
		client = next;
	}
}

static void
end_clients(struct worker *worker)
{
	while (worker->clients != NULL)
		client_destroy(worker->clients);
}

void
worker_end_all(struct worker *worker)
{
	listening_stop(worker);
	end_clients(worker);
	quic_flows_end_all(worker);
	alias_datagrams_end_all(worker);
	dns_front_destroy(worker->dns);
	worker->dns = NULL;
	learned_end(worker);
	refresh_end_all(worker);
	recode_end_all(worker);
	fill_end_all(worker);
}
