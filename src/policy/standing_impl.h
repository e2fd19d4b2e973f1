/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/standing, for its own files: standing.c weighs rules once all is
 * known, standing_cover.c says which others are to blame, standing_packets.c
 * weighs them at the packet phase, standing_late.c finds those that stand too
 * low.
 */
#ifndef GATEHOUSE_POLICY_STANDING_IMPL_H
#define GATEHOUSE_POLICY_STANDING_IMPL_H

#include "policy/standing.h"

/* Before and after work on one rule; false: it was too much. */
void standing_begin(struct standing *standing);
bool standing_end(struct standing *standing);

/* A flow of the set, which is not empty, into `values`, and its rows. */
struct meeting_flow standing_throw(struct standing *standing, uint32_t set);

/* The first rule from `from` on that takes the flow of `values`. */
size_t standing_taker(const struct standing *standing,
    const struct meeting_flow *flow, size_t from, bool or_reports);

/*
 * What rule i is once all is known, by throwing.  Marks those above it that
 * take what it asks for, and those below that would do what it does: all of
 * them, if it is not of use.
 */
enum standing_kind standing_try(
    struct standing *standing, size_t i, uint8_t *above, uint8_t *below);

/* Without rule i, the packet phase decides and reports the same. */
bool standing_is_quiet(struct standing *standing, size_t i);

#endif
