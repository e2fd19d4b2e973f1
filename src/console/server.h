/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console/server: the console's HTTP/1.1 server, on a loop of its own.
 *
 * Its thread does nothing else, so that no dashboard takes a worker's time.
 * Clients are bounded, and each has a bounded buffer: one too many is answered
 * 503 and closed, one that does not read is cut off.  What it shows is asked of
 * gatehoused, one question a client at a time, and given from the file that
 * comes as the answer.
 *
 * All calls are of the loop's thread.
 */
#ifndef GATEHOUSE_CONSOLE_SERVER_H
#define GATEHOUSE_CONSOLE_SERVER_H

#include "net/loop.h"
#include "policy/policy.h"

/* Dashboards of an office; each may take a socket and 100 KiB.  One source has
 * half of them at most. */
#define CONSOLE_CLIENTS_MAX 256

/* Of them, those that follow events; likewise. */
#define CONSOLE_FEEDS_MAX 64

struct console_server;

/*
 * Asks gatehoused with the token, which may be empty.  0, or a negative errno:
 * no answer will come.
 */
typedef int (*console_ask_fn)(
    void *context, uint32_t number, struct str token, struct str line);

struct console_server *console_server_create(
    struct loop *loop, console_ask_fn ask, void *context);
void console_server_destroy(struct console_server *server); /* NULL is fine */

/*
 * Listens on these descriptors, which are taken, and on none before; clients
 * who may not come any more are closed.  The policy stays the caller's.
 */
int console_server_use(struct console_server *server, struct policy *policy,
    const int *fds, size_t count);

/* The answer to a question: a status of HTTP, and the body, which is taken. */
void console_server_answer(
    struct console_server *server, uint32_t number, unsigned status, int fd);

#endif
