/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/caught_sets.h"

#include <errno.h>

#include "firewall/kept_sets.h"
#include "firewall/names.h"

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
put_all(struct batch *batch, const struct bans *bans)
{
	for (size_t i = 0; i < bans->count; i++)
		put(batch, KERNEL_SET_ADD, &bans->items[i].range,
		    kept_sets_timeout_ms(bans->items[i].ends));
}

static const struct kept_sets kept = {
	.sets = sets_of,
	.count = CAUGHT_SETS_COUNT,
	.put = put_all,
	.failure = "the kernel did not take who was refused too often",
};

bool
caught_sets_has(const char *name)
{
	return kept_sets_has(&kept, name);
}

int
caught_sets_ensure(
    struct caught_sets *sets, const struct bans *bans, struct text *reterr_why)
{
	return kept_sets_ensure(&kept, sets->handles, bans, reterr_why);
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
	(void)kept_sets_say(&kept, rc, &words, reterr_why);
	text_fini(&words);
	return rc;
}
