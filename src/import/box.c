/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/box.h"

struct box
box_all(void)
{
	return (struct box){ UINT64_MAX, UINT64_MAX, span_set_all(),
		span_set_all(), span_set_all() };
}

bool
box_is_empty(const struct box *box)
{
	return box->in == 0 || box->out == 0 || box->src.count == 0 ||
	       box->dst.count == 0 || box->service.count == 0;
}

struct box
box_and(struct arena *arena, const struct box *a, const struct box *b)
{
	return (struct box){
		.in = a->in & b->in,
		.out = a->out & b->out,
		.src = span_set_and(arena, a->src, b->src),
		.dst = span_set_and(arena, a->dst, b->dst),
		.service = span_set_and(arena, a->service, b->service),
	};
}

bool
box_meet(const struct box *a, const struct box *b)
{
	return (a->in & b->in) != 0 && (a->out & b->out) != 0 &&
	       span_set_meet(a->src, b->src) && span_set_meet(a->dst, b->dst) &&
	       span_set_meet(a->service, b->service);
}

bool
box_covers(const struct box *a, const struct box *b)
{
	return (b->in & ~a->in) == 0 && (b->out & ~a->out) == 0 &&
	       span_set_covers(a->src, b->src) &&
	       span_set_covers(a->dst, b->dst) &&
	       span_set_covers(a->service, b->service);
}

static void
keep(struct box *ret, size_t *count, const struct box *piece)
{
	if (!box_is_empty(piece))
		ret[(*count)++] = *piece;
}

/* One dimension after the other: what differs there, then the rest. */
size_t
box_minus(struct arena *arena, const struct box *a, const struct box *b,
    struct box ret[static BOX_CUTS])
{
	struct box rest = *a, piece = rest;
	size_t count = 0;

	if (!box_meet(a, b)) {
		ret[0] = *a;
		return box_is_empty(a) ? 0 : 1;
	}
	piece.in = rest.in & ~b->in;
	keep(ret, &count, &piece);
	rest.in &= b->in;
	piece = rest;
	piece.out = rest.out & ~b->out;
	keep(ret, &count, &piece);
	rest.out &= b->out;
	piece = rest;
	piece.src = span_set_minus(arena, rest.src, b->src);
	keep(ret, &count, &piece);
	rest.src = span_set_and(arena, rest.src, b->src);
	piece = rest;
	piece.dst = span_set_minus(arena, rest.dst, b->dst);
	keep(ret, &count, &piece);
	rest.dst = span_set_and(arena, rest.dst, b->dst);
	piece = rest;
	piece.service = span_set_minus(arena, rest.service, b->service);
	keep(ret, &count, &piece);
	return count;
}
