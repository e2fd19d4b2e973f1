/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/weights: the members of Accept-Encoding or Accept-Language in one order
 * (RFC 9110, 12.4.2), so that lists that mean the same look the same.
 */
#ifndef GATEHOUSE_CACHE_WEIGHTS_H
#define GATEHOUSE_CACHE_WEIGHTS_H

#include "base/str.h"

/* Browsers send five codings and up to a dozen languages. */
#define CACHE_WEIGHTS_MAX 32

struct cache_weight {
	struct str token;   /* lent, in the case in which it came */
	unsigned thousands; /* of its weight, 0 to 1000 */
};

struct cache_weights {
	struct cache_weight items[CACHE_WEIGHTS_MAX];
	size_t count;
};

/*
 * Adds the members of one field line where they belong.  False if one of them
 * is no token with at most a weight, or there are too many.
 */
bool cache_weights_add(struct cache_weights *weights, struct str value);

/* ";q=0.5" and its NUL: the text is in ret; of 1 it is empty. */
#define CACHE_WEIGHT_BYTES 9
struct str cache_weight_text(
    const struct cache_weight *weight, char ret[static CACHE_WEIGHT_BYTES]);

#endif
