/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/caught_sets.h"

#include <errno.h>

#include "firewall/kernel_set.h"
#include "firewall/names.h"
#include "firewall/standing.h"

static const struct kernel_set sets_of[CAUGHT_SETS_COUNT] = {
	{ .name = FIREWALL_CAUGHT_4,
	    .family = ADDRESS_IPV4,
	    .has_timeouts = true,
	    .size = CAUGHT_MAX },
	{ .name = FIREWALL_CAUGHT_6,
	    .family = ADDRESS_IPV6,
	    .has_timeouts = true,
	    .size = CAUGHT_MAX },
};

static const struct kernel_set *
set_of(uint8_t family)
{
	return &sets_of[family == ADDRESS_IPV6];
}

bool
caught_sets_has(const char *name)
{
	for (size_t i = 0; i < CAUGHT_SETS_COUNT; i++)
		if (strcmp(sets_of[i].name, name) == 0)
			return true;
	return false;
}

static int
say(int rc, const struct text *words, struct text *why)
{
	if (rc < 0)
		text_addf(why,
		    "the kernel did not take who was refused too often: %s%s%s",
		    strerror(-rc), words->len > 0 ? ", " : "",
		    words->len > 0 ? words->at : "");
	return rc;
}

/* What is over already is as good as over in a moment. */
static uint64_t
timeout_ms(int64_t ends)
{
	int64_t left = ends - clock_now();

	return left > CLOCK_MS ? (uint64_t)(left / CLOCK_MS) : 1;
}

/* Of a network its first address is the key. */
static void
put(struct batch *batch, enum kernel_set_change change,
    const struct address_range *range, uint64_t ms)
{
	struct address_range key = { range->first, range->first };

	kernel_set_put_one(
	    batch, set_of(range->first.family), change, &key, ms);
}

static void
put_all(struct batch *batch, const struct standing *standing,
    const struct bans *bans)
{
	batch_begin(batch);
	kernel_table_create(batch);
	for (size_t i = 0; i < CAUGHT_SETS_COUNT; i++) {
		const char *name = sets_of[i].name;
		if (standing_find(standing, STANDING_SET, name) == NULL)
			kernel_set_create(batch, &sets_of[i]);
		else
			kernel_set_flush(batch, name);
	}
	for (size_t i = 0; i < bans->count; i++)
		put(batch, KERNEL_SET_ADD, &bans->items[i].range,
		    timeout_ms(bans->items[i].ends));
}

static void
see_handles(const struct standing *standing, struct caught_sets *ret)
{
	for (size_t i = 0; i < CAUGHT_SETS_COUNT; i++) {
		const struct standing_item *item =
		    standing_find(standing, STANDING_SET, sets_of[i].name);
		ret->handles[i] = item != NULL ? item->handle : 0;
	}
}

static bool
are_there(const struct caught_sets *sets, const struct standing *standing)
{
	struct caught_sets found;

	see_handles(standing, &found);
	for (size_t i = 0; i < CAUGHT_SETS_COUNT; i++)
		if (found.handles[i] == 0 ||
		    found.handles[i] != sets->handles[i])
			return false;
	return true;
}

static int
fill(struct caught_sets *sets, struct standing *standing,
    const struct bans *bans, struct text *words)
{
	struct batch batch = BATCH_EMPTY;

	put_all(&batch, standing, bans);
	int rc = batch_commit(&batch, words);
	batch_fini(&batch);
	standing_fini(standing);
	if (rc == 0)
		rc = standing_read(standing, STANDING_SETS_ONLY);
	if (rc == 0)
		see_handles(standing, sets);
	return rc;
}

int
caught_sets_ensure(
    struct caught_sets *sets, const struct bans *bans, struct text *reterr_why)
{
	struct text words = TEXT_EMPTY;
	struct standing standing;
	int rc = standing_read(&standing, STANDING_SETS_ONLY);

	if (rc == 0 && !are_there(sets, &standing))
		rc = fill(sets, &standing, bans, &words);
	standing_fini(&standing);
	say(rc, &words, reterr_why);
	text_fini(&words);
	return rc;
}

int
caught_sets_release(const struct address_range *range, struct text *reterr_why)
{
	struct batch batch = BATCH_EMPTY;
	struct text words = TEXT_EMPTY;

	batch_begin(&batch);
	put(&batch, KERNEL_SET_REMOVE, range, 0);
	int rc = batch_commit(&batch, &words);
	batch_fini(&batch);
	if (rc == -ENOENT) /* nor is there a set, or the kernel has ended it */
		rc = 0;
	say(rc, &words, reterr_why);
	text_fini(&words);
	return rc;
}
