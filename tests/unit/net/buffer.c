/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Buffers against a naive twin, their limits, and that they own nothing while
 * empty.
 */
#include "net/buffer.h"
#include "harness.h"

#define MAX ((size_t)64 << 10)

static void
agrees_with_a_naive_twin(void **state)
{
	static char twin[MAX], chunk[MAX];
	struct buffer_pool pool;
	struct buffer buffer;
	unsigned short seed[3] = { 4, 5, 6 };
	size_t len = 0;

	(void)state;
	buffer_pool_init(&pool);
	buffer_init(&buffer, &pool, MAX);
	for (int step = 0; step < 20000; step++) {
		/* Mostly small pieces, now and then as much as there is. */
		size_t limit = nrand48(seed) % 8 == 0 ? MAX : 3000;
		size_t n = (size_t)nrand48(seed) % limit;
		if (nrand48(seed) % 2 == 0) {
			memset(chunk, (int)nrand48(seed) & 0xff, n);
			int expected = n > MAX - len ? -ENOBUFS : 0;
			assert_int_equal(
			    buffer_append(&buffer, (struct str){ chunk, n }),
			    expected);
			if (expected == 0) {
				memcpy(twin + len, chunk, n);
				len += n;
			}
		} else {
			n = n < len ? n : len;
			buffer_consume(&buffer, n);
			memmove(twin, twin + n, len - n);
			len -= n;
		}
		assert_true(
		    str_eq(buffer_peek(&buffer), (struct str){ twin, len }));
		assert_int_equal(buffer_left(&buffer), MAX - len);
		assert_int_equal(pool.lent_bytes == 0, len == 0);
		/* The limit, rounded up to a piece, is all it ever takes. */
		assert_true(pool.lent_bytes <= MAX);
	}
	buffer_fini(&buffer);
	assert_int_equal(pool.lent_bytes, 0);
	buffer_pool_fini(&pool);
}

static void
reserve_gives_room_up_to_the_limit(void **state)
{
	struct buffer_pool pool;
	struct buffer buffer;
	struct buffer_span span;

	(void)state;
	buffer_pool_init(&pool);
	buffer_init(&buffer, &pool, 1000);
	assert_int_equal(buffer_reserve(&buffer, 1, &span), 0);
	assert_int_equal(span.len, 1000);
	buffer_added(&buffer, 0);
	assert_int_equal(pool.lent_bytes, 0);
	assert_int_equal(buffer_reserve(&buffer, SIZE_MAX, &span), 0);
	memset(span.at, 'a', 1000);
	buffer_added(&buffer, 1000);
	assert_int_equal(buffer_reserve(&buffer, 1, &span), -ENOBUFS);
	assert_int_equal(buffer_append(&buffer, STR("b")), -ENOBUFS);
	assert_int_equal(buffer_append(&buffer, STR("")), 0);
	buffer_consume(&buffer, 1);
	assert_int_equal(buffer_reserve(&buffer, 10, &span), 0);
	assert_int_equal(span.len, 1);
	span.at[0] = 'b';
	buffer_added(&buffer, 1);
	struct str all = buffer_peek(&buffer);
	assert_int_equal(all.len, 1000);
	assert_int_equal(all.at[0], 'a');
	assert_int_equal(all.at[999], 'b');
	buffer_fini(&buffer);
	buffer_pool_fini(&pool);
}

/* What waits stays contiguous across the move into a larger piece. */
static void
grows_by_doubling(void **state)
{
	static const struct {
		size_t bytes, lent;
	} rows[] = {
		{ 1, 2048 },
		{ 2048, 2048 },
		{ 2049, 16384 },
		{ 16384, 16384 },
		{ 16385, 32768 },
		{ 32769, 65536 },
		{ 65537, 131072 },
		{ 200000, 262144 },
	};
	static char content[200000];

	(void)state;
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (char)(i % 251);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct buffer_pool pool;
		struct buffer buffer;
		struct str all = { content, rows[i].bytes };
		buffer_pool_init(&pool);
		buffer_init(&buffer, &pool, sizeof(content));
		while (all.len > 0) {
			size_t n = all.len < 1000 ? all.len : 1000;
			assert_int_equal(
			    buffer_append(&buffer, (struct str){ all.at, n }),
			    0);
			all = str_skip(all, n);
		}
		assert_int_equal(pool.lent_bytes, rows[i].lent);
		assert_true(str_eq(buffer_peek(&buffer),
		    (struct str){ content, rows[i].bytes }));
		buffer_consume(&buffer, rows[i].bytes);
		assert_int_equal(pool.lent_bytes, 0);
		buffer_pool_fini(&pool);
	}
}

/* In the piecewise build it keeps nothing, which is under the limit too. */
static const char secret[] = "of-all-these-words-none-is-to-be-left-";

/* Pieces come as malloc left them: only the whole word tells. */
static bool
has_secret(const char *bytes, size_t count)
{
	return memmem(bytes, count, secret, sizeof(secret) - 1) != NULL;
}

/* Of all that was ever in it, nothing is left in the pool's pieces. */
static void
a_secret_is_wiped(void **state)
{
	static char words[128 * (sizeof(secret) - 1)];
	static const size_t rooms[BUFFER_PIECE_CLASSES] = { BUFFER_SMALL_BYTES,
		BUFFER_PIECE_BYTES, 2 * BUFFER_PIECE_BYTES,
		4 * BUFFER_PIECE_BYTES };
	struct buffer_pool pool;
	struct buffer buffer;

	(void)state;
	for (size_t i = 0; i < sizeof(words); i++)
		words[i] = secret[i % (sizeof(secret) - 1)];
	buffer_pool_init(&pool);
	buffer_init(&buffer, &pool, MAX);
	buffer_keep_secret(&buffer);
	for (int i = 0; i < 5; i++) { /* grows, into a second piece */
		assert_int_equal(buffer_append(&buffer,
				     (struct str){ words, sizeof(words) }),
		    0);
		buffer_consume(&buffer, 100);
	}
	assert_true(buffer.room > BUFFER_PIECE_BYTES);
	assert_true(has_secret(buffer.bytes, buffer.at + buffer.len));
	buffer_consume(&buffer, 10000);
	assert_false(has_secret(buffer.bytes, buffer.at));
	buffer_fini(&buffer);
	assert_true(buffer.secret);
	for (size_t class = 0; class < BUFFER_PIECE_CLASSES; class ++)
		for (const char *piece = (const char *)pool.kept[class];
		     piece != NULL; piece = *(char *const *)piece)
			assert_false(has_secret(piece, rooms[class]));
	buffer_pool_fini(&pool);
}

static void
pool_keeps_a_bounded_amount(void **state)
{
	enum {
		BUFFERS = 3000
	};
	static struct buffer buffers[BUFFERS];
	struct buffer_pool pool;

	(void)state;
	buffer_pool_init(&pool);
	for (size_t i = 0; i < BUFFERS; i++) {
		buffer_init(&buffers[i], &pool, MAX);
		assert_int_equal(buffer_append(&buffers[i], STR("x")), 0);
	}
	assert_int_equal(pool.lent_bytes, BUFFERS * BUFFER_SMALL_BYTES);
	for (size_t i = 0; i < BUFFERS; i++)
		buffer_consume(&buffers[i], 1);
	assert_int_equal(pool.lent_bytes, 0);
	assert_true(pool.kept_bytes <= BUFFER_POOL_BYTES_MAX);
	buffer_pool_fini(&pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_a_naive_twin),
		cmocka_unit_test(reserve_gives_room_up_to_the_limit),
		cmocka_unit_test(grows_by_doubling),
		cmocka_unit_test(a_secret_is_wiped),
		cmocka_unit_test(pool_keeps_a_bounded_amount),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
