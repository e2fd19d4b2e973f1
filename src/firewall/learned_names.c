/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/learned_names.h"

#include "base/vec.h"
#include "policy/learning.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

/* As many as there can be addresses: each is looked for in one step. */
#define BUCKETS ((size_t)FIREWALL_LEARNED_MAX)

static void
free_address(struct learned_address *address)
{
	for (size_t i = 0; i < address->names.count; i++)
		free((char *)(uintptr_t)address->names.items[i].name.at);
	free(address->names.items);
	free(address->marks.items);
	free(address->next_marks.items);
	free(address);
}

void
learned_names_fini(struct learned_names *names)
{
	for (size_t i = 0; names->buckets != NULL && i < BUCKETS; i++) {
		struct learned_address *next;
		for (struct learned_address *at = names->buckets[i]; at != NULL;
		     at = next) {
			next = at->next;
			free_address(at);
		}
	}
	free(names->buckets);
	*names = LEARNED_NAMES_EMPTY;
}

static struct learned_address **
bucket_of(
    const struct learned_names *names, struct str zone, struct address address)
{
	const struct str bytes = { (const char *)address.bytes,
		sizeof(address.bytes) };
	uint64_t hash = str_hash(zone, names->seed) + address.family;

	return &names->buckets[str_hash(bytes, hash) % BUCKETS];
}

struct learned_address *
learned_names_find(
    const struct learned_names *names, struct str zone, struct address address)
{
	if (names->buckets == NULL)
		return NULL;
	struct learned_address *at = *bucket_of(names, zone, address);
	while (at != NULL &&
	       (!address_eq(at->address, address) || !str_is(zone, at->zone)))
		at = at->next;
	return at;
}

static int
open_buckets(struct learned_names *names)
{
	if (names->buckets != NULL)
		return 0;
	/* Whoever is answered chooses addresses: let him not choose buckets. */
	if (getrandom(&names->seed, sizeof(names->seed), 0) < 0)
		names->seed = (uint64_t)clock_now();
	names->buckets = calloc(BUCKETS, sizeof(*names->buckets));
	return names->buckets != NULL ? 0 : -ENOMEM;
}

struct learned_address *
learned_names_address(
    struct learned_names *names, struct str zone, struct address address)
{
	struct learned_address *found =
	    learned_names_find(names, zone, address);

	if (found != NULL || open_buckets(names) < 0 ||
	    zone.len > POLICY_ZONE_NAME_MAX)
		return found;
	found = calloc(1, sizeof(*found));
	if (found == NULL)
		return NULL;
	struct learned_address **bucket = bucket_of(names, zone, address);
	memcpy(found->zone, zone.at, zone.len);
	found->address = address;
	found->next = *bucket;
	*bucket = found;
	names->addresses++;
	return found;
}

/* Of an address with as many as there may be. */
static void
replace_first(struct learned_names *names, struct learned_address *address)
{
	struct learned_name *first = &address->names.items[0];

	for (size_t i = 1; i < address->names.count; i++)
		if (address->names.items[i].ends < first->ends)
			first = &address->names.items[i];
	names->forgotten += first->ends > clock_now();
	names->count--;
	free((char *)(uintptr_t)first->name.at);
	*first = address->names.items[--address->names.count];
}

int
learned_names_put(struct learned_names *names, struct learned_address *address,
    struct str name, int64_t ends)
{
	for (size_t i = 0; i < address->names.count; i++) {
		struct learned_name *one = &address->names.items[i];
		if (!str_eq(one->name, name))
			continue;
		if (one->ends + LEARNED_NAMES_SLACK >= ends)
			return 0;
		one->ends = ends;
		return 1;
	}
	if (address->names.count == LEARNED_NAMES_AT_ADDRESS)
		replace_first(names, address);
	char *copy = strndup(name.at, name.len);
	if (copy == NULL ||
	    VEC_ADD(&address->names,
		(struct learned_name){ { copy, name.len }, ends }) < 0) {
		free(copy);
		return -ENOMEM;
	}
	names->count++;
	return 1;
}

struct str
learned_address_name(const struct learned_address *address)
{
	const struct learned_name *last = NULL;

	for (size_t i = 0; i < address->names.count; i++)
		if (last == NULL || last->ends < address->names.items[i].ends)
			last = &address->names.items[i];
	return last != NULL ? last->name : (struct str){ NULL, 0 };
}

void
learned_names_each(
    const struct learned_names *names, learned_address_fn each, void *context)
{
	for (size_t i = 0; names->buckets != NULL && i < BUCKETS; i++)
		for (struct learned_address *at = names->buckets[i]; at != NULL;
		     at = at->next)
			each(context, at);
}

bool
learned_names_some(const struct learned_names *names, size_t *at,
    learned_address_fn each, void *context)
{
	size_t end = *at + BUCKETS / 32;

	for (; names->buckets != NULL && *at < end && *at < BUCKETS; ++*at)
		for (struct learned_address *one = names->buckets[*at];
		     one != NULL; one = one->next)
			each(context, one);
	return names->buckets != NULL && *at < BUCKETS;
}

/* ---- room ---- */

struct times {
	int64_t *items;
	size_t count;
};

static void
add_times(void *context, struct learned_address *address)
{
	struct times *times = context;

	for (size_t i = 0; i < address->names.count; i++)
		times->items[times->count++] = address->names.items[i].ends;
}

static int
by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The end of the last name that goes; 0: there is no memory to tell. */
static int64_t
find_last(const struct learned_names *names)
{
	struct times times = { calloc(names->count + 1, sizeof(*times.items)),
		0 };

	if (times.items == NULL)
		return 0;
	learned_names_each(names, add_times, &times);
	qsort(times.items, times.count, sizeof(*times.items), by_time);
	int64_t last = times.count > LEARNED_NAMES_GO
			   ? times.items[LEARNED_NAMES_GO - 1]
			   : INT64_MAX;
	free(times.items);
	return last;
}

/* Whether it lost one. */
static bool
drop_names(struct learned_names *names, struct learned_address *address,
    int64_t last, int64_t now)
{
	size_t kept = 0;

	for (size_t i = 0; i < address->names.count; i++) {
		struct learned_name *one = &address->names.items[i];
		if (one->ends > last) {
			address->names.items[kept++] = *one;
			continue;
		}
		names->forgotten += one->ends > now;
		names->count--;
		free((char *)(uintptr_t)one->name.at);
	}
	bool lost = kept < address->names.count;
	address->names.count = kept;
	return lost;
}

int
learned_names_make_room(
    struct learned_names *names, learned_address_fn each, void *context)
{
	int64_t last = find_last(names), now = clock_now();

	if (last == 0)
		return -ENOMEM;
	for (size_t i = 0; names->buckets != NULL && i < BUCKETS; i++) {
		struct learned_address **link = &names->buckets[i];
		while (*link != NULL) {
			struct learned_address *at = *link;
			if (drop_names(names, at, last, now))
				each(context, at);
			if (at->names.count > 0) {
				link = &at->next;
				continue;
			}
			*link = at->next;
			names->addresses--;
			free_address(at);
		}
	}
	return 0;
}

/* ---- what the kernel has ---- */

int64_t
learned_mark_ends(const struct learned_address *address, uint32_t asked)
{
	for (size_t i = 0; i < address->marks.count; i++)
		if (address->marks.items[i].asked == asked)
			return address->marks.items[i].ends;
	return 0;
}

int
learned_mark_set(struct learned_address *address, uint32_t asked, int64_t ends)
{
	for (size_t i = 0; i < address->marks.count; i++) {
		if (address->marks.items[i].asked != asked)
			continue;
		address->marks.items[i].ends = ends;
		return 0;
	}
	return VEC_ADD(&address->marks, (struct learned_mark){ asked, ends });
}

int
learned_mark_plan(struct learned_address *address, uint32_t asked, int64_t ends)
{
	return VEC_ADD(
	    &address->next_marks, (struct learned_mark){ asked, ends });
}

static void
forget_marks(void *context, struct learned_address *address)
{
	(void)context;
	free(address->next_marks.items);
	address->next_marks = (struct learned_marks){ 0 };
}

static void
adopt_marks(void *context, struct learned_address *address)
{
	(void)context;
	free(address->marks.items);
	address->marks = address->next_marks;
	address->next_marks = (struct learned_marks){ 0 };
}

void
learned_names_forget_marks(struct learned_names *names)
{
	learned_names_each(names, forget_marks, NULL);
}

void
learned_names_adopt_marks(struct learned_names *names)
{
	learned_names_each(names, adopt_marks, NULL);
}

int64_t
learned_address_covered(
    const struct learned_address *address, const struct policy_asked *asked)
{
	int64_t ends = 0;

	for (size_t i = 0; i < address->names.count; i++) {
		const struct learned_name *one = &address->names.items[i];
		if (one->ends > ends && policy_asked_covers(asked, one->name))
			ends = one->ends;
	}
	return ends;
}
