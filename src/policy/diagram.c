/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/diagram.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_ROOM_FIRST ((size_t)1 << 12)

/* Powers of two; 4 MB, and 64 MB where there are many nodes to combine. */
#define MEMO_ROOM_FIRST ((size_t)1 << 18)
#define MEMO_ROOM_MAX   ((size_t)1 << 22)

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
		.nodes_max = DIAGRAM_NODES_MAX,
		.memo_room = MEMO_ROOM_FIRST };
	diagram->memo = calloc(MEMO_ROOM_FIRST, sizeof(*diagram->memo));
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

/* What is known is lost, but for the price of a few steps. */
static void
grow_memo(struct diagram *diagram, size_t room)
{
	struct diagram_memo *memo = calloc(room, sizeof(*memo));

	if (memo == NULL)
		return; /* the smaller one serves as well */
	free(diagram->memo);
	diagram->memo = memo;
	diagram->memo_room = room;
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
	if (room > diagram->memo_room * 2 && room / 2 <= MEMO_ROOM_MAX)
		grow_memo(diagram, room / 2);
	return 0;
}

static int
add_node(struct diagram *diagram, const struct diagram_node *node)
{
	if (diagram->nodes.count >= diagram->nodes_max)
		return -E2BIG;
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
	memset(diagram->memo, 0, diagram->memo_room * sizeof(*diagram->memo));
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
memo_of(const struct diagram *diagram, uint32_t serial, uint32_t a, uint32_t b)
{
	return &diagram->memo[mix(serial, a, b) & (diagram->memo_room - 1)];
}

/* The memo may have grown since it was asked. */
static void
keep_memo(struct diagram *diagram, uint32_t serial, uint32_t a, uint32_t b,
    uint32_t ret)
{
	*memo_of(diagram, serial, a, b) =
	    (struct diagram_memo){ serial, a, b, ret };
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
	const struct diagram_memo *memo = memo_of(diagram, serial, f, g);
	if (memo->serial == serial && memo->a == f && memo->b == g)
		return memo->ret;
	uint32_t f_var = var_of(diagram, f), g_var = var_of(diagram, g);
	uint32_t var = f_var < g_var ? f_var : g_var;
	uint32_t low = combine(diagram, operation, half(diagram, f, var, false),
	    half(diagram, g, var, false));
	uint32_t high = combine(diagram, operation, half(diagram, f, var, true),
	    half(diagram, g, var, true));
	ret = diagram_node(diagram, var, low, high);
	keep_memo(diagram, serial, f, g, ret);
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

struct forgetting {
	uint32_t first, end, serial;
};

static uint32_t
forget(struct diagram *diagram, const struct forgetting *what, uint32_t set)
{
	uint32_t var = var_of(diagram, set);

	if (var >= what->end || diagram->rc < 0)
		return set;
	const struct diagram_memo *memo =
	    memo_of(diagram, what->serial, set, 0);
	if (memo->serial == what->serial && memo->a == set && memo->b == 0)
		return memo->ret;
	struct diagram_node node = diagram->nodes.items[set];
	uint32_t low = forget(diagram, what, node.low);
	uint32_t high = forget(diagram, what, node.high);
	uint32_t ret = var < what->first ? diagram_node(diagram, var, low, high)
					 : diagram_or(diagram, low, high);
	keep_memo(diagram, what->serial, set, 0, ret);
	return ret;
}

uint32_t
diagram_forget(
    struct diagram *diagram, uint32_t set, uint32_t first, uint32_t end)
{
	struct forgetting what = { first, end, diagram->serial++ };

	return forget(diagram, &what, set);
}

struct numbers {
	struct diagram *diagram;
	diagram_has_fn has;
	const void *context;
	size_t count;
	uint32_t first;
	unsigned bits;
};

static uint32_t
spell(const struct numbers *numbers, unsigned depth, size_t number)
{
	if (number << (numbers->bits - depth) >= numbers->count)
		return DIAGRAM_EMPTY;
	if (depth == numbers->bits)
		return numbers->has(numbers->context, number) ? DIAGRAM_ALL
							      : DIAGRAM_EMPTY;
	uint32_t low = spell(numbers, depth + 1, number * 2);
	uint32_t high = spell(numbers, depth + 1, number * 2 + 1);
	return diagram_node(
	    numbers->diagram, numbers->first + depth, low, high);
}

uint32_t
diagram_numbers(struct diagram *diagram, uint32_t first, unsigned bits,
    size_t count, diagram_has_fn has, const void *context)
{
	struct numbers numbers = { diagram, has, context, count, first, bits };

	return spell(&numbers, 0, 0);
}

/* The numbers below `middle`, or all of them. */
static size_t
count_below(const size_t *numbers, size_t count, size_t middle)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t at = low + (high - low) / 2;
		if (numbers[at] < middle)
			low = at + 1;
		else
			high = at;
	}
	return low;
}

/* Numbers that agree in all bits above the last `bits`, which end at `end`. */
static uint32_t
spell_list(struct diagram *diagram, uint32_t end, unsigned bits,
    const size_t *numbers, size_t count, size_t base)
{
	if (count == 0)
		return DIAGRAM_EMPTY;
	if (count >> bits != 0)
		return DIAGRAM_ALL;
	size_t middle = base + ((size_t)1 << (bits - 1));
	size_t below = count_below(numbers, count, middle);
	uint32_t low = spell_list(diagram, end, bits - 1, numbers, below, base);
	uint32_t high = spell_list(
	    diagram, end, bits - 1, numbers + below, count - below, middle);
	return diagram_node(diagram, end - bits, low, high);
}

uint32_t
diagram_list(struct diagram *diagram, uint32_t first, unsigned bits,
    const size_t *numbers, size_t count)
{
	return spell_list(diagram, first + bits, bits, numbers, count, 0);
}

static uint32_t
spell_interval(struct diagram *diagram, uint32_t end, unsigned bits, size_t low,
    size_t high)
{
	size_t all = ((size_t)1 << bits) - 1;

	if (low > high)
		return DIAGRAM_EMPTY;
	if (low == 0 && high == all)
		return DIAGRAM_ALL;
	size_t middle = (size_t)1 << (bits - 1);
	uint32_t below = low < middle
			     ? spell_interval(diagram, end, bits - 1, low,
				   high < middle ? high : middle - 1)
			     : DIAGRAM_EMPTY;
	uint32_t above =
	    high >= middle ? spell_interval(diagram, end, bits - 1,
				 low > middle ? low - middle : 0, high - middle)
			   : DIAGRAM_EMPTY;
	return diagram_node(diagram, end - bits, below, above);
}

uint32_t
diagram_interval(struct diagram *diagram, uint32_t first, unsigned bits,
    size_t low, size_t high)
{
	return spell_interval(diagram, first + bits, bits, low, high);
}

uint32_t
diagram_at(const struct diagram *diagram, uint32_t f, uint32_t first,
    unsigned bits, size_t number)
{
	for (unsigned i = 0; i < bits; i++)
		f = half(
		    diagram, f, first + i, (number >> (bits - 1 - i) & 1) != 0);
	return f;
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
