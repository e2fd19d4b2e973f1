/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/walk: the chains of one hook as one list.
 *
 * Jumps are followed with what the jump matches; what returns is cut out of
 * what goes on.  The list says the same as the chains, but for rules that are
 * not exact: what they may refuse is refused, what they may allow is not
 * allowed.  An item is a line of the foreign ruleset and what is said of it.
 */
#ifndef GATEHOUSE_IMPORT_WALK_H
#define GATEHOUSE_IMPORT_WALK_H

#include "import/sentence.h"

struct import_item {
	struct import_line *line; /* NULL: nobody wrote it */
	const char *note;         /* behind the line, or for it; or NULL */
	struct import_said *items;
	size_t count, room;
};

/* In the order of the list, to ask what becomes of a box. */
struct import_decision {
	enum import_action verdict;
	struct box box;
	bool plain;      /* without hours and limits */
	bool early;      /* it sees destinations as clients wrote them */
	bool translated; /* of flows that were published only */
};

struct import_items {
	struct import_item **items;
	size_t count, room;
};

struct import_decisions {
	struct import_decision *items;
	size_t count, room;
};

struct import_walk {
	struct import_ruleset *rules;
	enum address_family family;
	enum import_part part;
	struct import_items items;
	struct import_decisions decisions;
};

/*
 * Walks all chains of this part of the policy, for flows of one family or of
 * both.  The walk's lists are freed by fini, their texts live in the arena.
 */
void import_walk_init(struct import_walk *walk, struct import_ruleset *rules,
    enum address_family family, enum import_part part);
void import_walk_fini(struct import_walk *walk);
void import_walk_run(struct import_walk *walk);

/*
 * What becomes of all of the box: ACCEPT, DROP or REJECT; NOTHING if it is not
 * one and the same.  `translated`: it was published.
 */
enum import_action import_walk_verdict(
    const struct import_walk *walk, const struct box *box, bool translated);

#endif
