/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/event_filter: which events are meant.
 *
 * Words, as `gatehouse flows` takes them (daemon/flow_filter), and more:
 *
 *	from WHO, to WHO	a zone, an address, a prefix or a range; `to`
 *				also a domain
 *	port NUMBER		or from-to
 *	rule LINE|NAME
 *	by firewall|proxy
 *	tcp, udp, ...		a protocol
 *	allow, reject, drop	a verdict; `refused` is one of the last two
 *	8f1d22c07ab3e915	a flow
 *	since TIME, until TIME	see cli/moment
 *	KEY VALUE		any key of docs/events.md
 *	KEY=VALUE		the same; also != < <= > >=
 *	except WORDS		not what the words behind it mean
 *
 * An event must fit all of them.  Values parted by commas are alternatives.
 * `*` in a text stands for any characters, and alone for anything but null.
 *
 * The words are lent for as long as the filter lives.  Pure.
 */
#ifndef GATEHOUSE_CLI_EVENT_FILTER_H
#define GATEHOUSE_CLI_EVENT_FILTER_H

#include "base/address.h"
#include "base/text.h"
#include "cli/event_key.h"

/* One value and the key that must have it. */
struct event_value {
	const struct event_key *key;
	bool is_any;                /* not null is enough */
	struct str text;            /* of texts, words and names */
	struct address_range range; /* of addresses */
	double first, last;         /* of numbers and times */
	bool is_open;               /* these two are not included */
};

struct event_term {
	bool except;
	size_t first, count; /* its alternatives among the values */
};

struct event_filter {
	int64_t since, until; /* clock_wall; until is not included */
	struct {
		struct event_value *items;
		size_t count, room;
	} values;
	struct {
		struct event_term *items;
		size_t count, room;
	} terms;
};

/* All that there is. */
#define EVENT_FILTER_ALL                                                       \
	((struct event_filter){ .since = INT64_MIN, .until = INT64_MAX })

/*
 * Reads the words as of `now`.  0; -EINVAL with a sentence in *reterr_why; or
 * -ENOMEM.  event_filter_fini in any case.
 */
int event_filter_parse(char *const *words, int count, int64_t now,
    struct event_filter *ret, struct text *reterr_why);
void event_filter_fini(struct event_filter *filter);

bool event_filter_fits(const struct event_filter *filter, const json_t *event);

#endif
