/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/ban_sets.h"

#include <errno.h>

#include "firewall/kept_sets.h"
#include "firewall/kernel_rule.h"
#include "firewall/names.h"
#include "firewall/split.h"
#include "firewall/standing.h"

static const struct kernel_set ban_sets[BAN_SETS_COUNT] = {
	{ "ban.4", ADDRESS_IPV4, false, true, 0 },
	{ "ban.6", ADDRESS_IPV6, false, true, 0 },
	{ "ban.net.4", ADDRESS_IPV4, true, true, 0 },
	{ "ban.net.6", ADDRESS_IPV6, true, true, 0 },
};

static const struct kernel_set *
set_of(const struct address_range *range)
{
	bool is_prefix = !address_eq(range->first, range->last);
	bool is_ipv6 = range->first.family == ADDRESS_IPV6;

	return &ban_sets[(is_prefix ? 2 : 0) + (is_ipv6 ? 1 : 0)];
}

struct filling {
	struct batch *batch;
	const struct kernel_set *set; /* NULL: all */
};

static void
put_range(void *context, const struct address_range *range, int64_t ends)
{
	const struct filling *filling = context;
	const struct kernel_set *set = set_of(range);

	if (filling->set == NULL || filling->set == set)
		kernel_set_put_one(filling->batch, set, KERNEL_SET_ADD, range,
		    kept_sets_timeout_ms(ends));
}

static void
put_addresses(struct filling *filling, const struct bans *bans)
{
	for (size_t i = 0; i < bans->count; i++)
		if (!ban_is_prefix(&bans->items[i]))
			put_range(filling, &bans->items[i].range,
			    bans->items[i].ends);
}

/* ---- all of them ---- */

static void
put_all(struct batch *batch, const struct bans *bans)
{
	struct filling filling = { batch, NULL };

	put_addresses(&filling, bans);
	bans_ranges(bans, true, put_range, &filling);
}

static const struct kept_sets kept = {
	.sets = ban_sets,
	.count = BAN_SETS_COUNT,
	.put = put_all,
	.failure = "the kernel did not take the bans",
};

bool
ban_sets_has(const char *name)
{
	return kept_sets_has(&kept, name);
}

int
ban_sets_ensure(
    struct ban_sets *sets, const struct bans *bans, struct text *reterr_why)
{
	return kept_sets_ensure(&kept, sets->handles, bans, reterr_why);
}

/* ---- one of them ---- */

/*
 * As the rules that stand call it (firewall/split).  What an earlier
 * replacement could not take away is older.
 */
static const char *
name_in_force(const struct standing *standing, const char *chain)
{
	const struct standing_item *newest = NULL;

	for (size_t i = 0; i < standing->all.count; i++) {
		const struct standing_item *item = &standing->all.items[i];
		if (item->kind == STANDING_CHAIN &&
		    str_is(split_plain_name(str_of(item->name)), chain) &&
		    (newest == NULL || item->handle > newest->handle))
			newest = item;
	}
	return newest != NULL ? newest->name : chain;
}

static int
put_jumps(struct batch *batch)
{
	struct standing standing;
	int rc = standing_read(&standing, STANDING_CHAINS_ONLY);

	if (rc == 0) {
		kernel_rule_put_jump(batch, FIREWALL_PREROUTING,
		    name_in_force(&standing, FIREWALL_BANS));
		kernel_rule_put_jump(batch, FIREWALL_OUTPUT,
		    name_in_force(&standing, FIREWALL_BANS_OURS));
	}
	standing_fini(&standing);
	return rc;
}

/* With what the first ban needs besides itself. */
static int
begin(struct batch *batch, const struct ban_sets *sets, const struct bans *bans)
{
	batch_begin(batch);
	return sets->are_asked || bans->count == 0 ? 0 : put_jumps(batch);
}

/* Unless something was wrong before (`rc`); frees the batch. */
static int
commit(struct batch *batch, int rc, struct ban_sets *sets,
    const struct bans *bans, struct text *words)
{
	if (rc == 0)
		rc = batch_commit(batch, words);
	if (rc == 0 && bans->count > 0)
		sets->are_asked = true;
	batch_fini(batch);
	return rc;
}

/* Whether the ban of another prefix lies in this range, or around it. */
static bool
is_entangled(const struct bans *bans, const struct address_range *range)
{
	const struct ban *own = bans_find(bans, range);

	for (size_t i = 0; i < bans->count; i++) {
		const struct ban *ban = &bans->items[i];
		if (ban != own && ban_is_prefix(ban) && ban_touches(ban, range))
			return true;
	}
	return false;
}

/*
 * Prefixes that lie in one another are one to the kernel: so all of the set, in
 * one step.  It is the slow way: what is taken away makes the transaction that
 * comes next wait until no packet can see it any more, some 20 ms.
 */
static int
follow_prefixes(struct ban_sets *sets, const struct bans *bans,
    const struct kernel_set *set, struct text *words)
{
	struct batch batch = BATCH_EMPTY;
	struct filling filling = { &batch, set };

	int rc = begin(&batch, sets, bans);
	kernel_set_flush(&batch, set->name);
	bans_ranges(bans, true, put_range, &filling);
	return commit(&batch, rc, sets, bans, words);
}

/* The old element goes, if the kernel has not ended it, and a new one comes. */
static int
follow_one(struct ban_sets *sets, const struct bans *bans,
    const struct address_range *range, bool had_one, struct text *words)
{
	const struct kernel_set *set = set_of(range);
	const struct ban *ban = bans_find(bans, range);
	struct batch batch = BATCH_EMPTY;

	int rc = begin(&batch, sets, bans);
	if (had_one)
		kernel_set_put_one(&batch, set, KERNEL_SET_REMOVE, range, 0);
	if (ban != NULL)
		kernel_set_put_one(&batch, set, KERNEL_SET_ADD, range,
		    kept_sets_timeout_ms(ban->ends));
	return commit(&batch, rc, sets, bans, words);
}

/* What ends by itself may do so between one attempt and the next. */
#define ATTEMPTS 4

/* As the kernel says that there is an old one, or that it has ended it. */
static int
follow_either(struct ban_sets *sets, const struct bans *bans,
    const struct address_range *range, struct text *words)
{
	bool gone = bans_find(bans, range) == NULL;
	int rc = follow_one(sets, bans, range, gone, words);

	for (int i = 1; !gone && i < ATTEMPTS; i++) {
		if (rc != -EEXIST && rc != -ENOENT)
			break;
		rc = follow_one(sets, bans, range, rc == -EEXIST, words);
	}
	return gone && rc == -ENOENT ? 0 : rc;
}

int
ban_sets_follow(struct ban_sets *sets, const struct bans *bans,
    const struct address_range *range, struct text *reterr_why)
{
	const struct kernel_set *set = set_of(range);
	struct text words = TEXT_EMPTY;
	int rc;

	if (set->has_intervals && is_entangled(bans, range)) {
		rc = follow_prefixes(sets, bans, set, &words);
	} else {
		rc = follow_either(sets, bans, range, &words);
		/* What it has not swept up yet may lie across. */
		if (set->has_intervals && (rc == -EEXIST || rc == -ENOTEMPTY))
			rc = follow_prefixes(sets, bans, set, &words);
	}
	(void)kept_sets_say(&kept, rc, &words, reterr_why);
	text_fini(&words);
	return rc;
}

int
ban_sets_follow_end(struct ban_sets *sets, const struct bans *bans,
    const struct address_range *range, struct text *reterr_why)
{
	bool is_prefix = !address_eq(range->first, range->last);

	if (!is_prefix || !is_entangled(bans, range))
		return 0;
	return ban_sets_follow(sets, bans, range, reterr_why);
}
