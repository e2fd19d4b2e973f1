/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/bandwidth: how many bytes of a rule's flows pass in a second.
 *
 * A rate is a whole number and a unit, of bits or of bytes: `10Mbit/s`,
 * `500kB/s`.  k, M and G are powers of 1,000, as networks count.  What is
 * counted is what the flows carry, without the heads of packets.
 *
 * Up is from whoever opened the flow, down is the answer.  A rate holds for
 * all flows of the rule together, or for those of each source.
 */
#ifndef GATEHOUSE_POLICY_BANDWIDTH_H
#define GATEHOUSE_POLICY_BANDWIDTH_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

enum policy_direction {
	POLICY_DIRECTION_UP,
	POLICY_DIRECTION_DOWN,
	POLICY_DIRECTION_COUNT
};

enum policy_scope {
	POLICY_SCOPE_RULE,
	POLICY_SCOPE_SOURCE,
	POLICY_SCOPE_COUNT
};

/* Less than a packet a second is as good as nothing; the kernel's limits take
 * no more than 147 Gbit/s. */
#define POLICY_BANDWIDTH_MIN UINT64_C(1000)
#define POLICY_BANDWIDTH_MAX UINT64_C(12500000000)

/* Bytes per second; 0: no limit. */
struct policy_bandwidth {
	uint64_t rates[POLICY_DIRECTION_COUNT][POLICY_SCOPE_COUNT];
};

/* 0 and bytes per second, or -EINVAL with *reterr_why. */
int policy_bandwidth_parse(
    struct str text, uint64_t *ret, const char **reterr_why);

/* "Mbit/s", "kB/s" */
bool policy_bandwidth_is_unit(struct str word);

/* As short as it is exact: `10Mbit/s`. */
void policy_bandwidth_add(uint64_t bytes_per_second, struct text *out);

/* "up", "down" */
const char *policy_direction_word(enum policy_direction direction);
bool policy_direction_find(struct str word, enum policy_direction *ret);

bool policy_bandwidth_is_limited(const struct policy_bandwidth *bandwidth);
bool policy_bandwidth_same(
    const struct policy_bandwidth *a, const struct policy_bandwidth *b);

#endif
