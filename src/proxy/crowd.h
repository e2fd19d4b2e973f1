/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/crowd: how many places each source takes, and how many it may.
 *
 * A place is what there is not enough of: a client's connection, a head that
 * does not come to its end.  A source may take one more as long as it has fewer
 * than are still free.  So one source that takes all it gets has half of them
 * in the end, two have a third each, and whoever has none finds one: nobody is
 * kept out by the greed of others, and no number has to be chosen for an office
 * of five or of five thousand.  (Choudhury and Hahne's dynamic thresholds, with
 * a factor of 1.)
 *
 * Sources are counted as elsewhere (limiter_source).  Any thread; sources are
 * spread over locks by their hash.
 */
#ifndef GATEHOUSE_PROXY_CROWD_H
#define GATEHOUSE_PROXY_CROWD_H

#include "base/address.h"

#include <stdbool.h>
#include <stddef.h>

struct crowd;
struct crowd_source;

/* Of so many places; `words` are what is told of who finds none (event.reason),
 * once a minute at most, and outlive it.  NULL: no memory. */
struct crowd *crowd_create(size_t places, const char *words);
void crowd_destroy(struct crowd *crowd); /* all have left; NULL is fine */

/*
 * The source of whom it was taken, for crowd_leave; NULL: there is none for
 * this source (or no memory), which is counted and told.  Who is trusted, as a
 * balancer is that speaks for many, may take the last one.
 */
struct crowd_source *crowd_enter(
    struct crowd *crowd, struct address address, bool trusted);

/* NULL is fine. */
void crowd_leave(struct crowd_source *source);

size_t crowd_count(struct crowd *crowd); /* places taken */

#endif
