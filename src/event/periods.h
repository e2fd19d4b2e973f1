/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * event/periods: who was met most often lately, for several spans of time.
 *
 * Tallies of one length each, at multiples of it by the wall clock, as many as
 * there is room; those that a question covers are added up for it.  Memory is
 * taken for a period when something happens in it first, and kept.  A clock
 * that is set back finds the periods that bear that time already and adds to
 * them, as a series does (event/series).
 *
 * One thread.
 */
#ifndef GATEHOUSE_EVENT_PERIODS_H
#define GATEHOUSE_EVENT_PERIODS_H

#include "event/tally.h"

struct period {
	int64_t number; /* its time / length */
	bool used;
	bool has_tally;
	struct tally tally;
};

struct periods {
	struct period *items;
	size_t count;
	int64_t length; /* nanoseconds */
};

/* 0 or -ENOMEM. */
int periods_init(struct periods *periods, int64_t length, size_t count);
void periods_fini(struct periods *periods); /* all zero is fine */

/* What happened about that time.  0, or -ENOMEM: it is not counted. */
int periods_add(
    struct periods *periods, int64_t wall, const struct tally *tally);

/* The period that holds this time, or NULL: nothing happened in it. */
const struct tally *periods_at(const struct periods *periods, int64_t wall);

/* Adds up one kind of all that lies, in whole or in part, between the two. */
void periods_sum(const struct periods *periods, int64_t from, int64_t to,
    enum tally_kind kind, struct heavy *sum);

#endif
