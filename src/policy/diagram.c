/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/diagram.h"

#include "base/clock.h"
#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_ROOM_FIRST ((size_t)1 << 12)

/* 4 MB; a power of two.  More is no gain: it is found in no cache. */
#define MEMO_ROOM ((size_t)1 << 18)

/* The clock is looked at once for so many nodes, which take half a
 * millisecond. */
#define NODES_A_LOOK ((size_t)1 << 12)

/* Operations without context keep one serial, so that results are found again
 * by later calls; others take a new one each time. */
enum {
	SERIAL_NONE,
	SERIAL_AND,
	SERIAL_OR,
	SERIAL_MINUS,
	SERIAL_WHERE,
	SERIAL_OVER,
	SERIAL_IS,
	SERIAL_IMPLIES,
	SERIAL_FIRST_FREE,
};

struct operation {
	diagram_settle_fn settle;
	void *context;
	uint32_t serial;
};

void
diagram_init(struct diagram *diagram)
{
	*diagram = (struct diagram){ .serial = SERIAL_FIRST_FREE,
		.nodes_max = DIAGRAM_NODES_MAX };
	diagram->memo = calloc(MEMO_ROOM, sizeof(*diagram->memo));
	diagram->table = calloc(TABLE_ROOM_FIRST, sizeof(*diagram->table));
	diagram->table_room = TABLE_ROOM_FIRST;
	if (diagram->memo == NULL || diagram->table == NULL)
		diagram->rc = -ENOMEM;
}

void
diagram_fini(struct diagram *diagram)
{
	free(diagram->nodes.items);
	free(diagram->table);
	free(diagram->memo);
	*diagram = (struct diagram){ 0 };
}

static uint64_t
mix(uint32_t a, uint32_t b, uint32_t c)
{
	uint64_t h = (uint64_t)a * UINT64_C(0x9e3779b97f4a7c15);

	h = (h ^ (h >> 29) ^ b) * UINT64_C(0xbf58476d1ce4e5b9);
	h = (h ^ (h >> 32) ^ c) * UINT64_C(0x94d049bb133111eb);
	return h ^ (h >> 31);
}

/* The place of such a node, or the free one where it would go. */
static size_t
probe(const struct diagram *diagram, const struct diagram_node *node)
{
	size_t mask = diagram->table_room - 1;
	size_t at = (size_t)mix(node->var, node->low, node->high) & mask;

	while (diagram->table[at] != 0) {
		const struct diagram_node *other =
		    &diagram->nodes.items[diagram->table[at] - 1];
		if (other->var == node->var && other->low == node->low &&
		    other->high == node->high)
			break;
		at = (at + 1) & mask;
	}
	return at;
}

static int
grow_table(struct diagram *diagram)
{
	size_t room = diagram->table_room * 2;
	uint32_t *table = calloc(room, sizeof(*table));

	if (table == NULL)
		return -ENOMEM;
	free(diagram->table);
	diagram->table = table;
	diagram->table_room = room;
	for (size_t i = 0; i < diagram->nodes.count; i++)
		table[probe(diagram, &diagram->nodes.items[i])] =
		    (uint32_t)i + 1;
	return 0;
}

static int
add_node(struct diagram *diagram, const struct diagram_node *node)
{
	if (diagram->nodes.count >= diagram->nodes_max)
		return -E2BIG;
	if (diagram->deadline != 0 &&
	    diagram->nodes.count % NODES_A_LOOK == 0 &&
	    clock_now() > diagram->deadline)
		return -ETIME;
	if (diagram->nodes.count >= diagram->table_room / 2 &&
	    grow_table(diagram) < 0)
		return -ENOMEM;
	return VEC_ADD(&diagram->nodes, *node);
}

uint32_t
diagram_node(struct diagram *diagram, uint32_t var, uint32_t low, uint32_t high)
{
	struct diagram_node node = { var, low, high };

	if (low == high)
		return low;
	if (diagram->rc < 0)
		return DIAGRAM_EMPTY;
	size_t at = probe(diagram, &node);
	if (diagram->table[at] != 0)
		return diagram->table[at] - 1;
	diagram->rc = add_node(diagram, &node);
	if (diagram->rc < 0)
		return DIAGRAM_EMPTY;
	uint32_t index = (uint32_t)diagram->nodes.count - 1;
	diagram->table[probe(diagram, &node)] = index + 1;
	return index;
}

/* The table was filled in the order of the nodes, so that none is hidden behind
 * a later one. */
void
diagram_rewind(struct diagram *diagram, size_t count)
{
	while (diagram->nodes.count > count) {
		size_t last = diagram->nodes.count - 1;
		size_t at = probe(diagram, &diagram->nodes.items[last]);
		if (diagram->table[at] == last + 1)
			diagram->table[at] = 0;
		diagram->nodes.count--;
	}
	memset(diagram->memo, 0, MEMO_ROOM * sizeof(*diagram->memo));
	if (diagram->rc == -E2BIG)
		diagram->rc = 0;
}

static uint32_t
var_of(const struct diagram *diagram, uint32_t f)
{
	return diagram_is_terminal(f) ? UINT32_MAX
				      : diagram->nodes.items[f].var;
}

static uint32_t
half(const struct diagram *diagram, uint32_t f, uint32_t var, bool high)
{
	if (var_of(diagram, f) != var)
		return f;
	return high ? diagram->nodes.items[f].high
		    : diagram->nodes.items[f].low;
}

static struct diagram_memo *
memo_of(struct diagram *diagram, uint32_t serial, uint32_t a, uint32_t b)
{
	return &diagram->memo[mix(serial, a, b) & (MEMO_ROOM - 1)];
}

/* Bounded: each step goes down a variable at least. */
static uint32_t
combine(struct diagram *diagram, const struct operation *operation, uint32_t f,
    uint32_t g)
{
	uint32_t ret, serial = operation->serial;

	if (diagram->rc < 0)
		return DIAGRAM_EMPTY;
	if (operation->settle(operation->context, f, g, &ret))
		return ret;
	struct diagram_memo *memo = memo_of(diagram, serial, f, g);
	if (memo->serial == serial && memo->a == f && memo->b == g)
		return memo->ret;
	uint32_t f_var = var_of(diagram, f), g_var = var_of(diagram, g);
	uint32_t var = f_var < g_var ? f_var : g_var;
	uint32_t low = combine(diagram, operation, half(diagram, f, var, false),
	    half(diagram, g, var, false));
	uint32_t high = combine(diagram, operation, half(diagram, f, var, true),
	    half(diagram, g, var, true));
	ret = diagram_node(diagram, var, low, high);
	*memo = (struct diagram_memo){ serial, f, g, ret };
	return ret;
}

uint32_t
diagram_apply(struct diagram *diagram, diagram_settle_fn settle, void *context,
    uint32_t f, uint32_t g)
{
	struct operation operation = { settle, context, diagram->serial++ };

	return combine(diagram, &operation, f, g);
}

static bool
settle_and(void *context, uint32_t a, uint32_t b, uint32_t *ret)
{
	(void)context;
	if (a == DIAGRAM_EMPTY || b == DIAGRAM_EMPTY)
		*ret = DIAGRAM_EMPTY;
	else if (a == DIAGRAM_ALL || a == b)
		*ret = b;
	else if (b == DIAGRAM_ALL)
		*ret = a;
	else
		return false;
	return true;
}

static bool
settle_or(void *context, uint32_t a, uint32_t b, uint32_t *ret)
{
	(void)context;
	if (a == DIAGRAM_ALL || b == DIAGRAM_ALL)
		*ret = DIAGRAM_ALL;
	else if (a == DIAGRAM_EMPTY || a == b)
		*ret = b;
	else if (b == DIAGRAM_EMPTY)
		*ret = a;
	else
		return false;
	return true;
}

static bool
settle_minus(void *context, uint32_t a, uint32_t b, uint32_t *ret)
{
	(void)context;
	if (a == DIAGRAM_EMPTY || b == DIAGRAM_ALL || a == b)
		*ret = DIAGRAM_EMPTY;
	else if (b == DIAGRAM_EMPTY)
		*ret = a;
	else
		return false;
	return true;
}

static bool
settle_where(void *context, uint32_t set, uint32_t f, uint32_t *ret)
{
	(void)context;
	if (set == DIAGRAM_EMPTY)
		*ret = DIAGRAM_NOWHERE;
	else if (set == DIAGRAM_ALL || f == DIAGRAM_NOWHERE)
		*ret = f;
	else
		return false;
	return true;
}

static bool
settle_over(void *context, uint32_t f, uint32_t g, uint32_t *ret)
{
	(void)context;
	if (f == DIAGRAM_NOWHERE)
		*ret = g;
	else if (diagram_is_terminal(f))
		*ret = f;
	else
		return false;
	return true;
}

static bool
settle_is(void *context, uint32_t f, uint32_t terminal, uint32_t *ret)
{
	(void)context;
	if (!diagram_is_terminal(f))
		return false;
	*ret = f == terminal ? DIAGRAM_ALL : DIAGRAM_EMPTY;
	return true;
}

/* The smaller first: both orders are one result. */
static uint32_t
combine_either(struct diagram *diagram, diagram_settle_fn settle,
    uint32_t serial, uint32_t a, uint32_t b)
{
	struct operation operation = { settle, NULL, serial };

	return a < b ? combine(diagram, &operation, a, b)
		     : combine(diagram, &operation, b, a);
}

uint32_t
diagram_and(struct diagram *diagram, uint32_t a, uint32_t b)
{
	return combine_either(diagram, settle_and, SERIAL_AND, a, b);
}

uint32_t
diagram_or(struct diagram *diagram, uint32_t a, uint32_t b)
{
	return combine_either(diagram, settle_or, SERIAL_OR, a, b);
}

uint32_t
diagram_minus(struct diagram *diagram, uint32_t a, uint32_t b)
{
	struct operation operation = { settle_minus, NULL, SERIAL_MINUS };

	return combine(diagram, &operation, a, b);
}

uint32_t
diagram_where(struct diagram *diagram, uint32_t set, uint32_t f)
{
	struct operation operation = { settle_where, NULL, SERIAL_WHERE };

	return combine(diagram, &operation, set, f);
}

uint32_t
diagram_over(struct diagram *diagram, uint32_t f, uint32_t g)
{
	struct operation operation = { settle_over, NULL, SERIAL_OVER };

	return combine(diagram, &operation, f, g);
}

uint32_t
diagram_is(struct diagram *diagram, uint32_t f, uint32_t terminal)
{
	struct operation operation = { settle_is, NULL, SERIAL_IS };

	return combine(diagram, &operation, f, terminal);
}

bool
diagram_implies(struct diagram *diagram, uint32_t a, uint32_t b)
{
	if (a == DIAGRAM_EMPTY || b == DIAGRAM_ALL || a == b)
		return true;
	if (a == DIAGRAM_ALL || b == DIAGRAM_EMPTY || diagram->rc < 0)
		return false;
	struct diagram_memo *memo = memo_of(diagram, SERIAL_IMPLIES, a, b);
	if (memo->serial == SERIAL_IMPLIES && memo->a == a && memo->b == b)
		return memo->ret == DIAGRAM_ALL;
	uint32_t a_var = var_of(diagram, a), b_var = var_of(diagram, b);
	uint32_t var = a_var < b_var ? a_var : b_var;
	bool ret = diagram_implies(diagram, half(diagram, a, var, false),
		       half(diagram, b, var, false)) &&
		   diagram_implies(diagram, half(diagram, a, var, true),
		       half(diagram, b, var, true));
	*memo = (struct diagram_memo){ SERIAL_IMPLIES, a, b,
		ret ? DIAGRAM_ALL : DIAGRAM_EMPTY };
	return ret;
}

static uint32_t
forget(struct diagram *diagram, const struct diagram_forgetting *what,
    uint32_t set)
{
	uint32_t var = var_of(diagram, set);

	if (var >= what->end || diagram->rc < 0)
		return set;
	struct diagram_memo *memo = memo_of(diagram, what->serial, set, 0);
	if (memo->serial == what->serial && memo->a == set && memo->b == 0)
		return memo->ret;
	struct diagram_node node = diagram->nodes.items[set];
	uint32_t low = forget(diagram, what, node.low);
	uint32_t high = forget(diagram, what, node.high);
	uint32_t ret = var < what->first ? diagram_node(diagram, var, low, high)
					 : diagram_or(diagram, low, high);
	*memo = (struct diagram_memo){ what->serial, set, 0, ret };
	return ret;
}

/* The same variables are forgotten again and again: results are found again. */
static struct diagram_forgetting
forgetting_of(struct diagram *diagram, uint32_t first, uint32_t end)
{
	struct diagram_forgetting what = { first, end, 0 };

	for (size_t i = 0; i < diagram->forgetting_count; i++)
		if (diagram->forgettings[i].first == first &&
		    diagram->forgettings[i].end == end)
			return diagram->forgettings[i];
	what.serial = diagram->serial++;
	if (diagram->forgetting_count < DIAGRAM_FORGETTINGS_MAX)
		diagram->forgettings[diagram->forgetting_count++] = what;
	return what;
}

uint32_t
diagram_forget(
    struct diagram *diagram, uint32_t set, uint32_t first, uint32_t end)
{
	struct diagram_forgetting what = forgetting_of(diagram, first, end);

	return forget(diagram, &what, set);
}

bool
diagram_has(const struct diagram *diagram, uint32_t set, const uint8_t *values)
{
	while (!diagram_is_terminal(set)) {
		const struct diagram_node *node = &diagram->nodes.items[set];
		set = values[node->var] != 0 ? node->high : node->low;
	}
	return set == DIAGRAM_ALL;
}

void
diagram_bend(const struct diagram *diagram, uint32_t set, uint8_t *values)
{
	while (!diagram_is_terminal(set)) {
		const struct diagram_node *node = &diagram->nodes.items[set];
		uint8_t *value = &values[node->var];
		if ((*value != 0 ? node->high : node->low) == DIAGRAM_EMPTY)
			*value ^= 1;
		set = *value != 0 ? node->high : node->low;
	}
}

static void
visit_all(const struct diagram *diagram, uint32_t f, uint8_t *seen,
    diagram_visit_fn visit, void *context)
{
	if (diagram_is_terminal(f)) {
		if (f != DIAGRAM_NOWHERE)
			visit(context, f);
		return;
	}
	if ((seen[f / 8] >> f % 8 & 1) != 0)
		return;
	seen[f / 8] |= (uint8_t)(1u << f % 8);
	visit_all(diagram, diagram->nodes.items[f].low, seen, visit, context);
	visit_all(diagram, diagram->nodes.items[f].high, seen, visit, context);
}

void
diagram_terminals(
    struct diagram *diagram, uint32_t f, diagram_visit_fn visit, void *context)
{
	uint8_t *seen = calloc(diagram->nodes.count / 8 + 1, 1);

	if (seen == NULL)
		diagram->rc = -ENOMEM;
	else if (diagram->rc == 0)
		visit_all(diagram, f, seen, visit, context);
	free(seen);
}
