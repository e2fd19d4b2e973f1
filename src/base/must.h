/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/must: our own mistakes, and only ours.
 *
 * must(x) states what cannot be false unless Gatehouse itself is wrong; it is
 * kept in release builds.  What a peer or the world can bring about is never a
 * must: that is answered, counted and logged instead.
 */
#ifndef GATEHOUSE_BASE_MUST_H
#define GATEHOUSE_BASE_MUST_H

/* Prints the place and the broken promise on standard error, then aborts. */
_Noreturn void must_fail(const char *file, int line, const char *promise);

#define must(x) ((x) ? (void)0 : must_fail(__FILE__, __LINE__, #x))

#endif
