/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/source_desk: where the proxy asks for sockets that bear a client's
 * address (daemon/client_source), on a channel of its own.
 *
 * What cannot be answered at once is not answered: the proxy gives up by
 * itself.  Ends with the proxy that it serves.
 */
#ifndef GATEHOUSE_DAEMON_SOURCE_DESK_H
#define GATEHOUSE_DAEMON_SOURCE_DESK_H

#include "net/loop.h"

struct caught_keeper;
struct child;
struct generation;
struct name_keeper;
struct pulse_keeper;

struct source_desk {
	/* Lent: */
	struct loop *loop;
	const struct generation *const *current; /* NULL in it: none yet */
	/* Who hears what else the proxy says here: */
	struct pulse_keeper *pulse;
	struct caught_keeper *caught;
	struct name_keeper *names;
	/* Its own: */
	struct loop_watch watch; /* fd -1: none */
};

/* Serves the proxy that has been started, and none before. */
int source_desk_open(struct source_desk *desk, struct child *child);

/* Does nothing where none is served. */
void source_desk_close(struct source_desk *desk);

#endif
