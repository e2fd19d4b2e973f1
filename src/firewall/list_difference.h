/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/list_difference: what a list of addresses has lost and gained.
 *
 * Of two frozen sets, in one family, as whole ranges: the one that a list was
 * and the one that it is.  It is counted up to a limit only, for a list that
 * has changed much is loaded anew.  Pure.
 */
#ifndef GATEHOUSE_FIREWALL_LIST_DIFFERENCE_H
#define GATEHOUSE_FIREWALL_LIST_DIFFERENCE_H

#include "policy/address_set.h"

struct list_ranges {
	struct address_range *items;
	size_t count, room;
};

struct list_difference {
	struct list_ranges lost;
	struct list_ranges gained;
};

#define LIST_DIFFERENCE_NONE ((struct list_difference){ 0 })

void list_difference_fini(struct list_difference *difference);

/*
 * Writes the difference to *ret, which was empty.  0; -E2BIG if there are more
 * than `ranges_max` lost and gained together; -ENOMEM.
 */
int list_difference_find(const struct address_set *was,
    const struct address_set *is, uint8_t family, size_t ranges_max,
    struct list_difference *ret);

#endif
