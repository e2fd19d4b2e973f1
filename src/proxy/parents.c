/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/parents.h"

#include "event/counter.h"
#include "proxy/limits.h"

#include <stdatomic.h>
#include <stdlib.h>

struct parents {
	unsigned refs;                /* atomic */
	_Atomic int64_t down_until[]; /* clock_now; 0: it is up */
};

struct parents *
parents_create(const struct policy *policy)
{
	size_t count = policy->parent_server_count;
	struct parents *parents = calloc(
	    1, sizeof(*parents) + count * sizeof(parents->down_until[0]));

	if (parents != NULL)
		parents->refs = 1;
	return parents;
}

struct parents *
parents_ref(struct parents *parents)
{
	(void)__atomic_add_fetch(&parents->refs, 1, __ATOMIC_RELAXED);
	return parents;
}

void
parents_unref(struct parents *parents)
{
	if (parents != NULL &&
	    __atomic_sub_fetch(&parents->refs, 1, __ATOMIC_ACQ_REL) == 0)
		free(parents);
}

/* A server may be one of several parents; what is down is down for all. */
static bool
find(const struct policy *policy, struct str text, size_t *ret)
{
	for (size_t i = 0; i < policy->parent_count; i++) {
		const struct policy_parent *parent = &policy->parents[i];
		for (size_t j = 0; j < parent->server_count; j++) {
			if (!str_eq(parent->servers[j].text, text))
				continue;
			*ret = parent->servers[j].nth;
			return true;
		}
	}
	return false;
}

void
parents_follow(struct parents *parents, const struct policy *policy,
    const struct parents *before, const struct policy *policy_before)
{
	size_t nth;

	for (size_t i = 0; i < policy->parent_count; i++) {
		const struct policy_parent *parent = &policy->parents[i];
		for (size_t j = 0; j < parent->server_count; j++)
			if (find(policy_before, parent->servers[j].text, &nth))
				parents->down_until[parent->servers[j].nth] =
				    before->down_until[nth];
	}
}

bool
parents_is_down(const struct parents *parents, size_t nth, int64_t now)
{
	return now < atomic_load_explicit(
			 &parents->down_until[nth], memory_order_relaxed);
}

void
parents_note_down(struct parents *parents, size_t nth, int64_t now)
{
	counter_add(COUNTER_PARENTS_DOWN, 1);
	atomic_store_explicit(&parents->down_until[nth],
	    now + PROXY_PARENT_BACKOFF, memory_order_relaxed);
}

void
parents_note_up(struct parents *parents, size_t nth)
{
	/* Read first: a line that all workers write is slow for all. */
	if (atomic_load_explicit(
		&parents->down_until[nth], memory_order_relaxed) != 0)
		atomic_store_explicit(
		    &parents->down_until[nth], 0, memory_order_relaxed);
}
