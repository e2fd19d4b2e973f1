/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/status: the state of the gateway as one JSON object.
 *
 *	{"policy", "generation", "since", "pid", "proxy": {...},
 *	 "pam": {...} or null (daemon/pam_keeper),
 *	 "sandbox": {"proxy": {...} or null, "daemon": {...}} (daemon/sandbox),
 *	 "last_good": {"folder", "since", "problem"} or null: not wanted,
 *	 "fallback": {...} (daemon/fallback),
 *	 "confirmation": {...} (daemon/confirmation),
 *	 "lists": [{"name", "file", "entries", "read", "refresh", "problem"}],
 *	 "journal": {...} (daemon/journal_keeper),
 *	 "bans": number of them,
 *	 "names": number of those that are learned, over or not,
 *	 "pinned": {"max", "entries": [{"zone", "name", "seconds"}]} or null:
 *	 nothing is opened,
 *	 "rules": [{"line", "name", "text", "packets", "bytes", "flows"}],
 *	 "kernel": {counter: packets}, "counters": {counter: value},
 *	 "early_drop": {...} (firewall/early_drop),
 *	 "foreign": [{"family", "table", "chain", "hook", "priority", "policy",
 *	 "rules"}]}
 */
#ifndef GATEHOUSE_DAEMON_STATUS_H
#define GATEHOUSE_DAEMON_STATUS_H

#include "base/text.h"

struct policies;

/* For `gatehouse status`. */
void status_write(struct policies *policies, struct text *out);

#endif
