/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/pulse: whether the workers still turn.
 *
 * A worker that hangs serves nobody, and from outside it looks like one that
 * has nothing to do.  So each notes every second that its loop has come round,
 * and the first of them, when it finds that all others have, says so.  Who
 * listens (daemon/pulse_keeper) ends a proxy of which nothing is heard.
 *
 * pulse_begin and pulse_end are for the worker's own thread; all else is for
 * who creates it, before they run and after they have ended.
 */
#ifndef GATEHOUSE_PROXY_PULSE_H
#define GATEHOUSE_PROXY_PULSE_H

#include "net/loop.h"

#include <stddef.h>

#define PULSE_EVERY CLOCK_SECOND

/* A worker that has not come round in so many beats is not vouched for. */
#define PULSE_STALE 3

struct pulse;

/* Of so many workers; they note it so often.  NULL: no memory. */
struct pulse *pulse_create(size_t count, int64_t every);
void pulse_destroy(struct pulse *pulse); /* NULL is fine */

/* Whom to tell that all is well, in the first worker's thread. */
void pulse_tell(struct pulse *pulse, void (*tell)(void));

void pulse_begin(struct pulse *pulse, size_t worker, struct loop *loop);
void pulse_end(struct pulse *pulse, size_t worker);

#endif
