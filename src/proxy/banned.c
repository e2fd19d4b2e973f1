/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/banned.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#define BUCKETS     4096 /* a power of two; BANS_MAX is 65,536 */
#define LENGTHS_MAX 129

struct prefix {
	struct prefix *next;
	struct address first;
	uint8_t bits;
};

struct banned {
	pthread_rwlock_t *lock; /* of all below; apart, for who only looks */
	struct prefix *buckets[BUCKETS];
	/* Prefixes of each length; of IPv4, then of IPv6. */
	unsigned counts[2][LENGTHS_MAX];
	pthread_rwlock_t own_lock;
};

struct banned *
banned_create(void)
{
	struct banned *banned = calloc(1, sizeof(*banned));

	if (banned == NULL)
		return NULL;
	banned->lock = &banned->own_lock;
	(void)pthread_rwlock_init(banned->lock, NULL);
	return banned;
}

void
banned_destroy(struct banned *banned)
{
	if (banned == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while (banned->buckets[i] != NULL) {
			struct prefix *first = banned->buckets[i];
			banned->buckets[i] = first->next;
			free(first);
		}
	}
	(void)pthread_rwlock_destroy(banned->lock);
	free(banned);
}

static size_t
bucket_of(struct address first, unsigned bits)
{
	struct str bytes = { (const char *)first.bytes, sizeof(first.bytes) };

	return (size_t)(str_hash(bytes, bits * 256 + first.family) % BUCKETS);
}

static unsigned
row_of(struct address address)
{
	return address.family == ADDRESS_IPV6;
}

/* Where it is, or its bucket's end. */
static struct prefix **
find(struct banned *banned, struct address first, unsigned bits)
{
	struct prefix **link = &banned->buckets[bucket_of(first, bits)];

	while (*link != NULL &&
	       ((*link)->bits != bits || !address_eq((*link)->first, first)))
		link = &(*link)->next;
	return link;
}

int
banned_add(struct banned *banned, const struct address_range *range)
{
	int bits = address_range_prefix(range);
	struct prefix *fresh;

	if (bits < 0)
		return -EINVAL;
	fresh = malloc(sizeof(*fresh));
	if (fresh == NULL)
		return -ENOMEM;
	*fresh =
	    (struct prefix){ .first = range->first, .bits = (uint8_t)bits };
	(void)pthread_rwlock_wrlock(banned->lock);
	struct prefix **link = find(banned, range->first, (unsigned)bits);
	if (*link == NULL) {
		banned->counts[row_of(range->first)][bits]++;
		*link = fresh;
		fresh = NULL;
	}
	(void)pthread_rwlock_unlock(banned->lock);
	free(fresh);
	return 0;
}

int
banned_remove(struct banned *banned, const struct address_range *range)
{
	int bits = address_range_prefix(range);

	if (bits < 0)
		return -EINVAL;
	(void)pthread_rwlock_wrlock(banned->lock);
	struct prefix **link = find(banned, range->first, (unsigned)bits);
	struct prefix *gone = *link;
	if (gone != NULL) {
		banned->counts[row_of(range->first)][bits]--;
		*link = gone->next;
	}
	(void)pthread_rwlock_unlock(banned->lock);
	free(gone);
	return 0;
}

static struct address
first_of(struct address address, unsigned bits)
{
	for (unsigned i = 0; i < address_width(address); i++) {
		unsigned kept = bits > i * 8 ? bits - i * 8 : 0;
		if (kept < 8)
			address.bytes[i] &= (uint8_t)(0xff00 >> kept);
	}
	return address;
}

static bool
has_prefix(const struct banned *banned, struct address address, unsigned bits)
{
	struct address first = first_of(address, bits);
	const struct prefix *one = banned->buckets[bucket_of(first, bits)];

	while (one != NULL &&
	       (one->bits != bits || !address_eq(one->first, first)))
		one = one->next;
	return one != NULL;
}

bool
banned_has(const struct banned *banned, struct address address)
{
	const unsigned *counts = banned->counts[row_of(address)];
	bool found = false;

	(void)pthread_rwlock_rdlock(banned->lock);
	for (unsigned bits = 0; !found && bits < LENGTHS_MAX; bits++)
		found = counts[bits] > 0 && has_prefix(banned, address, bits);
	(void)pthread_rwlock_unlock(banned->lock);
	return found;
}
