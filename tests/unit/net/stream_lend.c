/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is lent arrives as it was given, copied or not, however little of it the
 * socket takes at once; and no pipe keeps any of it.
 */
#include "stream_ends.h"

#include <signal.h>
#include <sys/mman.h>

#define PLACE ((size_t)3 << 20)

/* Byte i of all that is sent. */
static char
byte_of(size_t i)
{
	return (char)(i * 2654435761u >> 11);
}

/* In pages of its own, where nobody writes after this. */
static char *
place(void)
{
	char *at = mmap(NULL, PLACE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(at, MAP_FAILED);
	for (size_t i = 0; i < PLACE; i++)
		at[i] = byte_of(i);
	return at;
}

static void
must_be(const struct end *end, size_t from, size_t count)
{
	assert_int_equal(end->taken.len, count);
	for (size_t i = 0; i < count; i++)
		if (end->taken.at[i] != byte_of(from + i))
			fail_msg("byte %zu of %zu is another", i, count);
}

static unsigned
pipes_of(const struct both *t)
{
	assert_int_equal(t->h.loop.pipes.lent_count, 0);
	return t->h.loop.pipes.kept_count;
}

/* ---- in order ---- */

struct layout {
	size_t lengths[6]; /* of the spans */
	uint64_t lasting;
	bool piped;
};

static const struct layout layouts[] = {
	{ { 65536 }, 1, true },
	{ { 300, 65536 }, 2, true },
	{ { 300, 65536, 65536, 1000 }, 6, true },
	{ { 300, 65536, 5000, 65536, 70000, 1 }, 2 | 8, true },
	{ { 65537, 0, 0, 65535, 4096, 4097 }, 0x3f, true },
	{ { 32768, 7 }, 1, true },
	{ { 32767, 7 }, 1, false }, /* not worth it */
	{ { 65536, 65536 }, 0, false },
	{ { 1000000, 1000000, 9 }, 3, true },
};

static size_t
lay_out(const struct layout *layout, char *at, struct iovec spans[static 6])
{
	size_t sum = 0;

	for (size_t i = 0; i < 6; i++) {
		spans[i] = (struct iovec){ at + sum, layout->lengths[i] };
		sum += layout->lengths[i];
	}
	return sum;
}

/* Again and again with what is left, as a user does that is told `drained`. */
static unsigned
lend_all(struct both *t, const struct layout *layout, char *at)
{
	struct iovec spans[6];
	size_t length = lay_out(layout, at, spans), sent = 0;
	unsigned calls = 0;

	for (;;) {
		size_t skip = sent, first = 0;
		(void)lay_out(layout, at, spans);
		while (first < 6 && skip >= spans[first].iov_len)
			skip -= spans[first++].iov_len;
		if (first == 6)
			break;
		spans[first].iov_base = (char *)spans[first].iov_base + skip;
		spans[first].iov_len -= skip;
		ssize_t n = stream_lend_spans(t->a.stream, spans + first,
		    6 - first, layout->lasting >> first);
		assert_true(n >= 0);
		sent += (size_t)n;
		calls++;
		if (sent == length)
			break;
		end_forget(&t->a);
		run_until_told(&t->h, &t->a, 'w');
	}
	if (t->b.taken.len < length) {
		t->b.stop_at = length;
		harness_run(&t->h);
	}
	return calls;
}

static void
in_order_and_whole(void **state)
{
	char *at = place();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(layouts) * 2; i++) {
		const struct layout *layout = &layouts[i / 2];
		struct both t;
		size_t sum = 0;
		both_begin(&t, i % 2 == 0 ? 0 : SMALL);
		stream_read_start(t.b.stream);
		unsigned calls = lend_all(&t, layout, at);
		for (size_t j = 0; j < 6; j++)
			sum += layout->lengths[j];
		must_be(&t.b, 0, sum);
		if (i % 2 == 1 && sum > 300000)
			assert_true(calls > 3);
#ifndef GATEHOUSE_ARENA_PIECEWISE
		if (i % 2 == 0)
			assert_int_equal(pipes_of(&t) > 0, layout->piped);
#endif
		both_end(&t);
	}
	(void)munmap(at, PLACE);
}

/* ---- what the socket does not take ---- */

/* It is in no pipe that another stream would get. */
static void
the_rest_is_nowhere(void **state)
{
	static const char other[] = "another's answer";
	char *at = place();
	struct end a, b; /* of the same loop */
	struct both t;

	(void)state;
	both_begin(&t, SMALL);
	struct iovec span = { at, PLACE };
	ssize_t sent = stream_lend_spans(t.a.stream, &span, 1, 1);
	assert_true(sent > 0 && (size_t)sent < PLACE);
	(void)pipes_of(&t);
	int ends[2];
	tcp_pair(ends, 0);
	end_begin(&a, &t.h, ends[0]);
	end_begin(&b, &t.h, ends[1]);
	stream_read_start(b.stream);
	char *its = place();
	for (size_t i = 0; i < 65536; i++)
		its[i] = other[i % sizeof(other)];
	struct iovec its_span = { its, 65536 };
	assert_int_equal(stream_lend_spans(a.stream, &its_span, 1, 1), 65536);
	b.stop_at = 65536;
	harness_run(&t.h);
	assert_int_equal(b.taken.len, 65536);
	assert_memory_equal(b.taken.at, its, 65536);
	stream_read_start(t.b.stream);
	t.b.stop_at = (size_t)sent;
	harness_run(&t.h);
	must_be(&t.b, 0, (size_t)sent);
	end_fini(&a);
	end_fini(&b);
	both_end(&t);
	(void)munmap(at, PLACE);
	(void)munmap(its, PLACE);
}

/* What is queued goes before it. */
static void
behind_what_is_queued(void **state)
{
	char *at = place();
	struct both t;

	(void)state;
	both_begin(&t, 0);
	stream_read_start(t.b.stream);
	assert_int_equal(stream_queue(t.a.stream, (struct str){ at, 1000 }), 0);
	struct iovec span = { at + 1000, 65536 };
	assert_int_equal(stream_lend_spans(t.a.stream, &span, 1, 1), 65536);
	t.b.stop_at = 66536;
	harness_run(&t.h);
	must_be(&t.b, 0, 66536);
	both_end(&t);
	(void)munmap(at, PLACE);
}

/* ---- what cannot be lent ---- */

static void
without_pipes_it_is_copied(void **state)
{
	struct pipe *lent[PIPE_LENT_MAX];
	char *at = place();
	struct both t;

	(void)state;
	both_begin(&t, 0);
	stream_read_start(t.b.stream);
	for (size_t i = 0; i < PIPE_LENT_MAX; i++)
		lent[i] = pipe_pool_take(&t.h.loop.pipes);
	(void)lend_all(&t, &layouts[3], at);
	must_be(&t.b, 0, 300 + 65536 + 5000 + 65536 + 70000 + 1);
	for (size_t i = 0; i < PIPE_LENT_MAX; i++)
		pipe_pool_discard(&t.h.loop.pipes, &lent[i]);
	both_end(&t);
	(void)munmap(at, PLACE);
}

static void
other_transports_are_copied_to(void **state)
{
	struct transport opaque = transport_plain;
	char *at = place();
	struct both t;

	(void)state;
	opaque.splice_in = NULL;
	opaque.splice_out = NULL;
	opaque.writev = NULL;
	both_begin(&t, 0);
	assert_int_equal(stream_carry(t.a.stream, &opaque, NULL), 0);
	stream_read_start(t.b.stream);
	(void)lend_all(&t, &layouts[3], at);
	must_be(&t.b, 0, 300 + 65536 + 5000 + 65536 + 70000 + 1);
	assert_int_equal(pipes_of(&t), 0);
	both_end(&t);
	(void)munmap(at, PLACE);
}

static void
who_has_failed_is_told(void **state)
{
	char *at = place();
	struct iovec span = { at, 65536 };
	struct one t;
	ssize_t n = 0;

	(void)state;
	one_begin(&t, 0);
	set_int(t.peer, SOL_SOCKET, SO_RCVBUF, 4096);
	struct linger reset = { 1, 0 };
	(void)setsockopt(t.peer, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	(void)close(t.peer);
	t.peer = -1;
	for (int i = 0; n >= 0 && i < 100; i++)
		n = stream_lend_spans(t.a.stream, &span, 1, 1);
	assert_true(n == -EPIPE || n == -ECONNRESET);
	assert_int_equal(t.h.loop.pipes.lent_count, 0);
	one_end(&t);
	(void)munmap(at, PLACE);
}

static int
with_a_sink(void **state)
{
	(void)state;
	pipe_begin();
	return 0;
}

#define ALL                                                                    \
	cmocka_unit_test(in_order_and_whole),                                  \
	    cmocka_unit_test(the_rest_is_nowhere),                             \
	    cmocka_unit_test(behind_what_is_queued),                           \
	    cmocka_unit_test(without_pipes_it_is_copied),                      \
	    cmocka_unit_test(other_transports_are_copied_to),                  \
	    cmocka_unit_test(who_has_failed_is_told)

/* Once by pipes that are closed with what is left, once by such that are
 * emptied. */
int
main(void)
{
	const struct CMUnitTest closing[] = { ALL }, emptying[] = { ALL };

	(void)signal(SIGPIPE, SIG_IGN);
	int failed = cmocka_run_group_tests(closing, NULL, NULL);
	return failed + cmocka_run_group_tests(emptying, with_a_sink, NULL);
}
