/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/walk_impl: a walk under way.
 */
#ifndef GATEHOUSE_IMPORT_WALK_IMPL_H
#define GATEHOUSE_IMPORT_WALK_IMPL_H

#include "import/walk.h"

/* Flows that are in a chain. */
struct context {
	struct box box;
	struct str hours;
	const char *why;       /* whether they are is not sure; NULL: it is */
	enum import_whom whom; /* of nat, which has one list for all */
};

struct contexts {
	struct context *items;
	size_t count, room;
};

/* What is beyond a limit is refused, so what is allowed below is limited. */
struct bound {
	struct box box;
	struct str limit;
	bool used;
};

struct bounds {
	struct bound *items;
	size_t count, room;
};

/* What a LOG saw, so that what decides it below is logged. */
struct witness {
	struct box box;
	struct str name;
	struct import_line *line;
	bool used;
};

struct witnesses {
	struct witness *items;
	size_t count, room;
};

struct boxes {
	struct box *items;
	size_t count, room;
};

struct walker {
	struct import_walk *walk;
	struct bounds bounds;
	struct witnesses witnesses;
	struct boxes passed;  /* accepted by a table that is not the last */
	bool last;            /* what this table accepts is accepted */
	bool early;           /* nothing is translated yet */
	struct boxes unnamed; /* protocols without a word were refused of it */
	unsigned depth;
	size_t steps;
};

/* ---- import/walk_beside ---- */

/* NULL when memory ends. */
struct import_item *walk_item_add(
    struct import_walk *walk, struct import_line *line);

/* Nothing comes of the rule, for the reason in the note. */
void walk_pass_by(
    struct import_walk *walk, const struct import_rule *rule, const char *note);

/* Of a flow only the first packet is asked about: whether the rule says nothing
 * of it, and was passed by. */
bool walk_is_beside(struct walker *walker, const struct contexts *list,
    const struct import_rule *rule);

/*
 * The rule as flows of this part are asked it; false: none of them is.  What is
 * sent to many ends at the gateway, and is not to an address of it.
 */
bool walk_narrow_whom(const struct walker *walker, struct import_rule *rule);

/* ---- import/walk ---- */

/* A list of flows: what is not empty is added; freed by its owner. */
void walk_context_add(struct walker *walker, struct contexts *list,
    const struct context *context);

/* Those whom the rule sends into another chain. */
void walk_enter(struct walker *walker, const struct contexts *list,
    const struct import_rule *rule, struct contexts *ret);

/* Those whom the rule takes out of the chain are gone from the list. */
void walk_leave(struct walker *walker, struct contexts *list,
    const struct import_rule *rule);

/* ---- import/walk_decide ---- */

/* What is left of these boxes without that one; the caller frees it. */
struct boxes walk_cut(
    struct walker *walker, const struct boxes *boxes, const struct box *out);

/* What the rule decides of these flows, into the item. */
void walk_decide(struct walker *walker, struct import_item *item,
    const struct import_rule *rule, const struct context *context);

#endif
