/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console/guard: sessions of browsers, and who tries tokens too often.
 *
 * A session holds the token that it was begun with, for gatehoused looks at it
 * at each change, and ends with it there.  Both tables are of a fixed size; the
 * oldest gives way.
 */
#ifndef GATEHOUSE_CONSOLE_GUARD_H
#define GATEHOUSE_CONSOLE_GUARD_H

#include "base/address.h"
#include "base/clock.h"
#include "base/text.h"

#define CONSOLE_SESSIONS_MAX      64
#define CONSOLE_SESSION_TIME      (8 * 3600 * CLOCK_SECOND)
#define CONSOLE_TOKEN_BYTES_MAX   255
#define CONSOLE_SECRET_TEXT_BYTES 65 /* 256 bits in hexadecimal */

/* So many wrong tokens a source may show, and then waits: an address, of IPv6
 * its network of 64 bits. */
#define CONSOLE_FAILURES_MAX    5
#define CONSOLE_FAILURE_TIME    (60 * CLOCK_SECOND)
#define CONSOLE_FAILURE_ENTRIES 256

/* Tokens that gatehoused is looking at: as many questions as its channel
 * holds. */
#define CONSOLE_TRIES_MAX 64

struct console_session {
	char id[CONSOLE_SECRET_TEXT_BYTES];
	char csrf[CONSOLE_SECRET_TEXT_BYTES];
	char token[CONSOLE_TOKEN_BYTES_MAX + 1];
	int64_t until; /* 0: free */
};

struct console_guard {
	struct console_session sessions[CONSOLE_SESSIONS_MAX];
	struct {
		struct address address;
		unsigned count;
		int64_t since;
	} failures[CONSOLE_FAILURE_ENTRIES];
	struct {
		uint32_t number; /* 0: free */
		struct address source;
		int64_t until; /* no answer will come */
	} tries[CONSOLE_TRIES_MAX];
};

/* Lent until the next login; NULL: no randomness, or the token is too long. */
const struct console_session *console_guard_login(
    struct console_guard *guard, struct str token, int64_t now);
void console_guard_logout(struct console_guard *guard, struct str id);

/* NULL: there is none.  Takes as long for a wrong id as for a right one. */
const struct console_session *console_guard_find(
    const struct console_guard *guard, struct str id, int64_t now);

/* Whether both are equal, in a time that says nothing of where they differ. */
bool console_guard_is_equal(struct str a, struct str b);

bool console_guard_may_try(
    const struct console_guard *guard, struct address address, int64_t now);

/*
 * A token is about to be looked at, under this number.  False: with those that
 * the source has shown and has no answer to yet, they might be too many.  It is
 * to be settled, also for who has gone without waiting for the answer.
 */
bool console_guard_begin_try(struct console_guard *guard, uint32_t number,
    struct address address, int64_t now);
void console_guard_settle_try(
    struct console_guard *guard, uint32_t number, bool failed, int64_t now);
void console_guard_failed(
    struct console_guard *guard, struct address address, int64_t now);

#endif
