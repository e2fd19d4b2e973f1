/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/learned.h"

#include "base/clock.h"
#include "event/counter.h"
#include "policy/learning.h"
#include "proxy/worker.h"

#include <stdlib.h>

/* An answer that is told of; who waits for it, waits together. */
struct learned_lesson {
	struct learned_lesson *next, **at;
	struct worker *worker;
	struct learning_errand *errand;
	struct learned_ticket *tickets;
	uint64_t key;
	int64_t ends;
};

/*
 * What was told a moment ago is not told again: an answer that is kept is given
 * a thousand times.  Short, for nobody says when it is forgotten on the other
 * side.
 */
#define RECENT       1024
#define RECENT_VALID (5 * CLOCK_SECOND)

struct learned_recent {
	uint64_t key;
	int64_t ends, told;
};

/* ---- what was told ---- */

/* Of a policy, a zone, a name and its addresses. */
static uint64_t
key_of(const struct learned *learned, const struct learning_wish *wish)
{
	const struct str addresses = { (const char *)wish->addresses,
		wish->count * sizeof(*wish->addresses) };
	uint64_t key = (uint64_t)learned->generation->number << 8;

	return str_hash(
	    addresses, str_hash(learned->name, key | learned->zone));
}

static bool
is_recent(const struct worker *worker, uint64_t key, int64_t ends)
{
	const struct learned_recent *one;

	if (worker->recent == NULL)
		return false;
	one = &worker->recent[key % RECENT];
	return one->key == key &&
	       one->told + RECENT_VALID > loop_now(worker->loop) &&
	       one->ends + CLOCK_SECOND >= ends;
}

static void
note_recent(struct worker *worker, uint64_t key, int64_t ends)
{
	if (worker->recent == NULL)
		worker->recent = calloc(RECENT, sizeof(*worker->recent));
	if (worker->recent != NULL)
		worker->recent[key % RECENT] = (struct learned_recent){ key,
			ends, loop_now(worker->loop) };
}

/* ---- telling ---- */

static bool
make_wish(const struct learned *learned, struct learning_wish *wish)
{
	struct str zone =
	    policy_zone_name(learned->generation->policy, learned->zone);
	struct address address;
	struct str name;

	*wish = (struct learning_wish){ 0 };
	if (hostname_parse(learned->name, wish->name, &name) < 0)
		return false;
	memcpy(wish->zone, zone.at, zone.len);
	/* The client has whole seconds, too, and the rest of the last. */
	wish->seconds =
	    1 + (learned->stale ? DNS_STALE_TTL_SECONDS
				: dns_answer_ttl(learned->answer, clock_now()));
	for (size_t i = 0; wish->count < LEARNING_ADDRESSES_MAX &&
			   dns_answer_address(learned->answer, i, &address);
	     i++)
		wish->addresses[wish->count++] = address;
	return wish->count > 0;
}

static void
wait_for(struct learned_lesson *lesson, struct learned_ticket *ticket)
{
	ticket->next = lesson->tickets;
	ticket->at = &lesson->tickets;
	if (ticket->next != NULL)
		ticket->next->at = &ticket->next;
	lesson->tickets = ticket;
}

static void
forget(struct learned_lesson *lesson)
{
	*lesson->at = lesson->next;
	if (lesson->next != NULL)
		lesson->next->at = lesson->at;
	free(lesson);
}

static void
on_told(bool is_known, void *context)
{
	struct learned_lesson *lesson = context;

	lesson->errand = NULL;
	if (is_known)
		note_recent(lesson->worker, lesson->key, lesson->ends);
	else
		counter_add(COUNTER_DNS_UNLEARNED, 1);
	/* An answer that is sent may end a connection, and so other tickets. */
	while (lesson->tickets != NULL) {
		struct learned_ticket *ticket = lesson->tickets;
		learned_cancel(ticket);
		ticket->fn(ticket);
	}
	forget(lesson);
}

static struct learned_lesson *
find_lesson(const struct worker *worker, uint64_t key, int64_t ends)
{
	struct learned_lesson *lesson = worker->lessons;

	while (lesson != NULL &&
	       (lesson->key != key || lesson->ends + CLOCK_SECOND < ends))
		lesson = lesson->next;
	return lesson;
}

/* NULL: it cannot be told. */
static struct learned_lesson *
begin_lesson(struct worker *worker, const struct learning_wish *wish,
    uint64_t key, int64_t ends)
{
	struct learned_lesson *lesson = calloc(1, sizeof(*lesson));

	if (lesson == NULL)
		return NULL;
	lesson->worker = worker;
	lesson->key = key;
	lesson->ends = ends;
	if (learning_tell(worker->learning, wish, worker->loop, on_told, lesson,
		&lesson->errand) < 0) {
		free(lesson);
		return NULL;
	}
	lesson->next = worker->lessons;
	lesson->at = &worker->lessons;
	if (lesson->next != NULL)
		lesson->next->at = &lesson->next;
	worker->lessons = lesson;
	return lesson;
}

/* What no rule asks for now, one may ask for that is applied tomorrow. */
static void
mention(struct worker *worker, const struct learning_wish *wish, uint64_t key,
    int64_t ends)
{
	learning_mention(worker->learning, wish, worker->loop);
	note_recent(worker, key, ends);
}

bool
learned_may_wait(
    const struct proxy_generation *generation, uint8_t zone, struct str name)
{
	return policy_learning_wants(generation->policy, zone, name);
}

bool
learned_tell(struct worker *worker, const struct learned *learned,
    struct learned_ticket *ticket)
{
	const struct policy *policy = learned->generation->policy;
	struct learning_wish wish;

	if (worker->learning == NULL || !policy_learns(policy, learned->zone) ||
	    !make_wish(learned, &wish))
		return true;
	uint64_t key = key_of(learned, &wish);
	int64_t ends =
	    loop_now(worker->loop) + (int64_t)wish.seconds * CLOCK_SECOND;
	if (is_recent(worker, key, ends))
		return true;
	if (ticket->fn == NULL ||
	    !policy_learning_wants(policy, learned->zone, learned->name)) {
		mention(worker, &wish, key, ends);
		return true;
	}
	struct learned_lesson *lesson = find_lesson(worker, key, ends);
	if (lesson == NULL)
		lesson = begin_lesson(worker, &wish, key, ends);
	if (lesson == NULL) {
		counter_add(COUNTER_DNS_UNLEARNED, 1);
		return true;
	}
	wait_for(lesson, ticket);
	return false;
}

void
learned_cancel(struct learned_ticket *ticket)
{
	if (ticket->at == NULL)
		return;
	*ticket->at = ticket->next;
	if (ticket->next != NULL)
		ticket->next->at = ticket->at;
	ticket->at = NULL;
}

void
learned_end(struct worker *worker)
{
	while (worker->lessons != NULL) {
		struct learned_lesson *lesson = worker->lessons;
		while (lesson->tickets != NULL)
			learned_cancel(lesson->tickets);
		learning_cancel(&lesson->errand);
		forget(lesson);
	}
	free(worker->recent);
	worker->recent = NULL;
	if (worker->learning != NULL)
		learning_leave(worker->learning, worker->loop);
}
