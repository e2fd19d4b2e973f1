/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/quotas.h"

#include "event/counter.h"
#include "event/event.h"
#include "proxy/limiter.h"

#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/queue.h>

#define BUCKETS 4096 /* a power of two */

/* That counts are dropped. */
#define TELL_EVERY (60 * CLOCK_SECOND)

struct quota {
	struct quota *next;           /* of its bucket */
	TAILQ_ENTRY(quota) age;       /* by when it was held */
	struct policy_quota_count at; /* `used` is what was collected */
	_Atomic int64_t end;          /* workers read it without the lock */
	struct throttle_meter meter;
	uint32_t held; /* by flows */
	bool told;     /* that it has run out */
};

struct quotas {
	unsigned refs; /* atomic */
	pthread_mutex_t lock;
	struct quota *buckets[BUCKETS];
	TAILQ_HEAD(quotas_by_age, quota) by_age; /* the newest first */
	size_t count;
	int64_t next_end; /* when the first of the periods ends */
	int64_t told;     /* when an event told of one that was dropped */
};

/* ---- life ---- */

struct quotas *
quotas_create(void)
{
	struct quotas *quotas = calloc(1, sizeof(*quotas));

	if (quotas == NULL)
		return NULL;
	quotas->refs = 1;
	quotas->next_end = INT64_MAX;
	(void)pthread_mutex_init(&quotas->lock, NULL);
	TAILQ_INIT(&quotas->by_age);
	return quotas;
}

struct quotas *
quotas_ref(struct quotas *quotas)
{
	(void)__atomic_add_fetch(&quotas->refs, 1, __ATOMIC_RELAXED);
	return quotas;
}

void
quotas_unref(struct quotas *quotas)
{
	struct quota *quota;

	if (quotas == NULL ||
	    __atomic_sub_fetch(&quotas->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	while ((quota = TAILQ_FIRST(&quotas->by_age)) != NULL) {
		TAILQ_REMOVE(&quotas->by_age, quota, age);
		free(quota);
	}
	(void)pthread_mutex_destroy(&quotas->lock);
	free(quotas);
}

/* ---- the table ---- */

static struct quota **
bucket_of(struct quotas *quotas, uint64_t id, struct address source)
{
	struct str bytes = { (const char *)source.bytes, sizeof(source.bytes) };

	return &quotas->buckets[str_hash(bytes, id) % BUCKETS];
}

static struct quota *
find(struct quotas *quotas, uint64_t id, struct address source)
{
	struct quota *quota = *bucket_of(quotas, id, source);

	while (quota != NULL &&
	       (quota->at.id != id || !address_eq(quota->at.source, source)))
		quota = quota->next;
	return quota;
}

static void
become_newest(struct quotas *quotas, struct quota *quota)
{
	TAILQ_REMOVE(&quotas->by_age, quota, age);
	TAILQ_INSERT_HEAD(&quotas->by_age, quota, age);
}

static void
forget(struct quotas *quotas, struct quota *quota)
{
	struct quota **link = bucket_of(quotas, quota->at.id, quota->at.source);

	while (*link != quota)
		link = &(*link)->next;
	*link = quota->next;
	TAILQ_REMOVE(&quotas->by_age, quota, age);
	quotas->count--;
	free(quota);
}

/* A crowd of sources must not be a crowd of events. */
static void
tell_forgotten(struct quotas *quotas, const struct quota *quota)
{
	int64_t now = clock_now();
	struct event event = {
		.kind = EVENT_KIND_FAULT,
		.enforcer = "proxy",
		.verdict = policy_verdict_word(POLICY_VERDICT_ALLOW),
		.phase = policy_phase_word(POLICY_PHASE_PACKET),
		.source = { quota->at.source, 0 },
		.reason = "its quota begins anew: too many sources are counted",
	};

	counter_add(COUNTER_QUOTAS_FORGOTTEN, 1);
	if (quotas->told != 0 && now - quotas->told < TELL_EVERY)
		return;
	quotas->told = now;
	event_emit(&event);
}

/* One that is held is as good as new, so that it is met here but once. */
static bool
make_room(struct quotas *quotas)
{
	for (size_t i = 0; i < quotas->count; i++) {
		struct quota *quota =
		    TAILQ_LAST(&quotas->by_age, quotas_by_age);
		if (quotas->count < QUOTAS_MAX)
			return true;
		if (quota->held == 0) {
			tell_forgotten(quotas, quota);
			forget(quotas, quota);
			return true;
		}
		become_newest(quotas, quota);
	}
	return quotas->count < QUOTAS_MAX;
}

/* ---- periods ---- */

static uint64_t
used_of(const struct quota *quota)
{
	return atomic_load_explicit(&quota->meter.used, memory_order_relaxed);
}

static uint64_t
most_of(const struct quota *quota)
{
	return atomic_load_explicit(&quota->meter.most, memory_order_relaxed);
}

static void
set_period(struct quotas *quotas, struct quota *quota, int64_t wall)
{
	int64_t end;

	policy_period_of(
	    (enum policy_period)quota->at.period, wall, &quota->at.begin, &end);
	quota->end = end;
	if (end < quotas->next_end)
		quotas->next_end = end;
}

/* A clock that is set back a little begins no period; one that was wrong by
 * more than one would have this one last as long. */
static bool
is_over(const struct quota *quota, int64_t wall)
{
	int64_t begin = quota->at.begin;

	return wall >= quota->end || wall < begin - (quota->end - begin);
}

static void
renew(struct quotas *quotas, struct quota *quota, int64_t wall)
{
	if (!is_over(quota, wall))
		return;
	set_period(quotas, quota, wall);
	atomic_store_explicit(&quota->meter.used, 0, memory_order_relaxed);
	/* Who keeps the counts hears of it by the next byte. */
	quota->at.used = 0;
	quota->told = false;
}

static struct quota *
add(struct quotas *quotas, uint64_t id, enum policy_period period,
    struct address source, int64_t wall)
{
	struct quota **bucket = bucket_of(quotas, id, source);
	struct quota *quota =
	    make_room(quotas) ? calloc(1, sizeof(*quota)) : NULL;

	if (quota == NULL)
		return NULL;
	quota->at.id = id;
	quota->at.source = source;
	quota->at.period = (uint8_t)period;
	quota->meter.most = UINT64_MAX;
	set_period(quotas, quota, wall);
	quota->next = *bucket;
	*bucket = quota;
	TAILQ_INSERT_HEAD(&quotas->by_age, quota, age);
	quotas->count++;
	return quota;
}

/* ---- flows ---- */

static struct quota *
hold(struct quotas *quotas, const struct policy_rule *rule,
    struct address source, int64_t wall)
{
	uint64_t id = policy_quota_id(rule);
	struct quota *quota = find(quotas, id, source);

	if (quota == NULL)
		quota = add(quotas, id, rule->quota.period, source, wall);
	if (quota == NULL)
		return NULL;
	renew(quotas, quota, wall);
	atomic_store_explicit(
	    &quota->meter.most, rule->quota.bytes, memory_order_relaxed);
	/* Another policy may have raised it. */
	quota->told = quota->told && quota_is_used_up(quota);
	become_newest(quotas, quota);
	quota->held++;
	return quota;
}

struct quota *
quotas_hold(struct quotas *quotas, const struct policy_rule *rule,
    struct address source, int64_t wall)
{
	struct address counted = { .family = ADDRESS_NONE };

	if (rule->quota.per_source)
		counted = limiter_source(source);
	(void)pthread_mutex_lock(&quotas->lock);
	struct quota *quota = hold(quotas, rule, counted, wall);
	(void)pthread_mutex_unlock(&quotas->lock);
	return quota;
}

void
quotas_release(struct quotas *quotas, struct quota *quota)
{
	if (quota == NULL)
		return;
	(void)pthread_mutex_lock(&quotas->lock);
	quota->held--;
	(void)pthread_mutex_unlock(&quotas->lock);
}

struct throttle_meter *
quota_meter(struct quota *quota)
{
	return &quota->meter;
}

bool
quota_is_used_up(const struct quota *quota)
{
	return used_of(quota) >= most_of(quota);
}

int64_t
quota_end(const struct quota *quota)
{
	return quota->end;
}

/* ---- time, and who keeps the counts ---- */

/* What is of a period that is over and held by none is not known any more. */
static void
begin_periods(struct quotas *quotas, int64_t wall)
{
	struct quota *quota, *next;

	if (wall < quotas->next_end)
		return;
	quotas->next_end = INT64_MAX;
	for (quota = TAILQ_FIRST(&quotas->by_age); quota != NULL;
	     quota = next) {
		next = TAILQ_NEXT(quota, age);
		if (wall >= quota->end && quota->held == 0) {
			forget(quotas, quota);
			continue;
		}
		renew(quotas, quota, wall);
		if (quota->end < quotas->next_end)
			quotas->next_end = quota->end;
	}
}

static bool
have_run_out(struct quotas *quotas)
{
	struct quota *quota;
	bool any = false;

	TAILQ_FOREACH(quota, &quotas->by_age, age)
	{
		if (quota->held == 0 || quota->told || !quota_is_used_up(quota))
			continue;
		quota->told = true;
		any = true;
	}
	return any;
}

bool
quotas_tick(struct quotas *quotas, int64_t wall)
{
	(void)pthread_mutex_lock(&quotas->lock);
	begin_periods(quotas, wall);
	bool any = have_run_out(quotas);
	(void)pthread_mutex_unlock(&quotas->lock);
	return any;
}

size_t
quotas_collect(
    struct quotas *quotas, struct policy_quota_count *ret, size_t room)
{
	struct quota *quota;
	size_t count = 0;

	(void)pthread_mutex_lock(&quotas->lock);
	TAILQ_FOREACH(quota, &quotas->by_age, age)
	{
		if (count == room)
			break;
		uint64_t used = used_of(quota);
		if (used == quota->at.used)
			continue;
		quota->at.used = used;
		ret[count++] = quota->at;
	}
	(void)pthread_mutex_unlock(&quotas->lock);
	return count;
}

static int
put(struct quotas *quotas, const struct policy_quota_count *count, int64_t wall)
{
	enum policy_period period = (enum policy_period)count->period;
	int64_t begin, end;

	policy_period_of(period, wall, &begin, &end);
	if (count->begin != begin)
		return 0;
	struct quota *quota = find(quotas, count->id, count->source);
	if (quota == NULL)
		quota = add(quotas, count->id, period, count->source, wall);
	if (quota == NULL)
		return -ENOMEM;
	quota->at.used = count->used;
	quota->told = false;
	atomic_store_explicit(
	    &quota->meter.used, count->used, memory_order_relaxed);
	return 0;
}

int
quotas_put(
    struct quotas *quotas, const struct policy_quota_count *count, int64_t wall)
{
	(void)pthread_mutex_lock(&quotas->lock);
	int rc = put(quotas, count, wall);
	(void)pthread_mutex_unlock(&quotas->lock);
	return rc;
}
