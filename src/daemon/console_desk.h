/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/console_desk: what the console asks of gatehoused, on a channel of its
 * own.
 *
 * A line is a command of the control socket (daemon/control), of which few may
 * be asked; who would change something needs a token, and here is where it is
 * looked at: the proxy that hands it on is believed nothing.  Beside them:
 *
 *	policy		the policy in force, as it is written
 *	events [old]	the journal, or the one before it, to be read
 *	token		whether the token is good
 *
 * Whoever asks without end gets half of the daemon's time: after questions that
 * took long it reads none for as long again.
 *
 * The answer is a status of HTTP and a memory file with the body: JSON, or
 * lines of it, of good ones; else a problem of RFC 9457.
 */
#ifndef GATEHOUSE_DAEMON_CONSOLE_DESK_H
#define GATEHOUSE_DAEMON_CONSOLE_DESK_H

#include "daemon/control.h"

/* Of a list of flows; what is more is cut off, and that is said. */
#define CONSOLE_ANSWER_BYTES_MAX ((size_t)4 << 20)

struct child;
struct generation;

struct console_desk {
	/* Lent: */
	struct loop *loop;
	const char *dir;                         /* of the runtime */
	const struct generation *const *current; /* NULL in it: none yet */
	control_fn answer;                       /* of the control socket */
	void *context;
	/* Its own: */
	struct loop_watch watch; /* fd -1: none */
	struct loop_timer pause; /* until the next question is read */
};

/* Serves the proxy that has been started, and none before. */
int console_desk_open(struct console_desk *desk, struct child *child);

/* Does nothing where none is served. */
void console_desk_close(struct console_desk *desk);

#endif
