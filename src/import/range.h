/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/range: addresses as others write them.
 */
#ifndef GATEHOUSE_IMPORT_RANGE_H
#define GATEHOUSE_IMPORT_RANGE_H

#include "base/address.h"

/*
 * An address, a range, a prefix; a prefix may have a mask for its length, and
 * bits behind it, which count for nothing.
 */
bool import_range_parse(struct str text, struct address_range *ret);

/* The address with so many of its last bits set, or cleared. */
struct address import_address_fill(
    struct address address, unsigned bits, bool ones);

#endif
