/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/event_value: one value of a filter, and whether an event has it.
 */
#ifndef GATEHOUSE_CLI_EVENT_VALUE_H
#define GATEHOUSE_CLI_EVENT_VALUE_H

#include "cli/event_filter.h"

enum event_relation {
	EVENT_RELATION_IS,
	EVENT_RELATION_IS_NOT,
	EVENT_RELATION_LESS,
	EVENT_RELATION_AT_MOST,
	EVENT_RELATION_MORE,
	EVENT_RELATION_AT_LEAST,
};

/*
 * Cuts what stands before the first of = != < <= > >= off *rest and returns
 * it; the whole text if none is there.
 */
struct str event_relation_cut(
    struct str *rest, enum event_relation *ret_relation);

/*
 * Reads a value of the key; IS_NOT is the caller's affair.  0, or -EINVAL with
 * a sentence in *reterr_why.  The text is lent for as long as the value lives.
 */
int event_value_parse(const struct event_key *key, enum event_relation relation,
    struct str text, int64_t now, struct event_value *ret,
    struct text *reterr_why);

bool event_value_fits(const struct event_value *value, const json_t *event);

/* Whether the text is an address, a prefix or a range. */
bool event_value_is_address(struct str text);

/* The time that an event has; false if it is none. */
bool event_value_time(const json_t *value, int64_t *ret);

#endif
