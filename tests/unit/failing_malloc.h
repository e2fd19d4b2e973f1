/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory runs out: the n-th allocation fails, for n = 1, 2, ... until all goes
 * well.
 *
 * The program that includes this puts its own allocator before the C
 * library's, which other libraries use as well.  Sanitizers do the same, so
 * under them it has nothing to do: SANITIZED, and a main that skips.
 */
#ifndef GATEHOUSE_TESTS_UNIT_FAILING_MALLOC_H
#define GATEHOUSE_TESTS_UNIT_FAILING_MALLOC_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifdef SANITIZED

static void
a_sanitizer_has_the_allocator(void **state)
{
	(void)state;
	skip();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sanitizer_has_the_allocator),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static long until_failure = -1; /* negative: none fails */
static long live;               /* pieces */

/* The C library's own, by the names it gives them for this. */
void *libc_malloc(size_t size) __asm__("__libc_malloc");
void *libc_calloc(size_t count, size_t size) __asm__("__libc_calloc");
void *libc_realloc(void *old, size_t size) __asm__("__libc_realloc");
void *libc_memalign(size_t line, size_t size) __asm__("__libc_memalign");
void libc_free(void *piece) __asm__("__libc_free");

static bool
fails_now(void)
{
	return until_failure >= 0 && until_failure-- == 0;
}

static void *
counted(void *piece)
{
	live += piece != NULL;
	return piece;
}

/* The libraries must see these too, though the program hides its names. */
#pragma GCC visibility push(default)
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
void *
malloc(size_t size)
{
	return fails_now() ? NULL : counted(libc_malloc(size));
}

void *
calloc(size_t count, size_t size)
{
	return fails_now() ? NULL : counted(libc_calloc(count, size));
}

void *
realloc(void *old, size_t size)
{
	if (fails_now())
		return NULL;
	return old == NULL ? counted(libc_malloc(size))
			   : libc_realloc(old, size);
}

void *
aligned_alloc(size_t line, size_t size)
{
	return fails_now() ? NULL : counted(libc_memalign(line, size));
}

void
free(void *piece)
{
	live -= piece != NULL;
	libc_free(piece);
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
#pragma GCC visibility pop

#endif
#endif
