/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/ban_words: bans as they are told, to people and to the journal.
 */
#ifndef GATEHOUSE_DAEMON_BAN_WORDS_H
#define GATEHOUSE_DAEMON_BAN_WORDS_H

#include "base/json.h"
#include "firewall/bans.h"

/* What a ban closes. */
enum ban_reach {
	BAN_REACH_ALL,   /* nothing is exchanged with it */
	BAN_REACH_OPENS, /* what it opens is refused (firewall/caught_sets) */
};

/* "203.0.113.9 is banned for 1h: too many tries" */
void ban_describe(const struct ban *ban, struct text *out);

/* "203.0.113.9 is not banned any more: its time is over" */
void ban_describe_end(const struct ban *ban, const char *why, struct text *out);

/* An event of the rule `ban`; line: of the rule that brought it, 0: none. */
void ban_tell(const struct ban *ban, uint32_t line, const char *verdict,
    const char *reason);

/* {"address", "since", "until", "left_seconds", "because", "reach"} */
void ban_put_json(struct json *json, const struct ban *ban,
    enum ban_reach reach, int64_t now);

#endif
