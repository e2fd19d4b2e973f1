/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/policies.h"

#include "daemon/apply_order.h"
#include "daemon/gateway.h"
#include "daemon/notice.h"

/* A disk that is full is told of once. */
void
policies_keep(struct policies *policies)
{
	struct gateway *gateway = policies->gateway;
	const struct apply_order *order = policies->order;
	struct last_good *good = &policies->last_good;
	struct history *history = &policies->history;
	struct generation *current = gateway->current;
	bool was_told = good->problem.len > 0 || history->problem.len > 0;
	struct history_news news = {
		.path = current->path,
		.snapshot = &current->snapshot,
		.rules = current->policy->rule_count,
		.since = gateway->since,
		.again = current->again,
	};

	if (good->dir == NULL)
		return;
	if (order != NULL) {
		news.who = order->who;
		news.name = order->name;
	}
	int rc = last_good_keep(
	    good, current->path, &current->snapshot, gateway->since);
	if (rc == 0)
		history_follow(history, &news);
	if (rc < 0 && !was_told)
		notice_say("%s; what was kept before still is",
		    good->problem.at != NULL ? good->problem.at
					     : strerror(-rc));
	else if (history->problem.len > 0 && !was_told)
		notice_say("%s", history->problem.at);
}

/* What was never read from the disk is not what the next boot should find, nor
 * is what may go again. */
void
policies_follow(void *context)
{
	struct policies *policies = context;

	refresh_arm(&policies->refresh);
	if (!policies->gateway->current->kept && !policies->confirmation.waits)
		policies_keep(policies);
}

void
policies_open(
    struct policies *policies, struct gateway *gateway, const char *runtime)
{
	*policies = (struct policies){
		.gateway = gateway,
		.last_good = LAST_GOOD_CLOSED,
		.interim = { .good = &policies->last_good,
		    .history = &policies->history,
		    .runtime = runtime },
		.confirmation = { .gateway = gateway,
		    .good = &policies->last_good,
		    .history = &policies->history,
		    .interim = &policies->interim,
		    .now = &policies->fallback },
		.refresh.gateway = gateway,
	};
}

void
policies_close(struct policies *policies)
{
	refresh_stop(&policies->refresh);
	history_close(&policies->history);
	last_good_close(&policies->last_good);
	fallback_fini(&policies->fallback);
}
