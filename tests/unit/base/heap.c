/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was freed is not the process's any more. */
#include "base/heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

/* Who has an allocator of another kind is not meant. */
static void
need_our_allocator(void)
{
#if defined(SANITIZED) || !defined(__GLIBC__)
	skip();
#endif
}

/* Without a piece of the heap for it, which would lie at the end. */
static size_t
resident(void)
{
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	char line[128] = "";
	char *end;

	assert_true(fd >= 0);
	assert_true(read(fd, line, sizeof(line) - 1) > 0);
	(void)close(fd);
	(void)strtoul(line, &end, 10);
	return strtoul(end, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

static char *
filled(size_t bytes)
{
	char *at = malloc(bytes);

	assert_non_null(at);
	return memset(at, 'x', bytes);
}

/* With what is beyond it, so that it does not lie at the end of the heap. */
static void
what_is_big_goes_at_once(void **state)
{
	char *beyond[8];

	(void)state;
	need_our_allocator();
	size_t before = resident();
	for (size_t i = 0; i < 8; i++) {
		free(filled((8 - i) * MIB));
		beyond[i] = filled(1000);
		assert_in_range(resident(), 0, before + MIB);
	}
	for (size_t i = 0; i < 8; i++)
		free(beyond[i]);
}

#define PIECES      200000
#define PIECE_BYTES 200

static void
holes_are_given_back(void **state)
{
	(void)state;
	need_our_allocator();
	char **pieces = calloc(PIECES, sizeof(*pieces));
	assert_non_null(pieces);
	size_t before = resident();
	for (size_t i = 0; i < PIECES; i++)
		pieces[i] = filled(PIECE_BYTES);
	size_t most = resident();
	assert_true(most - before > 32 * MIB);
	for (size_t i = 0; i < PIECES; i++)
		if (i % 1000 != 999) {
			free(pieces[i]);
			pieces[i] = NULL;
		}
	heap_give_back();
	assert_in_range(resident(), 0, before + 6 * MIB);
	for (size_t i = 0; i < PIECES; i++)
		free(pieces[i]);
	free(pieces);
}

/* Also when large pieces came and went before, by which the allocator would
 * keep twice their size. */
static void *
fill_and_empty(void *context)
{
	char **pieces = context;

	free(filled(16 * MIB));
	for (size_t i = 0; i < PIECES; i++)
		pieces[i] = filled(PIECE_BYTES);
	size_t most = resident();
	for (size_t i = 0; i < PIECES; i++)
		free(pieces[i]);
	return resident() + 32 * MIB < most ? context : NULL;
}

static void
the_end_of_a_threads_heap_is_given_back(void **state)
{
	pthread_t thread;
	void *well;

	(void)state;
	need_our_allocator();
	char **pieces = calloc(PIECES, sizeof(*pieces));
	assert_non_null(pieces);
	assert_int_equal(
	    pthread_create(&thread, NULL, fill_and_empty, pieces), 0);
	assert_int_equal(pthread_join(thread, &well), 0);
	assert_non_null(well);
	free(pieces);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_big_goes_at_once),
		cmocka_unit_test(holes_are_given_back),
		cmocka_unit_test(the_end_of_a_threads_heap_is_given_back),
	};

	heap_begin(2, HEAP_LARGE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
