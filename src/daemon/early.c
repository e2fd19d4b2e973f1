/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/early.h"

#include "daemon/notice.h"

#include <errno.h>

static int
fill_own(const struct addresses *addresses, struct address_set *own)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < addresses->addresses.count; i++) {
		struct address one = addresses->addresses.items[i].address;
		rc = address_set_add(own, &(struct address_range){ one, one });
	}
	address_set_freeze(own);
	return rc;
}

void
early_follow(struct early *early, bool again)
{
	const struct policy *policy = (*early->current)->policy;
	struct address_set own = { 0 };
	struct early_plan plan = EARLY_PLAN_EMPTY;
	struct text words = TEXT_EMPTY;
	int rc = fill_own(early->addresses, &own);

	if (rc == 0 && early->drop.mode != EARLY_OFF)
		rc = early_plan_make(policy, &own, *early->ipv6, &plan);
	if (rc < 0) { /* then the old lists must go all the same */
		notice_say("early drop: %s", strerror(-rc));
		early_plan_fini(&plan);
	}
	early_drop_set(&early->drop, policy, &plan, early->bans, again, &words);
	early_plan_fini(&plan);
	address_set_fini(&own);
	notice_say_lines(&words);
}

void
early_see_ban(struct early *early, const struct address_range *range)
{
	struct text words = TEXT_EMPTY;

	if (early_drop_see_ban(&early->drop, early->bans, range, &words))
		early_follow(early, true);
	notice_say_lines(&words);
}

void
early_look(struct early *early)
{
	struct text words = TEXT_EMPTY;

	early_drop_look(&early->drop, &words);
	notice_say_lines(&words);
}
