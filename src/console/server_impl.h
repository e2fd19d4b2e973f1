/* SPDX-License-Identifier: GPL-2.0-or-later */
/* console/server: what its files know of each other. */
#ifndef GATEHOUSE_CONSOLE_SERVER_IMPL_H
#define GATEHOUSE_CONSOLE_SERVER_IMPL_H

#include "console/feed.h"
#include "console/guard.h"
#include "console/route.h"
#include "console/server.h"
#include "net/socket.h"
#include "net/stream.h"

struct console_client {
	struct console_server *server;
	struct stream *stream;
	struct address_port peer;
	struct loop_timer patience;
	struct console_client *next, **link;
	/* The request under way: */
	struct console_route route;
	uint32_t number; /* of the question; 0: none */
	bool keep_alive;
	bool head_only;                          /* HEAD */
	char token[CONSOLE_TOKEN_BYTES_MAX + 1]; /* of a change */
	int body; /* what is still to be given; -1: none */
	int64_t at, end;
	struct console_feed feed; /* fd -1: none */
};

struct console_server {
	struct loop *loop;
	console_ask_fn ask;
	void *context;
	struct policy *policy; /* a reference; NULL: none yet */
	struct loop_watch listeners[POLICY_CONSOLE_LISTENS_MAX];
	size_t listener_count;
	struct console_client *clients;
	unsigned client_count, feed_count;
	uint32_t last_number;
	struct console_guard guard;
};

/* Takes the connection; the caller closes it on a negative errno. */
int console_client_create(
    struct console_server *server, const struct socket_accepted *accepted);
void console_client_destroy(struct console_client *client);
void console_client_answer(
    struct console_client *client, unsigned status, int fd);

#endif
