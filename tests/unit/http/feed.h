/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Feeding a head to a parser in all ways: as a whole, byte by byte, and cut in
 * two at every place, each time from fresh memory of the exact size, so that
 * ASan sees one byte too far and a kept pointer.  All must agree.
 */
#ifndef GATEHOUSE_TESTS_HTTP_FEED_H
#define GATEHOUSE_TESTS_HTTP_FEED_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "http/parse.h"

/* What a parse came to, in words that can be compared. */
struct outcome {
	int used;
	enum http_fault fault;
	struct text text; /* the message described, if used > 0 */
};

/* Parses and describes; fills all of outcome. */
typedef void (*feed_fn)(struct str bytes, struct http_head_scan *scan,
    const void *context, struct arena *arena, struct outcome *outcome);

struct feed {
	feed_fn parse;
	const void *context;
};

/* One call of the parser; what it returned. */
static inline int
feed_copy(const struct feed *feed, struct str bytes,
    struct http_head_scan *scan, struct outcome *outcome)
{
	char *copy = malloc(bytes.len > 0 ? bytes.len : 1);
	struct arena arena;

	assert_non_null(copy);
	memcpy(copy, bytes.at, bytes.len);
	arena_init(&arena, 1 << 16);
	feed->parse((struct str){ copy, bytes.len }, scan, feed->context,
	    &arena, outcome);
	/* Ready for the next message, unless this one goes on. */
	if (outcome->used != -EAGAIN)
		assert_int_equal(scan->at, 0);
	arena_fini(&arena);
	free(copy);
	return outcome->used;
}

/* The first bytes, then `step` more each time. */
static inline void
feed_pieces(const struct feed *feed, struct str bytes, size_t first,
    size_t step, struct outcome *outcome)
{
	struct http_head_scan scan = { 0 };
	size_t len = first;

	while (feed_copy(feed, (struct str){ bytes.at, len }, &scan, outcome) ==
		   -EAGAIN &&
	       len < bytes.len)
		len = bytes.len - len < step ? bytes.len : len + step;
}

static inline void
feed_expect_same(
    const struct outcome *whole, const struct outcome *other, struct str bytes)
{
	bool same = whole->used == other->used;

	if (same && whole->used == -EBADMSG)
		same = whole->fault == other->fault;
	if (same && whole->used > 0)
		same = str_eq(text_str(&whole->text), text_str(&other->text));
	if (!same)
		fail_msg("pieces of '%.*s' give another result",
		    (int)(bytes.len < 200 ? bytes.len : 200), bytes.at);
}

/* Cutting long heads everywhere would take minutes and show nothing new. */
#define FEED_CUT_BYTES_MAX 4096

static inline void
feed_all_ways(const struct feed *feed, struct str bytes, struct outcome *whole)
{
	struct outcome other = { 0 };

	feed_pieces(feed, bytes, bytes.len, 1, whole);
	feed_pieces(feed, bytes, 0, 1, &other);
	feed_expect_same(whole, &other, bytes);
	for (size_t cut = 1; cut < bytes.len && bytes.len < FEED_CUT_BYTES_MAX;
	     cut++) {
		feed_pieces(feed, bytes, cut, bytes.len, &other);
		feed_expect_same(whole, &other, bytes);
	}
	text_fini(&other.text);
}

/* Fails unless the outcome is a message of `used` bytes, described so. */
static inline void
feed_expect_message(const struct outcome *outcome, struct str bytes,
    size_t used, const char *want)
{
	struct str rest = text_str(&outcome->text);
	struct str got = str_cut(&rest, '\n');

	if (outcome->used != (int)used)
		fail_msg("'%.*s': %d, %s", STR_ARG(bytes), outcome->used,
		    outcome->used == -EBADMSG ? http_fault_word(outcome->fault)
					      : "");
	if (!str_is(got, want))
		fail_msg("'%.*s' is '%.*s'", STR_ARG(bytes), STR_ARG(got));
}

static inline void
feed_expect_fault(
    const struct outcome *outcome, struct str bytes, enum http_fault want)
{
	if (outcome->used == -EBADMSG && outcome->fault == want)
		return;
	fail_msg("'%.*s': %d, %s", (int)(bytes.len < 200 ? bytes.len : 200),
	    bytes.at, outcome->used,
	    outcome->used == -EBADMSG ? http_fault_word(outcome->fault) : "");
}

#endif
