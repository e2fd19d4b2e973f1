/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/tally_keeper.h"

#include "daemon/child.h"
#include "daemon/generation.h"
#include "daemon/notice.h"
#include "daemon/pulse_keeper.h"

#include <errno.h>

static const struct {
	int64_t step;
	size_t count;
} spans[TALLY_SERIES] = {
	{ 10 * CLOCK_SECOND, 360 },
	{ 60 * CLOCK_SECOND, 1440 },
	{ 3600 * CLOCK_SECOND, (size_t)TALLY_SERIES_DAYS * 24 },
};

/* One more than the span that may be asked for: it begins within the first. */
#define MINUTES       13
#define MINUTES_EVERY (300 * CLOCK_SECOND)
#define HOURS         25
#define HOURS_EVERY   (3600 * CLOCK_SECOND)

/* ---- the proxy ---- */

/* Its rules are places in a policy; here they are known by their words. */
static void
take_rules(struct tally_keeper *keeper, int64_t wall)
{
	const struct heavy *told = &keeper->proxy.kinds[TALLY_RULES];
	struct tally_rule rule;

	for (size_t i = 0; i < told->count; i++) {
		const struct heavy_entry *one = &told->entries[i];
		struct rule_hit *hit = NULL;
		if (tally_rule_of(heavy_key(told, one), &rule))
			hit = rule_hits_find(&keeper->hits, &rule);
		if (hit == NULL)
			continue;
		hit->flows += one->count.flows - one->over;
		hit->last = wall;
		heavy_add(&keeper->news.kinds[TALLY_RULES], rule_hit_key(hit),
		    &one->count);
	}
}

static void
ask_proxy(struct tally_keeper *keeper, int64_t wall)
{
	/* One that says nothing would only be waited for. */
	if (keeper->child->pid == 0 || keeper->pulse->silent > 1)
		return;
	tally_clear(&keeper->proxy);
	if (child_reckon(keeper->child, &keeper->proxy) < 0)
		return;
	take_rules(keeper, wall);
	heavy_clear(&keeper->proxy.kinds[TALLY_RULES]);
	tally_merge(&keeper->news, &keeper->proxy);
}

/* ---- looking ---- */

void
tally_keeper_look(struct tally_keeper *keeper)
{
	int64_t now = clock_now(), wall = clock_wall();
	/* All of it happened since the last look: in the midst of that. */
	int64_t at = wall - (now - keeper->looked) / 2;

	if (!keeper->is_open)
		return;
	keeper->looked = now;
	ask_proxy(keeper, wall);
	tally_kernel_look(&keeper->kernel, wall);
	bool anew = false; /* the last one, of hours */
	for (size_t i = 0; i < TALLY_SERIES; i++)
		anew = series_add(&keeper->series[i], at, &keeper->news.point);
	(void)periods_add(&keeper->minutes, at, &keeper->news);
	(void)periods_add(&keeper->hours, at, &keeper->news);
	tally_hours_add(&keeper->by_hour, at, &keeper->news, anew);
	tally_clear(&keeper->news);
}

void
tally_keeper_refresh(struct tally_keeper *keeper)
{
	if (clock_now() - keeper->looked >= TALLY_FRESH)
		tally_keeper_look(keeper);
}

static void
arm(struct tally_keeper *keeper)
{
	int64_t left = TALLY_EVERY - clock_wall() % TALLY_EVERY;

	loop_timer_arm(keeper->loop, &keeper->timer, clock_now() + left);
}

static void
on_time(struct loop_timer *timer)
{
	struct tally_keeper *keeper = timer->context;

	tally_keeper_look(keeper);
	arm(keeper);
}

void
tally_keeper_follow(
    struct tally_keeper *keeper, const struct generation *current, bool anew)
{
	if (!keeper->is_open)
		return;
	if (rule_hits_follow(
		&keeper->hits, current->number, current->policy, anew) < 0)
		notice_say("there is no memory to count by rule");
	tally_kernel_follow(&keeper->kernel, current->policy);
}

/* The kernel tells of the bytes of a flow when it ends. */
void
tally_keeper_see(struct tally_keeper *keeper, const struct event *event)
{
	struct heavy_count bytes = { 0, 0, event->bytes_in, event->bytes_out };
	struct heavy *kinds = keeper->news.kinds;
	char room[TALLY_PAIR_BYTES];

	if (!keeper->is_open || !event->measured)
		return;
	heavy_add(&kinds[TALLY_CLIENTS],
	    tally_client_key(&event->source.address), &bytes);
	heavy_add(&kinds[TALLY_PAIRS],
	    tally_pair_key(event->zone_from, event->zone_to, room), &bytes);
}

/* ---- life ---- */

static int
init(struct tally_keeper *keeper)
{
	int rc = tally_init(&keeper->news);

	if (rc == 0)
		rc = tally_init(&keeper->proxy);
	for (size_t i = 0; rc == 0 && i < TALLY_SERIES; i++)
		rc = series_init(
		    &keeper->series[i], spans[i].step, spans[i].count);
	if (rc == 0)
		rc = periods_init(&keeper->minutes, MINUTES_EVERY, MINUTES);
	if (rc == 0)
		rc = periods_init(&keeper->hours, HOURS_EVERY, HOURS);
	if (rc == 0)
		rc = tally_hours_init(&keeper->by_hour,
		    &keeper->series[TALLY_SERIES - 1], &keeper->hits);
	return rc;
}

static void
fini(struct tally_keeper *keeper)
{
	tally_fini(&keeper->news);
	tally_fini(&keeper->proxy);
	for (size_t i = 0; i < TALLY_SERIES; i++)
		series_fini(&keeper->series[i]);
	periods_fini(&keeper->minutes);
	periods_fini(&keeper->hours);
	tally_hours_fini(&keeper->by_hour);
	rule_hits_fini(&keeper->hits);
	tally_kernel_fini(&keeper->kernel);
	keeper->is_open = false;
}

void
tally_keeper_open(struct tally_keeper *keeper)
{
	if (init(keeper) < 0) {
		fini(keeper);
		notice_say("there is no memory to count over time");
		return;
	}
	keeper->kernel = (struct tally_kernel){ .early = keeper->early,
		.hits = &keeper->hits,
		.news = &keeper->news };
	keeper->is_open = true;
	keeper->looked = clock_now();
	keeper->timer = (struct loop_timer){ .fn = on_time, .context = keeper };
	arm(keeper);
}

void
tally_keeper_open_book(struct tally_keeper *keeper, const char *dir)
{
	if (keeper->is_open)
		tally_hours_open(&keeper->by_hour, dir);
}

void
tally_keeper_close(struct tally_keeper *keeper)
{
	loop_timer_cancel(&keeper->timer);
	tally_keeper_look(keeper);
	if (keeper->is_open)
		tally_hours_flush(&keeper->by_hour);
	fini(keeper);
}
