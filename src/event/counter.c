/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each thread counts for itself, so that no core waits for a line that another
 * one holds; who reads adds them up.  What a thread has counted stays when it
 * ends.
 */
#include "event/counter.h"

#include "event/decision.h"

#include <stdatomic.h>
#include <stdlib.h>

struct counts {
	_Atomic int64_t values[COUNTER_CELLS];
	struct counts *next;
};

/* For threads that found no memory: they share it. */
static struct counts shared;
static struct counts *_Atomic all = &shared; /* newest first */
static _Thread_local struct counts *mine;

static const struct {
	const char *name;
	const char *meaning;
} rows[COUNTER_COUNT] = {
#define ROW(id, name, meaning) [COUNTER_##id] = { #name, meaning },
	COUNTERS(ROW)
#undef ROW
};

static struct counts *
begin_counts(void)
{
	struct counts *counts =
	    aligned_alloc(64, (sizeof(*counts) + 63) / 64 * 64);

	if (counts == NULL)
		return &shared;
	for (unsigned i = 0; i < COUNTER_CELLS; i++)
		atomic_init(&counts->values[i], 0);
	counts->next = atomic_load(&all);
	while (!atomic_compare_exchange_weak(&all, &counts->next, counts))
		;
	return counts;
}

/* Nobody else writes to a thread's own: no locked addition is needed. */
void
counter_add_cell(unsigned cell, int64_t amount)
{
	if (mine == NULL)
		mine = begin_counts();
	_Atomic int64_t *value = &mine->values[cell];
	if (mine == &shared)
		atomic_fetch_add_explicit(value, amount, memory_order_relaxed);
	else
		atomic_store_explicit(value,
		    atomic_load_explicit(value, memory_order_relaxed) + amount,
		    memory_order_relaxed);
}

int64_t
counter_get_cell(unsigned cell)
{
	int64_t sum = 0;

	for (struct counts *counts = atomic_load(&all); counts != NULL;
	     counts = counts->next)
		sum += atomic_load_explicit(
		    &counts->values[cell], memory_order_relaxed);
	return sum;
}

void
counter_add(enum counter counter, int64_t amount)
{
	counter_add_cell((unsigned)counter, amount);
}

int64_t
counter_get(enum counter counter)
{
	return counter_get_cell((unsigned)counter);
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
