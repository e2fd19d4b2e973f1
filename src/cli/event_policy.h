/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/event_policy: the policy that was in force when an event happened.
 *
 * The gateway says since when the one in force is, and gives those that it
 * has kept (`gatehouse history`).
 */
#ifndef GATEHOUSE_CLI_EVENT_POLICY_H
#define GATEHOUSE_CLI_EVENT_POLICY_H

#include "base/text.h"

#include <jansson.h>

struct event_policy {
	bool is_known;       /* a gateway runs */
	int64_t generation;  /* of the one in force */
	int64_t since;       /* clock_wall */
	bool has_changed;    /* it came into force behind the event */
	struct text rule;    /* of the event's rule, as it was; or empty */
	struct text history; /* the id of the policy of then; or empty */
};

#define EVENT_POLICY_EMPTY ((struct event_policy){ 0 })

/* Asks the gateway of this folder.  event_policy_fini in any case. */
void event_policy_ask(
    const char *runtime, const json_t *event, struct event_policy *ret);
void event_policy_fini(struct event_policy *policy);

#endif
