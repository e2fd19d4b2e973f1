/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/aliases.h"

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "policy/sandbox.h"
#include "proxy/limits.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

struct alias_name {
	struct str text; /* in the arena */
	size_t index;
};

struct aliases {
	pthread_mutex_t lock;
	struct arena arena;
	struct map names;
	struct alias_name **items;
	size_t count, room;
};

struct aliases *
aliases_create(void)
{
	struct aliases *aliases = calloc(1, sizeof(*aliases));
	uint64_t seed = 0;

	if (aliases == NULL)
		return NULL;
	(void)pthread_mutex_init(&aliases->lock, NULL);
	arena_init(&aliases->arena, PROXY_ALIASES_BYTES_MAX);
	/* Whoever chooses names is not to choose where they lie. */
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) < 0)
		seed = (uint64_t)(uintptr_t)aliases;
	map_init(&aliases->names, seed);
	return aliases;
}

void
aliases_destroy(struct aliases *aliases)
{
	if (aliases == NULL)
		return;
	map_fini(&aliases->names);
	free(aliases->items);
	arena_fini(&aliases->arena);
	(void)pthread_mutex_destroy(&aliases->lock);
	free(aliases);
}

/* ---- addresses ---- */

static uint32_t
low_number(struct address address)
{
	const uint8_t *low = address.bytes + address_width(address) - 4;

	return (uint32_t)low[0] << 24 | (uint32_t)low[1] << 16 |
	       (uint32_t)low[2] << 8 | low[3];
}

static struct address
plus(struct address address, size_t index)
{
	uint32_t number = low_number(address) + (uint32_t)index;
	uint8_t *low = address.bytes + address_width(address) - 4;

	low[0] = (uint8_t)(number >> 24);
	low[1] = (uint8_t)(number >> 16);
	low[2] = (uint8_t)(number >> 8);
	low[3] = (uint8_t)number;
	return address;
}

static struct address
first_of(enum address_family family)
{
	struct address first = { .family = ADDRESS_NONE };

	(void)address_parse(family == ADDRESS_IPV6 ? STR(SANDBOX_ALIASES6)
						   : STR(SANDBOX_ALIASES4),
	    &first);
	return first;
}

struct address
alias_client(enum address_family family)
{
	struct address client = { .family = ADDRESS_NONE };

	(void)address_parse(family == ADDRESS_IPV6 ? STR(SANDBOX_SOURCE6)
						   : STR(SANDBOX_SOURCE4),
	    &client);
	return client;
}

/* How many behind the first; PROXY_ALIASES_MAX: it is none. */
static size_t
index_of(struct address address)
{
	struct address first = first_of((enum address_family)address.family);
	size_t high = address_width(address) - 4;

	if (address.family == ADDRESS_NONE ||
	    memcmp(address.bytes, first.bytes, high) != 0 ||
	    low_number(address) < low_number(first))
		return PROXY_ALIASES_MAX;
	size_t index = low_number(address) - low_number(first);
	return index < PROXY_ALIASES_MAX ? index : PROXY_ALIASES_MAX;
}

bool
alias_is(struct address address)
{
	return index_of(address) < PROXY_ALIASES_MAX;
}

/* ---- names ---- */

static struct alias_name *
add(struct aliases *aliases, struct str text)
{
	struct alias_name *name = arena_new(&aliases->arena, struct alias_name);

	if (name == NULL)
		return NULL;
	name->text = arena_str(&aliases->arena, text);
	name->index = aliases->count;
	if (aliases->arena.full || VEC_ADD(aliases, name) < 0)
		return NULL;
	/* Known by its address and not by its name: it is given another. */
	if (map_put(&aliases->names, name->text, name) < 0)
		return NULL;
	return name;
}

int
aliases_give(struct aliases *aliases, struct str name, struct alias *ret)
{
	int rc = 0;

	(void)pthread_mutex_lock(&aliases->lock);
	struct alias_name *found = map_get(&aliases->names, name);
	if (found == NULL && aliases->count == PROXY_ALIASES_MAX)
		rc = -ENOSPC;
	else if (found == NULL)
		found = add(aliases, name);
	if (rc == 0 && found == NULL)
		rc = -ENOMEM;
	if (rc == 0) {
		ret->four = plus(first_of(ADDRESS_IPV4), found->index);
		ret->six = plus(first_of(ADDRESS_IPV6), found->index);
	}
	(void)pthread_mutex_unlock(&aliases->lock);
	return rc;
}

struct str
aliases_name(struct aliases *aliases, struct address address)
{
	size_t index = index_of(address);
	struct str name = { NULL, 0 };

	(void)pthread_mutex_lock(&aliases->lock);
	if (index < aliases->count)
		name = aliases->items[index]->text;
	(void)pthread_mutex_unlock(&aliases->lock);
	return name;
}
