/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A body is seen by all as far as it has come, in place; who waits is called;
 * one that is not kept passes in bounded memory.
 */
#include "stock.h"

#include "cache/body_impl.h"

#include <malloc.h>

#define PIECE ((size_t)64 << 10)

/* Byte i of every body here. */
static char
byte_of(uint64_t i)
{
	return (char)(i * 2654435761u >> 13);
}

static void
append(struct cache_body *body, uint64_t at, size_t count)
{
	char *bytes = malloc(count + 1);

	for (size_t i = 0; i < count; i++)
		bytes[i] = byte_of(at + i);
	assert_int_equal(
	    cache_body_append(body, (struct str){ bytes, count }), 0);
	free(bytes);
}

static uint64_t
checked(const struct cache_body *body, uint64_t at, uint64_t most)
{
	struct iovec spans[64];
	uint64_t sum = 0;
	size_t count = cache_body_spans(body, at, most, spans, COUNT_OF(spans));

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < spans[i].iov_len; j++, sum++)
			assert_int_equal(
			    ((char *)spans[i].iov_base)[j], byte_of(at + sum));
	return sum;
}

/* ---- what is seen ---- */

static void
of_every_length_and_cut(void **state)
{
	static const size_t lengths[] = { 0, 1, 4095, 4096, 4097, 16384, 65535,
		65536, 65537, 262144, 262145, 300000, 1000000 };
	static const size_t steps[] = { 1000, 4096, 65536, 1 << 20 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lengths) * COUNT_OF(steps) * 2; i++) {
		size_t length = lengths[i / 2 % COUNT_OF(lengths)];
		size_t step = steps[i / 2 / COUNT_OF(lengths)];
		bool said = i % 2 == 0;
		struct cache_object *object = make((struct made){ .key = "k",
		    .length = said ? (int64_t)length : HTTP_UNSAID });
		struct cache_body *body = cache_object_body(object);
		for (size_t at = 0; at < length; at += step)
			append(
			    body, at, length - at < step ? length - at : step);
		assert_int_equal(cache_body_state(body), CACHE_BODY_FILLING);
		assert_int_equal(cache_body_length(body),
		    said ? (int64_t)length : HTTP_UNSAID);
		assert_int_equal(checked(body, 0, UINT64_MAX), length);
		cache_body_end(body);
		assert_int_equal(cache_body_state(body), CACHE_BODY_WHOLE);
		assert_int_equal(cache_body_length(body), (int64_t)length);
		assert_int_equal(
		    checked(body, length / 2, UINT64_MAX), length - length / 2);
		assert_int_equal(checked(body, length / 3, 2),
		    length - length / 3 < 2 ? length - length / 3 : 2);
		assert_int_equal(checked(body, length, 10), 0);
		cache_object_unref(object);
	}
}

static void
no_more_than_was_said(void **state)
{
	struct cache_object *object =
	    make((struct made){ .key = "k", .length = 10 });
	struct cache_body *body = cache_object_body(object);

	(void)state;
	append(body, 0, 8);
	assert_int_equal(cache_body_append(body, STR("abc")), -EFBIG);
	assert_int_equal(cache_body_bytes(body), 8);
	cache_body_end(body);
	assert_int_equal(cache_body_state(body), CACHE_BODY_BROKEN);
	assert_int_equal(cache_body_length(body), HTTP_UNSAID);
	assert_int_equal(checked(body, 0, UINT64_MAX), 8);
	cache_object_unref(object);
}

/* ---- who waits ---- */

static struct cache_reader *
open_at(struct stock *s, struct cache_body *body, uint64_t at)
{
	struct cache_reader *reader = NULL;

	assert_int_equal(
	    cache_reader_open(body, at, &s->h.loop, count_call, s, &reader), 0);
	return reader;
}

static void
who_waits_is_called_once_for_each_wait(void **state)
{
	struct cache_object *object =
	    make((struct made){ .key = "k", .length = HTTP_UNSAID });
	struct cache_body *body = cache_object_body(object);
	struct stock s;

	(void)state;
	stock_begin(&s, MIB, MIB);
	struct cache_reader *reader = open_at(&s, body, 0);
	cache_reader_wait(reader);
	harness_round(&s.h);
	assert_int_equal(s.calls, 0);
	append(body, 0, 10);
	assert_int_equal(s.calls, 0); /* by the loop only */
	append(body, 10, 10);
	harness_round(&s.h);
	assert_int_equal(s.calls, 1);
	append(body, 20, 10);
	harness_round(&s.h);
	assert_int_equal(s.calls, 1);
	cache_reader_wait(reader); /* there is some */
	harness_round(&s.h);
	assert_int_equal(s.calls, 2);
	cache_reader_advance(reader, 30);
	cache_reader_wait(reader);
	harness_round(&s.h);
	assert_int_equal(s.calls, 2);
	cache_body_end(body);
	harness_round(&s.h);
	assert_int_equal(s.calls, 3);
	cache_reader_wait(reader); /* nothing will come any more */
	harness_round(&s.h);
	assert_int_equal(s.calls, 4);
	cache_reader_close(&reader);
	cache_object_unref(object);
	stock_end(&s);
}

static void
who_has_closed_is_silent(void **state)
{
	struct cache_object *object =
	    make((struct made){ .key = "k", .length = 100 });
	struct cache_body *body = cache_object_body(object);
	struct cache_reader *readers[3];
	struct stock s;

	(void)state;
	stock_begin(&s, MIB, MIB);
	for (size_t i = 0; i < 3; i++) {
		readers[i] = open_at(&s, body, 0);
		cache_reader_wait(readers[i]);
	}
	cache_reader_close(&readers[0]); /* armed */
	append(body, 0, 10);
	cache_reader_close(&readers[1]); /* its message lies in the mailbox */
	harness_round(&s.h);
	assert_int_equal(s.calls, 1);
	cache_body_break(body);
	cache_object_unref(object); /* the reader has one of its own */
	assert_int_equal(checked(body, 0, 100), 10);
	cache_reader_close(&readers[2]);
	cache_reader_close(&readers[2]);
	stock_end(&s);
}

/* ---- passing ---- */

/* 64 MiB through a reader: never more is held than the window. */
static void
what_is_not_kept_passes_in_bounded_memory(void **state)
{
	struct cache_object *object =
	    make((struct made){ .key = "k", .length = HTTP_UNSAID });
	struct cache_body *body = cache_object_body(object);
	struct cache_pieces *pieces = body->more;
	struct cache_waiter *waiter = NULL;
	uint64_t at = 0, most = 0, stops = 0;
	struct stock s;

	(void)state;
	stock_begin(&s, MIB, MIB);
	struct cache_reader *reader = open_at(&s, body, 0);
	while (at < 64 * MIB) {
		size_t room = cache_body_room(body);
		assert_true(room <= CACHE_BODY_AHEAD_MAX);
		append(body, at, room < 50000 ? room : 50000);
		at = cache_body_bytes(body);
		if (pieces->memory > most)
			most = pieces->memory;
		if (cache_body_room(body) > 0)
			continue;
		assert_int_equal(cache_body_await_room(
				     body, &s.h.loop, count_call, &s, &waiter),
		    0);
		harness_round(&s.h);
		assert_int_equal(s.calls, (int)stops);
		assert_true(checked(body, at - 70000, UINT64_MAX) == 70000);
		cache_reader_advance(reader, at - 70000);
		harness_round(&s.h);
		assert_int_equal(s.calls, (int)++stops);
	}
	assert_true(stops > 60);
	assert_true(most < CACHE_BODY_AHEAD_MAX + 2 * PIECE + 1024);
	cache_body_end(body);
	assert_int_equal(checked(body, at - 70000, UINT64_MAX), 70000);
	cache_reader_close(&reader);
	cache_object_unref(object);
	stock_end(&s);
}

static void
who_comes_too_late_is_told(void **state)
{
	struct cache_object *object =
	    make((struct made){ .key = "k", .length = HTTP_UNSAID });
	struct cache_body *body = cache_object_body(object);
	struct cache_reader *late = NULL;
	struct stock s;

	(void)state;
	stock_begin(&s, MIB, MIB);
	struct cache_reader *reader = open_at(&s, body, 0);
	append(body, 0, 200000);
	cache_reader_advance(reader, 150000);
	assert_int_equal(
	    cache_reader_open(body, 0, &s.h.loop, count_call, &s, &late),
	    -ESTALE);
	assert_int_equal(cache_put(&s.user, object), -ESTALE);
	assert_null(late);
	late = open_at(&s, body, 150000);
	cache_reader_close(&reader);
	assert_false(cache_body_is_abandoned(body));
	assert_int_equal(checked(body, 150000, UINT64_MAX), 50000);
	cache_reader_close(&late);
	assert_true(cache_body_is_abandoned(body));
	cache_body_break(body);
	cache_object_unref(object);
	stock_end(&s);
}

/* A body that turns out too large leaves the store; its readers go on. */
static void
too_large_as_it_turns_out(void **state)
{
	struct cache_object *object =
	    make((struct made){ .key = "k", .length = HTTP_UNSAID });
	struct cache_body *body = cache_object_body(object);
	struct cache_waiter *waiter = NULL;
	struct stock s;

	(void)state;
	stock_begin(&s, 64 * MIB, 2 * MIB);
	assert_int_equal(cache_put(&s.user, object), 0);
	struct cache_reader *reader = open_at(&s, body, 0);
	append(body, 0, MIB + 500000);
	assert_int_equal(cache_body_room(body), SIZE_MAX);
	assert_ptr_equal(find(&s, "k", NULL), object);
	append(body, MIB + 500000, 600000);
	assert_null(find(&s, "k", NULL));
	assert_int_equal(cache_body_room(body), 0);
	assert_int_equal(
	    cache_body_await_room(body, &s.h.loop, count_call, &s, &waiter), 0);
	harness_round(&s.h);
	assert_int_equal(s.calls, 0);
	uint64_t end = MIB + 1100000;
	const struct cache_pieces *pieces = body->more;
	cache_reader_advance(reader, end - 10);
	assert_int_equal(
	    pieces->first, 0); /* somebody may just have found it */
	cache_rest(&s.user);
	cache_reader_advance(reader, end);
	harness_round(&s.h);
	assert_int_equal(s.calls, 1);
	append(body, end, 100000);
	assert_int_equal(checked(body, end, UINT64_MAX), 100000);
	cache_reader_advance(reader, end + 100000);
	assert_true(pieces->first > 20); /* now nobody can */
	assert_int_equal(
	    cache_body_await_room(body, &s.h.loop, count_call, &s, &waiter), 0);
	cache_waiter_cancel(&waiter); /* posted at once, and silent */
	harness_round(&s.h);
	assert_int_equal(s.calls, 1);
	cache_body_end(body);
	/* Whole for who has followed it, and for nobody else. */
	assert_int_equal(cache_body_state(body), CACHE_BODY_WHOLE);
	assert_false(cache_body_is_all(body));
	struct cache_reader *late = NULL;
	assert_int_equal(
	    cache_reader_open(body, 0, &s.h.loop, count_call, &s, &late),
	    -ESTALE);
	struct cache_object *fresh =
	    make((struct made){ .key = "k", .freshened = object });
	cache_resize(s.cache, &(struct cache_limits){ 64 * MIB, 8 * MIB });
	assert_int_equal(cache_put(&s.user, fresh), -ESTALE);
	cache_object_unref(fresh);
	cache_reader_close(&reader);
	cache_object_unref(object);
	stock_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_every_length_and_cut),
		cmocka_unit_test(no_more_than_was_said),
		cmocka_unit_test(who_waits_is_called_once_for_each_wait),
		cmocka_unit_test(who_has_closed_is_silent),
		cmocka_unit_test(what_is_not_kept_passes_in_bounded_memory),
		cmocka_unit_test(who_comes_too_late_is_told),
		cmocka_unit_test(too_large_as_it_turns_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
