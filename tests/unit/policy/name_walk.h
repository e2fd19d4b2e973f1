/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random names that meet: few labels, so that parents, children and siblings
 * of each other come often.  xorshift: the same names at every run.
 */
#ifndef GATEHOUSE_TESTS_POLICY_NAME_WALK_H
#define GATEHOUSE_TESTS_POLICY_NAME_WALK_H

#include "policy/domain_name.h"

struct random_name {
	char bytes[DOMAIN_NAME_MAX + 1];
	struct str name;
};

static inline uint32_t
random_next(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x;
}

static inline void
random_name(uint32_t *x, struct random_name *ret)
{
	static const char *const labels[] = { "a", "b", "ab", "ba",
		"a-label-of-eight-and-more", "eight888", "seven77", "xn--a" };
	unsigned count = 1 + random_next(x) % 4;
	size_t len = 0;

	while (count-- > 0) {
		const char *label = labels[random_next(x) % 8];
		memcpy(ret->bytes + len, label, strlen(label));
		len += strlen(label);
		ret->bytes[len++] = '.';
	}
	ret->bytes[--len] = '\0';
	ret->name = (struct str){ ret->bytes, len };
}

/* One entry of a naive set. */
struct naive_name {
	struct random_name name;
	enum domain_cover cover;
	bool except;
};

static inline bool
naive_speaks_of(const struct naive_name *entry, struct str name)
{
	struct str own = entry->name.name;

	if (str_eq(own, name))
		return (entry->cover & DOMAIN_ITSELF) != 0;
	return (entry->cover & DOMAIN_UNDER) != 0 && name.len > own.len &&
	       str_ends(name, own) && name.at[name.len - own.len - 1] == '.';
}

/* The longest that speaks of the name decides, and then the exception. */
static inline bool
naive_covers(const struct naive_name *list, size_t count, struct str name)
{
	size_t longest = 0;
	bool covered = false;

	for (size_t i = 0; i < count; i++) {
		size_t len = list[i].name.name.len;
		if (!naive_speaks_of(&list[i], name) || len < longest)
			continue;
		covered = len > longest ? !list[i].except
					: covered && !list[i].except;
		longest = len;
	}
	return covered;
}

#endif
