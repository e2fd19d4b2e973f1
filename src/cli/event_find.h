/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/event_find: one event of the journal.
 */
#ifndef GATEHOUSE_CLI_EVENT_FIND_H
#define GATEHOUSE_CLI_EVENT_FIND_H

#include "cli/event_filter.h"

/* What an id says of its time: 12 digits of milliseconds, 8 of a count. */
#define EVENT_ID_DIGITS   20
#define EVENT_TIME_DIGITS 12

/*
 * The times that an event can have whose id begins so: from *ret_since until
 * before *ret_until.  False if no id begins so.
 */
bool event_id_span(struct str head, int64_t *ret_since, int64_t *ret_until);

/*
 * The last event of the journal at `path` whose id begins so, or, if none is
 * and these are 16 digits, the last of this flow; *ret is the caller's, NULL
 * if there is none.  *ret_other: the id of another one that fits, or NULL, the
 * caller's too.  0 or a negative errno.
 */
int event_find(
    const char *path, struct str head, json_t **ret, json_t **ret_other);

/* The last one of a flow that fits, as above. */
int event_find_last(
    const char *path, const struct event_filter *filter, json_t **ret);

#endif
