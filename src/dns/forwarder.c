/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns/forwarder.h"

#include "base/must.h"
#include "dns/ask.h"
#include "event/counter.h"
#include "net/name_servers.h"

#include <errno.h>
#include <stdlib.h>

/* A power of two. */
#define SLOTS DNS_FORWARDER_ASKS_MAX

/* Of an answer's time, the last tenth, if that is a second: somebody asks
 * for it right now, and so will the next. */
#define PREFETCH_SHARE    10
#define PREFETCH_TIME_MIN (10 * CLOCK_SECOND)

/* How often it is seen whether the host has other name servers. */
#define LOOK_EVERY CLOCK_SECOND

/* A question that is under way. */
struct pending {
	struct dns_forwarder *forwarder;
	struct pending *next; /* of its slot */
	struct dns_key key;
	uint64_t hash;
	struct dns_forward *waits;
	struct dns_answer *stale; /* a reference; NULL: none */
	struct loop_timer patience;
	struct dns_ask ask;
};

struct dns_forwarder {
	struct loop *loop;
	struct dns_store *store;
	struct dns_upstreams *upstreams;
	struct dns_ttl_limits limits;
	bool told; /* its servers are the policy's, and not the host's */
	int64_t look;
	struct stat host;
	size_t asks;
	struct pending *slots[SLOTS];
};

/* ---- who waits ---- */

static void
add_wait(struct pending *pending, struct dns_forward *forward)
{
	forward->next = pending->waits;
	forward->at = &pending->waits;
	if (forward->next != NULL)
		forward->next->at = &forward->next;
	pending->waits = forward;
}

void
dns_forward_cancel(struct dns_forward *forward)
{
	if (forward->at == NULL)
		return;
	*forward->at = forward->next;
	if (forward->next != NULL)
		forward->next->at = forward->at;
	forward->at = NULL;
}

static void
tell_all(struct pending *pending, struct dns_answer *answer, bool stale)
{
	while (pending->waits != NULL) {
		struct dns_forward *forward = pending->waits;
		dns_forward_cancel(forward);
		forward->fn(forward, answer, stale);
	}
}

/* ---- what is under way ---- */

static struct pending **
find(struct dns_forwarder *forwarder, const struct dns_key *key, uint64_t hash)
{
	struct pending **link = &forwarder->slots[hash & (SLOTS - 1)];

	while (*link != NULL &&
	       ((*link)->hash != hash || !dns_key_eq(&(*link)->key, key)))
		link = &(*link)->next;
	return link;
}

static void
destroy(struct pending *pending)
{
	dns_ask_cancel(&pending->ask);
	loop_timer_cancel(&pending->patience);
	dns_answer_unref(pending->stale);
	free(pending);
}

/* Who asks from now on begins anew. */
static void
take_out(struct pending *pending)
{
	struct dns_forwarder *forwarder = pending->forwarder;

	*find(forwarder, &pending->key, pending->hash) = pending->next;
	forwarder->asks--;
}

static void
use_stale(struct pending *pending)
{
	__atomic_store_n(&pending->stale->retry_at,
	    clock_now() + DNS_STALE_RETRY, __ATOMIC_RELAXED);
	tell_all(pending, pending->stale, true);
}

/* The ask goes on, for those who come later. */
static void
on_patience(struct loop_timer *timer)
{
	struct pending *pending = timer->context;

	if (pending->waits != NULL)
		use_stale(pending);
}

static struct dns_inquiry
question_of(const struct dns_key *key)
{
	return (struct dns_inquiry){
		.name = key->name, .type = key->type, .class = DNS_CLASS_IN
	};
}

/* That nobody answered is kept for a moment, so that it is not asked at once
 * again (RFC 9520). */
static void
fail(struct pending *pending, int error)
{
	struct dns_inquiry question = question_of(&pending->key);
	struct dns_answer *answer = dns_answer_failure(&question,
	    error == -EREMOTEIO ? DNS_EXTENDED_OTHER
				: DNS_EXTENDED_NO_AUTHORITY,
	    clock_now());

	if (answer != NULL)
		dns_store_put(pending->forwarder->store, &pending->key, answer);
	tell_all(pending, answer, false);
	dns_answer_unref(answer);
}

static void
on_answer(struct dns_ask *ask, int error, struct str message)
{
	struct pending *pending = ask->context;
	struct dns_forwarder *forwarder = pending->forwarder;
	struct dns_inquiry question = question_of(&pending->key);
	int64_t now = clock_now();
	struct dns_answer *answer = NULL;

	take_out(pending);
	if (error == 0)
		error = dns_answer_make(
		    &question, message, &forwarder->limits, now, &answer);
	if (error == 0) {
		if (answer->fresh_until > now)
			dns_store_put(forwarder->store, &pending->key, answer);
		tell_all(pending, answer, false);
		dns_answer_unref(answer);
	} else {
		counter_add(COUNTER_DNS_ASKS_FAILED, 1);
		if (pending->stale != NULL)
			use_stale(pending);
		else
			fail(pending, error);
	}
	destroy(pending);
}

/* Who takes the file away has no other servers to tell of. */
static bool
is_another(const struct dns_forwarder *forwarder, const struct stat *now)
{
	const struct stat *host = &forwarder->host;

	return now->st_ino != 0 &&
	       (now->st_dev != host->st_dev || now->st_ino != host->st_ino ||
		   now->st_size != host->st_size ||
		   now->st_mtim.tv_sec != host->st_mtim.tv_sec ||
		   now->st_mtim.tv_nsec != host->st_mtim.tv_nsec);
}

static void
move_all(struct dns_forwarder *forwarder)
{
	for (size_t i = 0; i < SLOTS; i++)
		for (struct pending *pending = forwarder->slots[i];
		     pending != NULL; pending = pending->next)
			dns_ask_move(&pending->ask, forwarder->upstreams);
}

/*
 * Who waits for an answer of others gets one of theirs.  NULL: nobody is asked
 * any more, but by who has asked already.  Takes the reference.
 */
static void
change_servers(struct dns_forwarder *forwarder, struct dns_upstreams *upstreams)
{
	struct dns_upstreams *before = forwarder->upstreams;

	forwarder->upstreams = upstreams;
	if (upstreams != NULL &&
	    (before == NULL || !dns_upstreams_is_same(before, upstreams)))
		move_all(forwarder);
	dns_upstreams_unref(before);
}

/* The host's other servers, at most so often. */
static void
follow_host(struct dns_forwarder *forwarder)
{
	struct stat now;

	if (forwarder->told || loop_now(forwarder->loop) < forwarder->look)
		return;
	forwarder->look = loop_now(forwarder->loop) + LOOK_EVERY;
	name_servers_look(&now);
	if (forwarder->upstreams != NULL && !is_another(forwarder, &now))
		return;
	struct dns_upstreams *others =
	    dns_upstreams_create(forwarder->loop, NULL, 0);
	if (others == NULL)
		return;
	forwarder->host = now;
	change_servers(forwarder, others);
}

/* Takes the reference of what is stale.  0, -ENOBUFS or -ENOMEM. */
static int
begin(struct dns_forwarder *forwarder, const struct dns_key *key,
    struct dns_answer *stale, struct pending **ret)
{
	struct pending *pending = NULL;

	follow_host(forwarder);
	if (forwarder->upstreams != NULL &&
	    forwarder->asks < DNS_FORWARDER_ASKS_MAX)
		pending = malloc(sizeof(*pending));
	if (pending == NULL) {
		dns_answer_unref(stale);
		return forwarder->asks < DNS_FORWARDER_ASKS_MAX ? -ENOMEM
								: -ENOBUFS;
	}
	*pending = (struct pending){ .forwarder = forwarder,
		.key = *key,
		.hash = dns_store_hash(forwarder->store, key),
		.stale = stale,
		.patience = { .fn = on_patience, .context = pending } };
	pending->next = forwarder->slots[pending->hash & (SLOTS - 1)];
	forwarder->slots[pending->hash & (SLOTS - 1)] = pending;
	forwarder->asks++;
	counter_add(COUNTER_DNS_ASKS, 1);
	dns_ask_start(
	    &pending->ask, forwarder->upstreams, key, on_answer, pending);
	if (stale != NULL)
		loop_timer_arm(forwarder->loop, &pending->patience,
		    loop_now(forwarder->loop) + DNS_STALE_PATIENCE);
	*ret = pending;
	return 0;
}

/* ---- for others ---- */

static void
prefetch(struct dns_forwarder *forwarder, const struct dns_key *key,
    const struct dns_answer *answer, int64_t now)
{
	int64_t time = answer->fresh_until - answer->born;
	struct pending *pending;

	if (time < PREFETCH_TIME_MIN ||
	    answer->fresh_until - now > time / PREFETCH_SHARE ||
	    forwarder->asks >= DNS_FORWARDER_ASKS_MAX / 2 ||
	    *find(forwarder, key, dns_store_hash(forwarder->store, key)) !=
		NULL)
		return;
	(void)begin(forwarder, key, NULL, &pending);
}

struct dns_answer *
dns_forwarder_find(
    struct dns_forwarder *forwarder, const struct dns_key *key, bool *ret_stale)
{
	int64_t now = clock_now();
	struct dns_answer *answer = dns_store_find(forwarder->store, key, now);

	*ret_stale = false;
	if (answer == NULL)
		return NULL;
	if (answer->fresh_until > now) {
		prefetch(forwarder, key, answer, now);
		return answer;
	}
	if (__atomic_load_n(&answer->retry_at, __ATOMIC_RELAXED) > now) {
		*ret_stale = true;
		return answer;
	}
	dns_answer_unref(answer);
	return NULL;
}

/* A failure is nothing to fall back on. */
static struct dns_answer *
find_stale(struct dns_forwarder *forwarder, const struct dns_key *key)
{
	struct dns_answer *answer =
	    dns_store_find(forwarder->store, key, clock_now());

	if (answer == NULL || answer->rcode == DNS_RCODE_OK ||
	    answer->rcode == DNS_RCODE_NO_NAME)
		return answer;
	dns_answer_unref(answer);
	return NULL;
}

int
dns_forwarder_ask(struct dns_forwarder *forwarder, const struct dns_key *key,
    struct dns_forward *forward)
{
	uint64_t hash = dns_store_hash(forwarder->store, key);
	struct pending *pending = *find(forwarder, key, hash);
	int rc = 0;

	if (pending == NULL)
		rc =
		    begin(forwarder, key, find_stale(forwarder, key), &pending);
	else
		counter_add(COUNTER_DNS_COLLAPSED, 1);
	if (rc == 0)
		add_wait(pending, forward);
	return rc;
}

struct dns_forwarder *
dns_forwarder_create(struct loop *loop, struct dns_store *store)
{
	struct dns_forwarder *forwarder = calloc(1, sizeof(*forwarder));

	if (forwarder == NULL)
		return NULL;
	forwarder->loop = loop;
	forwarder->store = store;
	return forwarder;
}

void
dns_forwarder_destroy(struct dns_forwarder *forwarder)
{
	if (forwarder == NULL)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		while (forwarder->slots[i] != NULL) {
			struct pending *pending = forwarder->slots[i];
			must(pending->waits == NULL);
			take_out(pending);
			destroy(pending);
		}
	dns_upstreams_unref(forwarder->upstreams);
	free(forwarder);
}

/* What is known of them, and links that are open, outlive a policy that says
 * the same. */
static bool
are_asked(const struct dns_forwarder *forwarder,
    const struct dns_server_wish *wishes, size_t count, const struct stat *host)
{
	if (forwarder->upstreams == NULL || forwarder->told != (count > 0))
		return false;
	return count > 0
		   ? dns_upstreams_are(forwarder->upstreams, wishes, count)
		   : !is_another(forwarder, host);
}

int
dns_forwarder_use(struct dns_forwarder *forwarder,
    const struct dns_server_wish *wishes, size_t count,
    struct dns_ttl_limits limits)
{
	struct stat host = { 0 };

	forwarder->limits = limits;
	if (count == 0)
		name_servers_look(&host);
	if (are_asked(forwarder, wishes, count, &host))
		return 0;
	/* Those of before are asked no more, whatever becomes of it. */
	change_servers(
	    forwarder, dns_upstreams_create(forwarder->loop, wishes, count));
	forwarder->told = count > 0;
	forwarder->look = 0;
	forwarder->host = host;
	return forwarder->upstreams != NULL ? 0 : -ENOMEM;
}
