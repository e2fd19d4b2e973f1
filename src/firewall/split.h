/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/split: a ruleset's text as two, for two transactions.
 *
 * An interval set holds nothing yet for an instant after the rules that came
 * with it hold: whatever it was to stop passes.  So what base chains stand on
 * (sets, maps, objects, and the chains that no hook calls, with whatever sets
 * without a name are in their rules) is made in a transaction of its own, where
 * no packet can reach it; the base chains come in the next.  Until they have
 * changed over, the old ruleset stands beside it whole, so every name gets a
 * suffix that tells the two apart: none, or /2, /3 and so on, a sign that no
 * name of a policy has.
 *
 * Names of base chains have none: they are made and taken away in the same
 * transaction.  Nor have sets that the caller says are loaded apart.
 *
 * Both texts have the lines of the whole, so an error's place is that of the
 * text that `show nft` prints.
 *
 * For private use of src/firewall.
 */
#ifndef GATEHOUSE_FIREWALL_SPLIT_H
#define GATEHOUSE_FIREWALL_SPLIT_H

#include "base/map.h"
#include "base/text.h"

#define SPLIT_SUFFIX_BYTES 12 /* a number and its sign */

/* What stands before a name's suffix. */
struct str split_plain_name(struct str name);

struct split {
	struct str ruleset; /* lent */
	struct map names;   /* that get the suffix; of the ruleset's bytes */
	char suffix[SPLIT_SUFFIX_BYTES];
	bool has_parts;
	struct text parts; /* all but the base chains */
	struct text bases; /* the base chains */
};

/*
 * Reads the names.  `is_apart` (NULL: none is) knows those that are not
 * renamed.  0 or -ENOMEM; split_fini in any case.  The ruleset is of our table
 * alone (firewall/scope).
 */
int split_init(struct split *split, struct str ruleset,
    bool (*is_apart)(const void *context, const char *name),
    const void *context);
void split_fini(struct split *split);

/* The suffix of this number, from 1 on. */
void split_choose(struct split *split, unsigned number);

/* Whether it is one of the ruleset's names with the suffix that was chosen. */
bool split_has(const struct split *split, const char *name);

/* Writes both texts.  0 or -ENOMEM. */
int split_write(struct split *split);

#endif
