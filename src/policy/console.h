/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/console: the `console` of a policy.
 *
 *	console {
 *	    listen 10.0.0.1:8080, [2001:db8:1::1]:8080
 *	    from lan
 *	    host gateway.example.com
 *	    token "console.tokens"
 *	}
 *
 * Who comes from its zones reaches it whatever the rules say, and may read; who
 * has a token may change, too.  A line of the tokens' file is the SHA-256 of a
 * token in hexadecimal, and behind it a name; a token is random and long, so
 * that its bare hash tells nothing.
 */
#ifndef GATEHOUSE_POLICY_CONSOLE_H
#define GATEHOUSE_POLICY_CONSOLE_H

#include "base/address.h"
#include "base/report.h"
#include "base/str.h"

#define POLICY_CONSOLE_LISTENS_MAX    16
#define POLICY_CONSOLE_HOSTS_MAX      16
#define POLICY_CONSOLE_TOKENS_MAX     64
#define POLICY_CONSOLE_FILE_BYTES_MAX ((size_t)64 << 10)

struct policy_console {
	struct address_port listens[POLICY_CONSOLE_LISTENS_MAX];
	size_t listen_count; /* 0: there is no console */
	struct str hosts[POLICY_CONSOLE_HOSTS_MAX];
	size_t host_count;
	struct str tokens[POLICY_CONSOLE_TOKENS_MAX]; /* their hashes */
	size_t token_count;
	struct str file; /* at == NULL: nobody may change */
	uint64_t zones;
	struct place place;
};

bool policy_console_listens(
    const struct policy_console *console, struct address_port at);

/* Whether it takes connections to there from this zone. */
bool policy_console_takes(const struct policy_console *console,
    uint8_t from_zone, struct address_port at);

#endif
