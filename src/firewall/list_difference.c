/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/list_difference.h"

#include <errno.h>
#include <stdlib.h>

#include "base/vec.h"

void
list_difference_fini(struct list_difference *difference)
{
	free(difference->lost.items);
	free(difference->gained.items);
	*difference = LIST_DIFFERENCE_NONE;
}

static int
cmp_words(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int
cmp4(const struct range4 *a, const struct range4 *b)
{
	int order = cmp_words(a->first, b->first);

	return order != 0 ? order : cmp_words(a->last, b->last);
}

static int
cmp6(const struct range6 *a, const struct range6 *b)
{
	int order = cmp_words(a->first[0], b->first[0]);

	if (order == 0)
		order = cmp_words(a->first[1], b->first[1]);
	if (order == 0)
		order = cmp_words(a->last[0], b->last[0]);
	return order != 0 ? order : cmp_words(a->last[1], b->last[1]);
}

static size_t
count_of(const struct address_set *set, uint8_t family)
{
	return family == ADDRESS_IPV4 ? set->v4.count : set->v6.count;
}

/* Where the walk through both is. */
struct walk {
	const struct address_set *was, *is;
	uint8_t family;
	size_t lost, gained; /* the next one of each */
};

/* The order of the two next ranges; one that has none is behind all. */
static int
cmp_next(const struct walk *walk)
{
	if (walk->lost == count_of(walk->was, walk->family))
		return 1;
	if (walk->gained == count_of(walk->is, walk->family))
		return -1;
	if (walk->family == ADDRESS_IPV4)
		return cmp4(&walk->was->v4.items[walk->lost],
		    &walk->is->v4.items[walk->gained]);
	return cmp6(&walk->was->v6.items[walk->lost],
	    &walk->is->v6.items[walk->gained]);
}

static int
take(struct list_ranges *ranges, const struct address_set *set, uint8_t family,
    size_t *at)
{
	size_t before = family == ADDRESS_IPV4 ? 0 : set->v4.count;

	return VEC_ADD(ranges, address_set_range(set, before + (*at)++));
}

static bool
is_over(const struct walk *walk)
{
	return walk->lost == count_of(walk->was, walk->family) &&
	       walk->gained == count_of(walk->is, walk->family);
}

static int
step(struct walk *walk, struct list_difference *ret)
{
	int order = cmp_next(walk);

	if (order < 0)
		return take(&ret->lost, walk->was, walk->family, &walk->lost);
	if (order > 0)
		return take(
		    &ret->gained, walk->is, walk->family, &walk->gained);
	walk->lost++;
	walk->gained++;
	return 0;
}

int
list_difference_find(const struct address_set *was,
    const struct address_set *is, uint8_t family, size_t ranges_max,
    struct list_difference *ret)
{
	struct walk walk = { .was = was, .is = is, .family = family };
	int rc = 0;

	while (rc == 0 && !is_over(&walk)) {
		rc = step(&walk, ret);
		if (rc == 0 && ret->lost.count + ret->gained.count > ranges_max)
			rc = -E2BIG;
	}
	if (rc < 0)
		list_difference_fini(ret);
	return rc;
}
