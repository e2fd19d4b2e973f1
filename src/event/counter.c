/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "event/counter.h"

#include <stdatomic.h>

static _Atomic int64_t values[COUNTER_COUNT];

static const struct {
	const char *name;
	const char *meaning;
} rows[COUNTER_COUNT] = {
#define ROW(id, name, meaning) [COUNTER_##id] = { #name, meaning },
	COUNTERS(ROW)
#undef ROW
};

void
counter_add(enum counter counter, int64_t amount)
{
	atomic_fetch_add_explicit(
	    &values[counter], amount, memory_order_relaxed);
}

int64_t
counter_get(enum counter counter)
{
	return atomic_load_explicit(&values[counter], memory_order_relaxed);
}

const char *
counter_name(enum counter counter)
{
	return rows[counter].name;
}

const char *
counter_meaning(enum counter counter)
{
	return rows[counter].meaning;
}
