/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_branch: from an address to a chain, in one look-up.
 *
 * What a chain would ask of one address after the other, each time with a set
 * of its own, is one map of ranges, or as many lines where it has few.  Where
 * ranges overlap, those that were added first win.
 *
 * Such a map has no name, and holds nothing for an instant after a rule that
 * was made with it holds: it belongs into chains that no hook calls
 * (firewall/split).
 */
#ifndef GATEHOUSE_FIREWALL_COMPILE_BRANCH_H
#define GATEHOUSE_FIREWALL_COMPILE_BRANCH_H

#include "firewall/compile_impl.h"
#include "firewall/compile_span.h"

struct branch {
	struct compiler *compiler;
	uint8_t family;
	struct spans spans; /* `rule` is a place in `chains` */
	struct {
		struct str *items; /* in the scratch */
		size_t count, room;
	} chains;
};

/*
 * Up to so many ranges are lines.  A look-up costs as much as five plain tests,
 * whatever is in it; and packets of IPv4 pay for the tests of IPv6 too.
 */
size_t branch_lines_max(uint8_t family);

struct branch branch_of(struct compiler *compiler, uint8_t family);

/* What is in the set, as far as it is of the family, goes to the chain. */
void branch_add(
    struct branch *branch, const struct address_set *set, const char *chain);

/*
 * Writes "ip daddr vmap { 10.0.0.0/24 : goto out.lan, ... }", or lines, or
 * nothing where nothing was added, and frees the branch.
 */
void branch_write(struct branch *branch, const char *side);

#endif
