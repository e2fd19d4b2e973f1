/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a socket has a hold of stays what it was, whoever uses the memory next;
 * what nobody has is used again as it is.
 */
#include "stock.h"

#include "cache/body_impl.h"
#include "net/stream.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

#define BLOCK CACHE_BLOCK_BYTES

static bool
has_memory(char *block)
{
	unsigned char resident[BLOCK / 4096];
	size_t count = 0;

	assert_int_equal(mincore(block, BLOCK, resident), 0);
	for (size_t i = 0; i < sizeof(resident); i++)
		count += resident[i] & 1;
	assert_true(count == 0 || count == sizeof(resident));
	return count > 0;
}

/* ---- in a socket ---- */

struct line {
	struct harness h;
	struct stream *stream;
	int peer;
};

/* Its buffers take a block, which the peer does not read. */
static void
line_begin(struct line *line)
{
	int fds[2];

	harness_begin(&line->h);
	tcp_pair(fds, 0);
	set_int(fds[0], SOL_SOCKET, SO_SNDBUF, 1 << 20);
	set_int(fds[1], SOL_SOCKET, SO_RCVBUF, 1 << 20);
	assert_int_equal(stream_create(&line->h.loop, fds[0],
			     &stream_limits_usual, &line->stream),
	    0);
	line->peer = fds[1];
}

static void
line_end(struct line *line)
{
	stream_close(&line->stream);
	(void)close(line->peer);
	harness_end(&line->h);
}

static void
send_in_place(struct line *line, char *bytes)
{
	struct iovec span = { bytes, BLOCK };

	assert_int_equal(stream_lend_spans(line->stream, &span, 1, 1), BLOCK);
}

static void
peer_reads_all(struct line *line, char expected)
{
	static char bytes[BLOCK];
	size_t len = 0;

	while (len < BLOCK) {
		ssize_t n = recv(line->peer, bytes + len, BLOCK - len, 0);
		if (n < 0 && errno == EAGAIN)
			continue;
		assert_true(n > 0);
		len += (size_t)n;
	}
	for (size_t i = 0; i < BLOCK; i++)
		assert_int_equal(bytes[i], expected);
}

static void
what_was_lent_is_never_anothers(void **state)
{
	struct line line;

	(void)state;
	line_begin(&line);
	for (char letter = 'a'; letter < 'z'; letter++) {
		char *block = cache_pages_take();
		assert_non_null(block);
		memset(block, letter, BLOCK);
		assert_true(cache_pages_lend(block + 100));
		send_in_place(&line, block);
		cache_pages_give(block);
		assert_false(has_memory(block));
		assert_ptr_equal(cache_pages_take(), block);
		for (size_t i = 0; i < BLOCK; i++)
			assert_int_equal(block[i], 0);
		memset(block, '!', BLOCK);
		peer_reads_all(&line, letter);
		cache_pages_give(block);
	}
	line_end(&line);
}

/* That it is no wonder: without the rule, one client gets another's bytes. */
static void
what_would_be_without_the_rule(void **state)
{
	struct line line;

	(void)state;
	line_begin(&line);
	char *block = cache_pages_take();
	assert_non_null(block);
	memset(block, 'a', BLOCK);
	send_in_place(&line, block);
	cache_pages_give(block);
	assert_ptr_equal(cache_pages_take(), block);
	memset(block, 'b', BLOCK);
	peer_reads_all(&line, 'b');
	cache_pages_give(block);
	line_end(&line);
}

/* ---- of a body ---- */

static struct cache_object *
filled(char letter, int64_t length, size_t bytes)
{
	struct cache_object *object =
	    make((struct made){ .key = "k", .length = length });
	char *all = malloc(bytes);

	memset(all, letter, bytes);
	assert_int_equal(cache_body_append(cache_object_body(object),
			     (struct str){ all, bytes }),
	    0);
	cache_body_end(cache_object_body(object));
	free(all);
	return object;
}

static size_t
lent_of(struct cache_object *object)
{
	struct iovec spans[64];
	size_t count = cache_body_spans(
	    cache_object_body(object), 0, UINT64_MAX, spans, COUNT_OF(spans));
	size_t bytes = 0;

	for (size_t i = 0; i < count; i++)
		bytes += cache_span_lend(&spans[i]) ? spans[i].iov_len : 0;
	return bytes;
}

static void
whole_blocks_of_a_body_are_lent(void **state)
{
	static const struct {
		size_t bytes, known, unknown;
	} rows[] = {
		{ 1, 0, 0 },
		{ BLOCK - 1, 0, 0 },
		{ BLOCK, BLOCK, 0 },
		{ BLOCK + 1, BLOCK, 1 },
		{ 3 * BLOCK - 1, 2 * BLOCK, 2 * BLOCK - 1 },
		{ 16 * BLOCK, 16 * BLOCK, 15 * BLOCK },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct cache_object *object =
		    filled('x', (int64_t)rows[i].bytes, rows[i].bytes);
		assert_int_equal(lent_of(object), rows[i].known);
		cache_object_unref(object);
		object = filled('x', HTTP_UNSAID, rows[i].bytes);
		assert_int_equal(lent_of(object), rows[i].unknown);
		cache_object_unref(object);
	}
}

static void
what_is_sent_often_is_lent(void **state)
{
	struct cache_object *large = filled('x', BLOCK, BLOCK);
	struct cache_object *small = filled('x', 100, 100);

	(void)state;
	for (int i = 0; i < 8; i++)
		assert_false(cache_body_send(cache_object_body(large)));
	for (int i = 0; i < 300; i++) {
		assert_true(cache_body_send(cache_object_body(large)));
		assert_false(cache_body_send(cache_object_body(small)));
	}
	cache_object_unref(large);
	cache_object_unref(small);
}

/* From the store: evicted while it is in a socket, and its room another's. */
static void
what_is_evicted_stays_what_it_was(void **state)
{
	struct line line;
	struct iovec span;

	(void)state;
	line_begin(&line);
	struct cache_object *object = filled('x', BLOCK, BLOCK);
	assert_int_equal(cache_body_spans(cache_object_body(object), 0,
			     UINT64_MAX, &span, 1),
	    1);
	const char *where = span.iov_base;
	assert_true(cache_span_lend(&span));
	send_in_place(&line, span.iov_base);
	cache_object_unref(object);
	object = filled('y', BLOCK, BLOCK);
	(void)cache_body_spans(
	    cache_object_body(object), 0, UINT64_MAX, &span, 1);
	assert_ptr_equal(span.iov_base, where);
	peer_reads_all(&line, 'x');
	cache_object_unref(object);
	line_end(&line);
}

/* ---- memory ---- */

static void
some_are_kept_warm_and_no_more(void **state)
{
	enum {
		MANY = CACHE_BLOCKS_WARM_MAX + 50
	};
	static char *blocks[MANY];
	size_t warm = 0;

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		blocks[i] = cache_pages_take();
		assert_non_null(blocks[i]);
		assert_true(has_memory(blocks[i]));
		assert_true(cache_pages_have(blocks[i] + BLOCK - 1));
		memset(blocks[i], 'w', BLOCK);
	}
	for (size_t i = 0; i < MANY; i++)
		cache_pages_give(blocks[i]);
	for (size_t i = 0; i < MANY; i++)
		warm += has_memory(blocks[i]);
	assert_int_equal(warm, CACHE_BLOCKS_WARM_MAX);
	/* Each only once. */
	for (size_t i = 0; i < MANY; i++) {
		blocks[i] = cache_pages_take();
		blocks[i][0] = 'n';
	}
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(blocks[i][0], 'n');
		blocks[i][0] = 'm';
		cache_pages_give(blocks[i]);
	}
}

static void
the_heap_is_not_lent(void **state)
{
	char *bytes = calloc(1, BLOCK);

	(void)state;
	assert_false(cache_pages_have(bytes));
	assert_false(cache_pages_lend(bytes));
	assert_false(cache_pages_have(NULL));
	free(bytes);
}

/* Where no addresses are to be had: in a process that has never had any. */
static void
without_addresses_bodies_are_in_the_heap(void **state)
{
	int status;

	(void)state;
#ifdef SANITIZED
	skip(); /* it needs many addresses for itself */
#endif
	pid_t child = fork();
	if (child == 0) {
		struct rlimit little = { 1 << 30, 1 << 30 };
		(void)setrlimit(RLIMIT_AS, &little);
		bool good = cache_pages_take() == NULL;
		struct cache_object *object = filled('x', 5 * BLOCK, 5 * BLOCK);
		good = good && lent_of(object) == 0;
		cache_object_unref(object);
		_exit(good ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		/* The first, before there are any. */
		cmocka_unit_test(without_addresses_bodies_are_in_the_heap),
		cmocka_unit_test(what_was_lent_is_never_anothers),
		cmocka_unit_test(what_would_be_without_the_rule),
		cmocka_unit_test(whole_blocks_of_a_body_are_lent),
		cmocka_unit_test(what_is_sent_often_is_lent),
		cmocka_unit_test(what_is_evicted_stays_what_it_was),
		cmocka_unit_test(some_are_kept_warm_and_no_more),
		cmocka_unit_test(the_heap_is_not_lent),
	};

#ifdef GATEHOUSE_ARENA_PIECEWISE
	return 77; /* there are none in this build */
#endif
	(void)signal(SIGPIPE, SIG_IGN); /* as in the proxy */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
