/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/kernel_counters.h"

#include "firewall/counters.h"

/* A hundred thousand rules have ten million bytes of counters. */
#define BYTES_MAX ((size_t)64 << 20)

static struct kernel_counter *
add_counter(struct kernel_counters *counters, struct str name)
{
	struct kernel_counter *one =
	    arena_new(&counters->arena, struct kernel_counter);

	if (one == NULL)
		return NULL;
	*one = (struct kernel_counter){ .name =
					    arena_str(&counters->arena, name) };
	if (one->name.at == NULL ||
	    map_put(&counters->by_name, one->name, one) < 0)
		return NULL;
	*counters->end = one;
	counters->end = &one->next;
	return one;
}

/* Of leftovers and what is in force, the kernel tells the younger one last. */
static void
keep_counter(void *context, struct str name, uint64_t packets, uint64_t bytes)
{
	struct kernel_counters *counters = context;
	struct kernel_counter *one = map_get(&counters->by_name, name);

	if (one == NULL)
		one = add_counter(counters, name);
	if (one == NULL)
		return;
	one->packets = packets;
	one->bytes = bytes;
}

void
kernel_counters_read(struct kernel_counters *ret)
{
	*ret = (struct kernel_counters){ .all = NULL };
	arena_init(&ret->arena, BYTES_MAX);
	map_init(&ret->by_name, 0);
	ret->end = &ret->all;
	(void)counters_read(keep_counter, ret);
}

void
kernel_counters_fini(struct kernel_counters *counters)
{
	map_fini(&counters->by_name);
	arena_fini(&counters->arena);
}

const struct kernel_counter *
kernel_counters_find(const struct kernel_counters *counters, const char *name)
{
	return map_get(&counters->by_name, str_of(name));
}
