/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/guard.h"

#include <stdio.h>
#include <sys/random.h>

bool
console_guard_is_equal(struct str a, struct str b)
{
	unsigned differs = a.len != b.len;

	for (size_t i = 0; i < a.len && i < b.len; i++)
		differs |= (unsigned char)a.at[i] ^ (unsigned char)b.at[i];
	return differs == 0;
}

static bool
make_secret(char ret[static CONSOLE_SECRET_TEXT_BYTES])
{
	unsigned char bytes[(CONSOLE_SECRET_TEXT_BYTES - 1) / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return false;
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
	return true;
}

const struct console_session *
console_guard_login(struct console_guard *guard, struct str token, int64_t now)
{
	struct console_session *oldest = &guard->sessions[0];

	for (size_t i = 1; i < CONSOLE_SESSIONS_MAX; i++)
		if (guard->sessions[i].until < oldest->until)
			oldest = &guard->sessions[i];
	oldest->until = 0;
	if (token.len > CONSOLE_TOKEN_BYTES_MAX || !make_secret(oldest->id) ||
	    !make_secret(oldest->csrf))
		return NULL;
	(void)snprintf(
	    oldest->token, sizeof(oldest->token), "%.*s", STR_ARG(token));
	oldest->until = now + CONSOLE_SESSION_TIME;
	return oldest;
}

const struct console_session *
console_guard_find(
    const struct console_guard *guard, struct str id, int64_t now)
{
	const struct console_session *found = NULL;

	for (size_t i = 0; i < CONSOLE_SESSIONS_MAX; i++) {
		const struct console_session *one = &guard->sessions[i];
		if (one->until > now &&
		    console_guard_is_equal(str_of(one->id), id))
			found = one;
	}
	return found;
}

void
console_guard_logout(struct console_guard *guard, struct str id)
{
	for (size_t i = 0; i < CONSOLE_SESSIONS_MAX; i++)
		if (guard->sessions[i].until != 0 &&
		    console_guard_is_equal(str_of(guard->sessions[i].id), id))
			guard->sessions[i] = (struct console_session){ 0 };
}

static unsigned
count_failures(
    const struct console_guard *guard, struct address source, int64_t now)
{
	for (size_t i = 0; i < CONSOLE_FAILURE_ENTRIES; i++)
		if (address_eq(guard->failures[i].address, source))
			return guard->failures[i].since +
					   CONSOLE_FAILURE_TIME <=
				       now
				   ? 0
				   : guard->failures[i].count;
	return 0;
}

bool
console_guard_may_try(
    const struct console_guard *guard, struct address address, int64_t now)
{
	return count_failures(guard, address_source(address), now) <
	       CONSOLE_FAILURES_MAX;
}

/* All at once would be so many guesses before the first one has failed. */
bool
console_guard_begin_try(struct console_guard *guard, uint32_t number,
    struct address address, int64_t now)
{
	struct address source = address_source(address);
	unsigned count = count_failures(guard, source, now);
	size_t place = CONSOLE_TRIES_MAX;

	for (size_t i = 0; i < CONSOLE_TRIES_MAX; i++) {
		bool free =
		    guard->tries[i].number == 0 || guard->tries[i].until <= now;
		if (free)
			place = i;
		else
			count += address_eq(guard->tries[i].source, source);
	}
	if (place == CONSOLE_TRIES_MAX || count >= CONSOLE_FAILURES_MAX)
		return false;
	guard->tries[place].number = number;
	guard->tries[place].source = source;
	guard->tries[place].until = now + CONSOLE_FAILURE_TIME;
	return true;
}

void
console_guard_settle_try(
    struct console_guard *guard, uint32_t number, bool failed, int64_t now)
{
	for (size_t i = 0; number != 0 && i < CONSOLE_TRIES_MAX; i++) {
		if (guard->tries[i].number != number)
			continue;
		guard->tries[i].number = 0;
		if (failed)
			console_guard_failed(
			    guard, guard->tries[i].source, now);
	}
}

void
console_guard_failed(
    struct console_guard *guard, struct address address, int64_t now)
{
	size_t at = 0;

	address = address_source(address);
	for (size_t i = 0; i < CONSOLE_FAILURE_ENTRIES; i++) {
		if (address_eq(guard->failures[i].address, address)) {
			at = i;
			break;
		}
		if (guard->failures[i].since < guard->failures[at].since)
			at = i;
	}
	if (!address_eq(guard->failures[at].address, address) ||
	    guard->failures[at].since + CONSOLE_FAILURE_TIME <= now)
		guard->failures[at].count = 0;
	guard->failures[at].address = address;
	if (guard->failures[at].count++ == 0)
		guard->failures[at].since = now;
}
