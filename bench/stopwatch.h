/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench/stopwatch: CPU time of this thread, in nanoseconds, and what is taken
 * of several rounds.
 */
#ifndef GATEHOUSE_BENCH_STOPWATCH_H
#define GATEHOUSE_BENCH_STOPWATCH_H

#include <stddef.h>
#include <stdint.h>

struct policy;

int64_t cpu_now(void);

/* Sorts them; the one in the middle. */
int64_t median(int64_t *times, size_t count);

/* The policy in a file, for policy_unref; ends the program if it is refused. */
struct policy *load_policy(const char *path);

#endif
