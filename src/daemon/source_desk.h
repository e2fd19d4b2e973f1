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

struct gateway;

/* Serves the proxy that has been started, and none before. */
int source_desk_open(struct gateway *gateway);

/* Does nothing where none is served. */
void source_desk_close(struct gateway *gateway);

#endif
