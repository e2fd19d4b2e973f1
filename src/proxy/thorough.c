/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/thorough.h"

#include "event/counter.h"
#include "http/coder.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>

/* Powers of two.  Two keys in one slot push each other out. */
#define SLOTS 1024

/* It was given to the thread: not again, as long as the slot is its own. */
#define TRIED 0xffu

/* Coded between two looks at whether all is to end. */
#define STEP_BYTES ((size_t)64 << 10)

struct thorough {
	/* Of a key, 24 bits of its hash and how often it was asked for. */
	_Atomic uint32_t counts[SLOTS];
	atomic_bool busy; /* there is a job */
	atomic_bool stopping;
	pthread_mutex_t lock; /* of the rest */
	pthread_cond_t work;
	pthread_t thread;
	bool running;
	bool given;
	struct thorough_job job;
};

/* ---- what is popular ---- */

bool
thorough_is_worth(struct thorough *thorough, struct str key)
{
	uint64_t hash = str_hash(key, 0);
	_Atomic uint32_t *slot = &thorough->counts[hash % SLOTS];
	uint32_t mark = (uint32_t)(hash >> 32) & ~0xffu;
	uint32_t count = atomic_load_explicit(slot, memory_order_relaxed);

	count = (count & ~0xffu) == mark ? count & 0xff : 0;
	if (count == TRIED ||
	    (count + 1 >= THOROUGH_HITS && atomic_load(&thorough->busy)))
		return false;
	bool worth = ++count >= THOROUGH_HITS;
	atomic_store_explicit(
	    slot, mark | (worth ? TRIED : count), memory_order_relaxed);
	return worth;
}

/* ---- making it ---- */

static int
append(void *context, struct str bytes)
{
	return cache_body_append(context, bytes);
}

/* False: there is no memory, or the end has come. */
static bool
code(struct thorough *thorough, struct http_coder *coder,
    const struct thorough_job *job)
{
	const struct cache_body *from = cache_object_body(job->source);
	struct cache_body *to = cache_object_body(job->object);
	struct iovec span;
	uint64_t at = 0;

	while (cache_body_spans(from, at, STEP_BYTES, &span, 1) > 0) {
		struct str bytes = { span.iov_base, span.iov_len };
		if (atomic_load(&thorough->stopping) ||
		    http_coder_pass(coder, bytes, HTTP_CODER_MORE, append, to) <
			0)
			return false;
		at += span.iov_len;
	}
	return http_coder_pass(coder, STR(""), HTTP_CODER_END, append, to) == 0;
}

static bool
is_smaller(const struct thorough_job *job)
{
	return cache_body_bytes(cache_object_body(job->object)) <
	       cache_body_bytes(cache_object_body(job->swift));
}

static void
make(struct thorough *thorough, struct http_coder_pool *pool,
    const struct thorough_job *job)
{
	struct http_coder_want want = {
		.coding = job->coding,
		.level = http_coding_row(job->coding)->level_thorough,
		.length = -1,
	};
	struct cache_body *body = cache_object_body(job->object);
	struct http_coder *coder;
	struct cache_user user;

	if (http_coder_open(pool, &want, &coder) < 0) {
		cache_body_break(body);
		return;
	}
	bool good = code(thorough, coder, job);
	http_coder_close(&coder);
	if (!good) {
		cache_body_break(body);
		return;
	}
	cache_body_end(body);
	if (!is_smaller(job))
		return;
	cache_enter(job->cache, &user);
	if (cache_put(&user, job->object) == 0)
		counter_add(COUNTER_CACHE_THOROUGH, 1);
	cache_leave(&user);
}

static void
forget(struct thorough *thorough)
{
	struct thorough_job *job = &thorough->job;

	cache_object_unref(job->source);
	cache_object_unref(job->swift);
	cache_object_unref(job->object);
	*job = (struct thorough_job){ 0 };
	atomic_store(&thorough->busy, false);
}

/* Nobody reads what was to be filled. */
static void
drop(struct thorough *thorough)
{
	cache_body_break(cache_object_body(thorough->job.object));
	forget(thorough);
}

/* ---- the thread ---- */

static bool
await_job(struct thorough *thorough)
{
	(void)pthread_mutex_lock(&thorough->lock);
	while (!thorough->given && !atomic_load(&thorough->stopping))
		(void)pthread_cond_wait(&thorough->work, &thorough->lock);
	bool given = thorough->given;
	thorough->given = false;
	(void)pthread_mutex_unlock(&thorough->lock);
	return given;
}

/* 0 is this thread alone (setpriority(2)). */
static void *
run(void *context)
{
	struct thorough *thorough = context;

	(void)setpriority(PRIO_PROCESS, 0, 19);
	while (await_job(thorough)) {
		/* For this one alone: the next may be long in coming. */
		struct http_coder_pool *pool = http_coder_pool_create();
		if (pool == NULL) {
			drop(thorough);
			continue;
		}
		make(thorough, pool, &thorough->job);
		forget(thorough);
		http_coder_pool_destroy(&pool);
	}
	return NULL;
}

/* Signals are for the thread that creates the workers. */
static void
start_thread(struct thorough *thorough)
{
	sigset_t all, before;

	(void)sigfillset(&all);
	(void)sigdelset(&all, SIGSYS); /* daemon/refusal's */
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	thorough->running =
	    pthread_create(&thorough->thread, NULL, run, thorough) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void
thorough_begin(struct thorough *thorough, const struct thorough_job *job)
{
	bool free = false;

	if (!atomic_compare_exchange_strong(&thorough->busy, &free, true)) {
		cache_body_break(cache_object_body(job->object));
		return;
	}
	(void)pthread_mutex_lock(&thorough->lock);
	thorough->job = *job;
	(void)cache_object_ref(job->source);
	(void)cache_object_ref(job->swift);
	(void)cache_object_ref(job->object);
	if (!thorough->running)
		start_thread(thorough);
	thorough->given = thorough->running;
	if (!thorough->given)
		drop(thorough);
	(void)pthread_cond_signal(&thorough->work);
	(void)pthread_mutex_unlock(&thorough->lock);
}

/* ---- life ---- */

struct thorough *
thorough_create(void)
{
	struct thorough *thorough = calloc(1, sizeof(*thorough));

	if (thorough == NULL)
		return NULL;
	(void)pthread_mutex_init(&thorough->lock, NULL);
	(void)pthread_cond_init(&thorough->work, NULL);
	return thorough;
}

void
thorough_destroy(struct thorough **thorough)
{
	struct thorough *t = *thorough;

	*thorough = NULL;
	if (t == NULL)
		return;
	(void)pthread_mutex_lock(&t->lock);
	atomic_store(&t->stopping, true);
	(void)pthread_cond_signal(&t->work);
	(void)pthread_mutex_unlock(&t->lock);
	if (t->running)
		(void)pthread_join(t->thread, NULL);
	(void)pthread_cond_destroy(&t->work);
	(void)pthread_mutex_destroy(&t->lock);
	free(t);
}
