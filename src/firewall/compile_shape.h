/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_shape: elements of one shape as one map.
 *
 * All lines of a shape are one look-up under its mask, however many there are:
 *
 *	ip saddr . (ip daddr & 255.255.255.0) . meta l4proto . th dport
 *
 * Ranges of ports stand in a chain for each of what else is asked with them.
 * Of equal elements the first rule's stays, of overlapping ranges each keeps
 * what the rules before it left.
 */
#ifndef GATEHOUSE_FIREWALL_COMPILE_SHAPE_H
#define GATEHOUSE_FIREWALL_COMPILE_SHAPE_H

#include "firewall/compile_element.h"

/*
 * The look-up of sorted elements of one shape.  `is_alone`: nothing that was
 * looked up before can have found a number for what this one finds.
 */
void compile_shape_write(struct compiler *compiler,
    const struct element *elements, size_t count, bool is_alone);

#endif
