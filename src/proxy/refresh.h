/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/refresh: a stale response is validated while clients are served with it
 * (stale-while-revalidate, RFC 5861, 3).
 *
 * An errand like that of the client who came upon it, and as the policy lets
 * that client; nobody waits for what comes of it, and it makes no event.
 *
 * One thread, that of the worker.
 */
#ifndef GATEHOUSE_PROXY_REFRESH_H
#define GATEHOUSE_PROXY_REFRESH_H

#include "proxy/keep.h"

struct refresh;

/*
 * Begins it at the end of the loop's round.  keep: its request, key and stale
 * object, whose texts, like those of the errand, lie in *arena, which is taken:
 * what it held lives on until the refresh is over, and *arena is empty.
 */
void refresh_start(
    struct arena *arena, const struct errand *errand, const struct keep *keep);

/* Breaks off all of the worker's. */
void refresh_end_all(struct worker *worker);

#endif
