/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/sources: sockets that bear a client's address, or a server's.
 *
 * The proxy may make none: it shows the connection that the kernel handed over
 * to one who may, and who looks for himself whose it is.  One for all threads;
 * PROXY_SOURCES_MAX are asked for at once.
 *
 *	any thread      source_ask -> fn, in its own loop, once
 *	one thread      sources_answer, as the answers come
 */
#ifndef GATEHOUSE_PROXY_SOURCES_H
#define GATEHOUSE_PROXY_SOURCES_H

#include "base/address.h"
#include "net/loop.h"

struct sources;
struct source_ticket;

/* Sends it away: 0 or a negative errno, at once.  Any thread. */
typedef int (*sources_send_fn)(uint32_t number, int client);
typedef int (*sources_stand_fn)(uint32_t number,
    const struct address_port *client, const struct address_port *server);

/* A socket that is the callee's, not connected; or a negative errno.  The
 * ticket is gone. */
typedef void (*source_fn)(int fd, void *context);

/* NULL: no memory. */
struct sources *sources_create(sources_send_fn send, sources_stand_fn stand);

/* Nobody waits any more; NULL is fine. */
void sources_destroy(struct sources **sources);

/*
 * Asks for a socket with the address of the client at the other end of this
 * connection.  0 and *ret, and fn is called by the loop unless the ticket is
 * cancelled; or a negative errno.
 */
int source_ask(struct sources *sources, int client, struct loop *loop,
    source_fn fn, void *context, struct source_ticket **ret);

/* The same for one that stands for the server to the client, over UDP. */
int source_ask_stand(struct sources *sources, struct address_port client,
    struct address_port server, struct loop *loop, source_fn fn, void *context,
    struct source_ticket **ret);

/* NULL is fine. */
void source_ticket_cancel(struct source_ticket **ticket);

/* Takes fd, or a negative errno; what nobody asked for is closed. */
void sources_answer(struct sources *sources, uint32_t number, int fd);

#endif
