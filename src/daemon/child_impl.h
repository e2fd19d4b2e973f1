/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/child_impl: what the files of daemon/child share, and nobody else.
 *
 *	child            its life
 *	child_begin      from gatehoused to gatehouse-proxy
 *	child_generation a generation is handed over
 *	child_orders     what it is told and asked while it works
 *	child_talk       questions to it, and the wait for answers
 */
#ifndef GATEHOUSE_DAEMON_CHILD_IMPL_H
#define GATEHOUSE_DAEMON_CHILD_IMPL_H

#include "daemon/child.h"

/* Puts into words what came of a talk with it; gives back rc. */
int child_say_failure(int rc, struct text *reterr_why);

/* The descriptor of the cache's folder; -1 if the cache is in memory alone.
 * 0, or a negative errno with a sentence. */
int child_open_folder(const struct child *child,
    const struct generation *generation, int *ret_fd, struct text *reterr_why);

#endif
