/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/workers.h"

#include "base/must.h"
#include "proxy/aliases.h"
#include "proxy/banned.h"
#include "proxy/callers.h"
#include "proxy/crowd.h"
#include "proxy/dns_front.h"
#include "proxy/dns_share.h"
#include "proxy/limits.h"
#include "proxy/pool.h"
#include "proxy/pulse.h"
#include "proxy/refusals.h"
#include "proxy/sessions.h"
#include "proxy/slots.h"
#include "proxy/thorough.h"
#include "proxy/who.h"
#include "proxy/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

struct member {
	struct worker worker;
	struct loop loop;
	struct pulse *pulse; /* of all */
	size_t index;
	pthread_t thread;
	bool running;
};

struct workers {
	struct aliases *aliases;
	struct banned *banned;
	struct callers *callers;
	struct crowd *crowd;
	struct crowd *slow_heads;
	struct member *members;
	size_t count;
	struct cache *cache; /* of all; of no size while no policy wants it */
	struct dns_share *dns;
	struct pools *pools;
	struct pulse *pulse;
	struct refusals *refusals;
	struct slots *slots;
	struct sources *sources; /* NULL: nobody is asked */
	struct learning *learning;
	struct thorough *thorough;
	struct who *who;
};

/* What a worker is told: a ban, quotas, a generation, that it is to drain, or
 * none of them for the end. */
struct order {
	struct loop_message message;
	struct worker *worker;
	bool used_up, drain;
	struct address_range banned;         /* first of no family: nobody */
	struct proxy_generation *generation; /* a reference */
};

/* ---- orders ---- */

static void
on_order(struct loop *loop, struct loop_message *message)
{
	struct order *order = (struct order *)message;

	if (order->banned.first.family != ADDRESS_NONE)
		worker_ban(order->worker, &order->banned);
	else if (order->used_up)
		worker_end_used_up(order->worker);
	else if (order->drain)
		worker_drain(order->worker);
	else if (order->generation == NULL)
		loop_stop(loop);
	else
		worker_change_over(order->worker, order->generation);
	free(order);
}

static struct order *
make_order(struct worker *worker, struct proxy_generation *generation)
{
	struct order *order = calloc(1, sizeof(*order));

	if (order == NULL)
		return NULL;
	order->message.fn = on_order;
	order->worker = worker;
	if (generation != NULL)
		order->generation = proxy_generation_ref(generation);
	return order;
}

static void
drop_order(struct order *order)
{
	if (order != NULL)
		proxy_generation_unref(order->generation);
	free(order);
}

/* ---- threads ---- */

static void *
run(void *context)
{
	struct member *member = context;
	struct worker *worker = &member->worker;

	pulse_begin(member->pulse, member->index, &member->loop);
	(void)loop_run(&member->loop);
	pulse_end(member->pulse, member->index);
	worker_end_all(worker);
	loop_deliver(&member->loop);
	if (worker->generation != NULL)
		cache_leave(&worker->cache);
	return NULL;
}

/* Whoever could still post to it has ended. */
static void
fini_member(struct member *member)
{
	if (member->worker.loop != NULL)
		loop_deliver(&member->loop);
	dns_front_destroy(member->worker.dns);
	pool_destroy(&member->worker.pool);
	sessions_destroy(&member->worker.sessions);
	resolver_destroy(&member->worker.resolver);
	proxy_generation_unref(member->worker.generation);
	tally_slot_fini(&member->worker.tally);
	arena_spare_fini(&member->worker.spare);
	text_fini(&member->worker.scratch);
	if (member->worker.loop != NULL)
		loop_fini(&member->loop);
}

static int
init_member(struct member *member, const struct workers *workers)
{
	struct resolver_options options = { 0 };
	struct worker *worker = &member->worker;
	int rc = loop_init(&member->loop);

	if (rc < 0)
		return rc;
	worker->loop = &member->loop;
	member->pulse = workers->pulse;
	member->index = workers->count;
	worker->takes_datagrams = workers->count == 0;
	rc = resolver_create(worker->loop, &options, &worker->resolver);
	if (rc < 0)
		return rc;
	worker->aliases = workers->aliases;
	worker->banned = workers->banned;
	worker->callers = workers->callers;
	worker->crowd = workers->crowd;
	worker->slow_heads = workers->slow_heads;
	worker->who = workers->who;
	worker->thorough = workers->thorough;
	worker->refusals = workers->refusals;
	worker->slots = workers->slots;
	rc = tally_slot_init(&worker->tally);
	if (rc < 0)
		return rc;
	worker->pool = pool_create(worker->loop, workers->pools);
	worker->sessions = sessions_create(worker->loop);
	worker->dns = dns_front_create(worker, workers->dns);
	return worker->pool != NULL && worker->sessions != NULL &&
		       worker->dns != NULL
		   ? 0
		   : -ENOMEM;
}

/* Signals are for the thread that creates the workers. */
static int
start_thread(struct member *member)
{
	sigset_t all, before;

	(void)sigfillset(&all);
	(void)sigdelset(&all, SIGSYS); /* daemon/refusal's */
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	int rc = -pthread_create(&member->thread, NULL, run, member);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	member->running = rc == 0;
	return rc;
}

/* What is accepted beyond the descriptors could not be served. */
static size_t
places_for_clients(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
	    limit.rlim_cur / PROXY_CLIENT_DESCRIPTORS >= PROXY_CLIENTS_MAX)
		return PROXY_CLIENTS_MAX;
	return (size_t)limit.rlim_cur / PROXY_CLIENT_DESCRIPTORS;
}

static struct workers *
allocate(size_t count)
{
	struct workers *workers = calloc(1, sizeof(*workers));

	if (workers == NULL)
		return NULL;
	workers->pools = pools_create();
	workers->pulse = pulse_create(count, PULSE_EVERY);
	workers->slots = slots_create();
	workers->aliases = aliases_create();
	workers->banned = banned_create();
	workers->callers = callers_create();
	workers->crowd = crowd_create(places_for_clients(),
	    "no place for its connection: it has many, or there are too many");
	workers->slow_heads = crowd_create(
	    PROXY_SLOW_HEADS_MAX, "too many of its heads come slowly");
	workers->who = who_create();
	workers->thorough = thorough_create();
	workers->refusals = refusals_create();
	workers->dns = dns_share_create();
	workers->members = calloc(count, sizeof(*workers->members));
	if (workers->aliases != NULL && workers->pools != NULL &&
	    workers->slots != NULL && workers->pulse != NULL &&
	    workers->crowd != NULL && workers->slow_heads != NULL &&
	    workers->banned != NULL && workers->callers != NULL &&
	    workers->who != NULL && workers->thorough != NULL &&
	    workers->refusals != NULL && workers->dns != NULL &&
	    workers->members != NULL)
		return workers;
	workers_destroy(&workers);
	return NULL;
}

int
workers_create(size_t count, struct workers **ret)
{
	struct workers *workers = allocate(count);
	int rc = 0;

	worker_choose_via();
	if (workers == NULL)
		return -ENOMEM;
	for (; rc == 0 && workers->count < count; workers->count++)
		rc = init_member(&workers->members[workers->count], workers);
	if (rc < 0)
		workers_destroy(&workers);
	else
		*ret = workers;
	return rc;
}

int
workers_start(struct workers *workers)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < workers->count; i++)
		rc = start_thread(&workers->members[i]);
	return rc;
}

/* Of one that may still come nothing is known but that a part must hold its
 * objects. */
static struct cache_limits
limits_of(const struct policy *policy)
{
	bool none = policy->cache.memory_bytes == 0;

	return (struct cache_limits){
		.bytes_max = policy->cache.memory_bytes,
		.object_bytes_max =
		    none ? INT64_MAX / 64 : policy->cache.object_bytes,
	};
}

int
workers_open_cache(struct workers *workers, const struct policy *policy)
{
	struct cache_limits limits = limits_of(policy);

	if (workers->cache != NULL)
		return 0;
	int rc = cache_create(&limits, &workers->cache);
	for (size_t i = 0; rc == 0 && i < workers->count; i++)
		workers->members[i].worker.cache.cache = workers->cache;
	return rc;
}

int
workers_open_sources(
    struct workers *workers, sources_send_fn send, sources_stand_fn stand)
{
	workers->sources = sources_create(send, stand);
	for (size_t i = 0; i < workers->count; i++)
		workers->members[i].worker.sources = workers->sources;
	return workers->sources != NULL ? 0 : -ENOMEM;
}

void
workers_tell_refused(struct workers *workers,
    void (*tell)(struct address source, uint32_t generation, uint32_t rule))
{
	refusals_tell(workers->refusals, tell);
}

void
workers_ask_pam_at(struct workers *workers, int helper)
{
	who_ask_pam_at(workers->who, helper);
}

void
workers_tell_alive(struct workers *workers, void (*tell)(void))
{
	pulse_tell(workers->pulse, tell);
}

void
workers_take_source(struct workers *workers, uint32_t number, int fd)
{
	sources_answer(workers->sources, number, fd);
}

int
workers_open_learning(struct workers *workers, learning_send_fn send)
{
	workers->learning = learning_create(send);
	for (size_t i = 0; i < workers->count; i++)
		workers->members[i].worker.learning = workers->learning;
	return workers->learning != NULL ? 0 : -ENOMEM;
}

void
workers_take_learned(struct workers *workers, uint32_t number, int error)
{
	learning_answer(workers->learning, number, error);
}

int
workers_use(struct workers *workers, struct proxy_generation *generation)
{
	struct order *orders[PROXY_WORKERS_MAX] = { NULL };
	bool all = true;

	struct cache_limits limits = limits_of(generation->policy);
	int rc = workers_open_cache(workers, generation->policy);

	must(workers->count <= PROXY_WORKERS_MAX);
	if (rc < 0)
		return rc;
	cache_resize(workers->cache, &limits);
	who_forget(workers->who);
	for (size_t i = 0; all && i < workers->count; i++) {
		orders[i] = make_order(&workers->members[i].worker, generation);
		all = orders[i] != NULL;
	}
	for (size_t i = 0; i < workers->count; i++) {
		if (all)
			loop_post(
			    &workers->members[i].loop, &orders[i]->message);
		else
			drop_order(orders[i]);
	}
	return all ? 0 : -ENOMEM;
}

struct cache *
workers_cache(struct workers *workers)
{
	return workers->cache;
}

/* What is the same for each of them; a generation is not. */
static int
order_all(struct workers *workers, const struct order *what)
{
	for (size_t i = 0; i < workers->count; i++) {
		struct member *member = &workers->members[i];
		struct order *order = make_order(&member->worker, NULL);
		if (order == NULL)
			return -ENOMEM;
		order->used_up = what->used_up;
		order->drain = what->drain;
		order->banned = what->banned;
		loop_post(&member->loop, &order->message);
	}
	return 0;
}

/* It is on the list before anybody is ended, so that none slips in between. */
int
workers_ban(struct workers *workers, const struct address_range *range)
{
	int rc = banned_add(workers->banned, range);

	if (rc < 0)
		return rc;
	return order_all(workers, &(struct order){ .banned = *range });
}

int
workers_end_used_up(struct workers *workers)
{
	return order_all(workers, &(struct order){ .used_up = true });
}

void
workers_reckon(struct workers *workers, struct tally *sum)
{
	for (size_t i = 0; i < workers->count; i++)
		(void)tally_slot_take(&workers->members[i].worker.tally, sum);
}

int
workers_drain(struct workers *workers)
{
	return order_all(workers, &(struct order){ .drain = true });
}

int
workers_unban(struct workers *workers, const struct address_range *range)
{
	return banned_remove(workers->banned, range);
}

/* A thread that cannot be told to end would be joined in vain. */
static void
stop_thread(struct member *member)
{
	if (!member->running)
		return;
	struct order *order = make_order(&member->worker, NULL);
	must(order != NULL);
	loop_post(&member->loop, &order->message);
	(void)pthread_join(member->thread, NULL);
}

void
workers_destroy(struct workers **workers)
{
	struct workers *w = *workers;

	*workers = NULL;
	if (w == NULL)
		return;
	for (size_t i = 0; i < w->count; i++)
		stop_thread(&w->members[i]);
	who_destroy(&w->who);
	thorough_destroy(&w->thorough);
	for (size_t i = 0; i < w->count; i++)
		fini_member(&w->members[i]);
	cache_destroy(&w->cache);
	aliases_destroy(w->aliases);
	banned_destroy(w->banned);
	refusals_destroy(w->refusals);
	dns_share_destroy(w->dns);
	callers_destroy(w->callers);
	crowd_destroy(w->crowd);
	crowd_destroy(w->slow_heads);
	pools_destroy(&w->pools);
	pulse_destroy(w->pulse);
	slots_destroy(&w->slots);
	sources_destroy(&w->sources);
	learning_destroy(&w->learning);
	free(w->members);
	free(w);
}
