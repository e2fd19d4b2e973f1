/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/event_key: the keys of an event, and what kind of value each has.
 *
 * One row a key of docs/events.md; objects are written with a dot
 * (`zone.from`).
 */
#ifndef GATEHOUSE_CLI_EVENT_KEY_H
#define GATEHOUSE_CLI_EVENT_KEY_H

#include "base/nearest.h"

#include <jansson.h>

enum event_key_kind {
	EVENT_KEY_TEXT,    /* as it is, with `*` for any characters */
	EVENT_KEY_WORD,    /* one of a few words */
	EVENT_KEY_NAME,    /* a domain: .example.com is it and all under it */
	EVENT_KEY_ADDRESS, /* an address; prefixes and ranges hold them */
	EVENT_KEY_NUMBER,
	EVENT_KEY_BYTES, /* a number that may be written as 10M */
	EVENT_KEY_TIME,
};

#define EVENT_KEY_WORDS_MAX 8

struct event_key {
	const char *name;
	enum event_key_kind kind;
	const char *words[EVENT_KEY_WORDS_MAX]; /* of WORD; NULL behind them */
};

/* The key of this name, or NULL. */
const struct event_key *event_key_find(struct str name);

/* Offers all names. */
void event_key_offer(struct nearest *nearest);

/* What the event has under this key, lent; NULL: null, or nothing. */
const json_t *event_key_value(const struct event_key *key, const json_t *event);

#endif
