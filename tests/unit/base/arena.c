/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/arena: pieces, limits, arithmetic that must not wrap, mark and rewind.
 *
 * Nothing here depends on how large a chunk is, so that the same tests say
 * the same with -Dpiecewise=true.
 */
#include "base/arena.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>

#include <cmocka.h>

#if defined(GATEHOUSE_ARENA_PIECEWISE) && defined(__SANITIZE_ADDRESS__)
#define PIECEWISE_ASAN 1
#elif defined(GATEHOUSE_ARENA_PIECEWISE) && defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PIECEWISE_ASAN 1
#endif
#endif
#ifdef PIECEWISE_ASAN
#include <sanitizer/asan_interface.h>
#endif

#define LIMIT ((size_t)1 << 20)

static bool
is_zero(const void *piece, size_t size)
{
	const unsigned char *bytes = piece;

	for (size_t i = 0; i < size; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

static bool
is_aligned(const void *piece)
{
	return (uintptr_t)piece % alignof(max_align_t) == 0;
}

/* What piecewise mode is for: one byte too far is seen, whatever the size. */
static void
overruns_are_seen(void **state)
{
	(void)state;
#ifdef PIECEWISE_ASAN
	for (size_t size = 1; size < 40; size++) {
		struct arena arena;
		arena_init(&arena, LIMIT);
		char *piece = arena_alloc(&arena, size);
		assert_non_null(arena_alloc(&arena, 1));
		assert_false(__asan_address_is_poisoned(piece + size - 1));
		assert_true(__asan_address_is_poisoned(piece + size));
		arena_fini(&arena);
	}
#else
	skip();
#endif
}

/* Sizes around the chunk and far over it; all stay apart, aligned, zeroed. */
static void
pieces(void **state)
{
	static const size_t sizes[] = { 1, 15, 16, 17, 100, 4000, 4095, 4096,
		4097, 100000, 1, 3 };
	enum {
		COUNT = sizeof(sizes) / sizeof(sizes[0])
	};
	unsigned char *at[COUNT];
	struct arena arena;

	(void)state;
	arena_init(&arena, LIMIT);
	for (size_t i = 0; i < COUNT; i++) {
		at[i] = arena_alloc(&arena, sizes[i]);
		assert_non_null(at[i]);
		assert_true(is_aligned(at[i]));
		assert_true(is_zero(at[i], sizes[i]));
		memset(at[i], (int)i + 1, sizes[i]);
	}
	for (size_t i = 0; i < COUNT; i++)
		for (size_t j = 0; j < sizes[i]; j++)
			assert_int_equal(at[i][j], i + 1);
	assert_false(arena.full);
	arena_fini(&arena);
}

static void
nothing_is_something(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, LIMIT);
	char *a = arena_alloc(&arena, 0), *b = arena_alloc(&arena, 0);
	assert_non_null(a);
	assert_non_null(b);
	assert_ptr_not_equal(a, b);
	assert_non_null(arena_array(&arena, 0, 8));
	assert_non_null(arena_array(&arena, 8, 0));
	arena_fini(&arena);
}

static void
limit(void **state)
{
	struct arena arena;
	size_t count = 0;

	(void)state;
	arena_init(&arena, 1024);
	assert_null(arena_alloc(&arena, 1025));
	assert_true(arena.full);

	/* Full says that something was missed; what fits is still given. */
	while (arena_alloc(&arena, 16) != NULL)
		count++;
	assert_int_equal(count, 1024 / 16);
	assert_int_equal(arena.bytes, 1024);
	assert_null(arena_alloc(&arena, 0));
	assert_true(arena.full);
	arena_fini(&arena);
}

static void
fills_to_the_last_byte(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 4096);
	assert_non_null(arena_alloc(&arena, 4096));
	assert_false(arena.full);
	assert_null(arena_alloc(&arena, 1));
	assert_true(arena.full);
	arena_fini(&arena);
	arena_init(&arena, 0);
	assert_null(arena_alloc(&arena, 0));
	assert_true(arena.full);
	arena_fini(&arena);
}

static void
arithmetic(void **state)
{
	static const struct {
		size_t count, size;
	} rows[] = {
		{ SIZE_MAX, 1 },
		{ 1, SIZE_MAX },
		{ SIZE_MAX, SIZE_MAX },
		{ SIZE_MAX / 2 + 1, 2 }, /* 0 if it wrapped */
		{ SIZE_MAX / 8 + 2, 8 }, /* 8 if it wrapped */
		{ (size_t)1 << 32, (size_t)1 << 32 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena arena;
		arena_init(&arena, LIMIT);
		assert_null(arena_array(&arena, rows[i].count, rows[i].size));
		assert_true(arena.full);
		assert_int_equal(arena.bytes, 0);
		arena_fini(&arena);
	}
}

/* A limit that is none: the room for alignment must not wrap to a small one. */
static void
arithmetic_without_a_limit(void **state)
{
	static const size_t sizes[] = { SIZE_MAX, SIZE_MAX - 14, SIZE_MAX - 15,
		SIZE_MAX - 16, SIZE_MAX - 40 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct arena arena;
		arena_init(&arena, SIZE_MAX);
		assert_null(arena_alloc(&arena, sizes[i]));
		assert_true(arena.full);
		assert_int_equal(arena.bytes, 0);
		assert_non_null(arena_alloc(&arena, 16));
		arena_fini(&arena);
	}
}

static void
typed(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, LIMIT);
	struct arena_mark *one = arena_new(&arena, struct arena_mark);
	assert_non_null(one);
	assert_null(one->chunk);
	uint64_t *many = arena_array(&arena, 100, sizeof(*many));
	assert_true(is_zero(many, 100 * sizeof(*many)));
	arena_fini(&arena);
}

static void
copies(void **state)
{
	char text[] = "a\0b";
	struct arena arena;

	(void)state;
	arena_init(&arena, LIMIT);
	struct str copy = arena_str(&arena, (struct str){ text, 3 });
	memset(text, 'x', sizeof(text));
	assert_true(str_eq(copy, STR("a\0b")));
	assert_int_equal(copy.at[copy.len], '\0');
	copy = arena_str(&arena, (struct str){ NULL, 0 });
	assert_string_equal(copy.at, "");
	assert_int_equal(copy.len, 0);
	arena_fini(&arena);

	arena_init(&arena, 16);
	copy = arena_str(&arena, STR("sixteen bytes ok"));
	assert_null(copy.at);
	assert_int_equal(copy.len, 0);
	assert_true(arena.full);
	arena_fini(&arena);
}

static void
rewind_gives_back(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, LIMIT);
	char *kept = arena_alloc(&arena, 10);
	memcpy(kept, "kept", 5);
	struct arena_mark mark = arena_mark(&arena);
	size_t before = arena.bytes;
	for (unsigned round = 0; round < 3; round++) {
		/* Over several chunks, and dirty each time. */
		for (unsigned i = 0; i < 200; i++) {
			char *piece = arena_alloc(&arena, 100);
			assert_true(is_zero(piece, 100));
			memset(piece, 'x', 100);
		}
		arena_rewind(&arena, mark);
		assert_int_equal(arena.bytes, before);
		assert_string_equal(kept, "kept");
	}
	arena_fini(&arena);
}

static void
rewind_to_nothing(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, LIMIT);
	struct arena_mark mark = arena_mark(&arena);
	assert_non_null(arena_alloc(&arena, 5000));
	arena_rewind(&arena, mark);
	assert_int_equal(arena.bytes, 0);
	assert_null(arena.chunks);
	arena_rewind(&arena, mark);
	assert_non_null(arena_alloc(&arena, LIMIT));
	arena_fini(&arena);
}

static void
rewind_within_rewind(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, LIMIT);
	char *a = arena_alloc(&arena, 16);
	struct arena_mark outer = arena_mark(&arena);
	char *b = arena_alloc(&arena, 16);
	memset(b, 'b', 16);
	struct arena_mark inner = arena_mark(&arena);
	assert_non_null(arena_alloc(&arena, 10000));
	arena_rewind(&arena, inner);
	assert_int_equal(b[15], 'b');
	arena_rewind(&arena, outer);
	memset(a, 'a', 16);
	b = arena_alloc(&arena, 16);
	assert_true(is_zero(b, 16));
	arena_fini(&arena);
}

static void
full_outlives_rewind(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 64);
	struct arena_mark mark = arena_mark(&arena);
	assert_null(arena_alloc(&arena, 65));
	arena_rewind(&arena, mark);
	assert_true(arena.full);
	arena_fini(&arena);
	arena_fini(&arena);
}

/* What waits is wiped, and lent to one arena at a time. */
static void
spare(void **state)
{
	struct arena_spare spare = { NULL, 0 };
	struct arena first, second;

	(void)state;
	arena_init(&first, LIMIT);
	arena_init(&second, LIMIT);
	first.spare = second.spare = &spare;
	for (int round = 0; round < 3; round++) {
		char *a = arena_alloc(&first, 100);
		char *b = arena_alloc(&second, 100);
		assert_true(a != b && is_zero(a, 100) && is_zero(b, 100));
		memset(a, 'a', 100);
		memset(b, 'b', 100);
		assert_non_null(arena_alloc(&first, 100000));
		arena_fini(&second);
		arena_fini(&first);
	}
	arena_spare_fini(&spare);
	assert_null(spare.chunks);
	assert_int_equal(spare.count, 0);
	arena_spare_fini(&spare);
}

/* The next owner has what there is; the first has all that was wished for it,
 * above all that it is wiped. */
static void
all_is_taken(void **state)
{
	struct arena_spare spare = { 0 };
	struct arena arena, taken;

	(void)state;
	arena_init(&arena, 64);
	arena.spare = &spare;
	arena.secret = true;
	struct str text = arena_str(&arena, STR("secret"));
	assert_null(arena_alloc(&arena, 65));
	taken = arena_take(&arena);
	assert_true(taken.secret && taken.full && taken.chunks != NULL);
	assert_null(arena.chunks);
	assert_true(arena.secret && !arena.full && arena.bytes == 0);
	assert_ptr_equal(arena.spare, &spare);
	assert_non_null(arena_alloc(&arena, 64));
	arena_fini(&arena);
	assert_true(str_is(text, "secret"));
	arena_fini(&taken);
	arena_spare_fini(&spare);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overruns_are_seen),
		cmocka_unit_test(pieces),
		cmocka_unit_test(nothing_is_something),
		cmocka_unit_test(limit),
		cmocka_unit_test(fills_to_the_last_byte),
		cmocka_unit_test(arithmetic),
		cmocka_unit_test(arithmetic_without_a_limit),
		cmocka_unit_test(typed),
		cmocka_unit_test(copies),
		cmocka_unit_test(rewind_gives_back),
		cmocka_unit_test(rewind_to_nothing),
		cmocka_unit_test(rewind_within_rewind),
		cmocka_unit_test(full_outlives_rewind),
		cmocka_unit_test(spare),
		cmocka_unit_test(all_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
