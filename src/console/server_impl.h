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

/* ---- console/client_place ---- */

/*
 * Whether the source may have one more of so many places, of clients or of
 * those who follow: as long as it has fewer than are free (proxy/crowd).
 */
bool console_server_has_room(
    const struct console_server *server, struct address address, bool for_feed);

/* It gives back its places; without its connection, which goes its own way. */
void console_client_forget(struct console_client *client);
void console_client_destroy(struct console_client *client);

/* ---- console/client ---- */

/* Takes the connection; the caller closes it on a negative errno. */
int console_client_create(
    struct console_server *server, const struct socket_accepted *accepted);
void console_client_answer(
    struct console_client *client, unsigned status, int fd);

/* ---- console/client_answer ---- */

/* It is cut off unless this is called again within its patience. */
void console_client_wait(struct console_client *client);

/* Answers.  What becomes of the client is not known behind them, but for
 * put_head and send. */
void console_client_respond(struct console_client *client, unsigned status,
    const char *type, struct str body, const char *more);
void console_client_problem(struct console_client *client, unsigned status,
    struct str detail, const char *more);

/* Of a file, which is taken; and the rest of it, when there is room again. */
void console_client_give_file(
    struct console_client *client, unsigned status, int fd);
void console_client_give_body(struct console_client *client);

/* length < 0: it ends with the connection, or has no content (304). */
void console_client_put_head(struct console_client *client, unsigned status,
    const char *type, int64_t length, const char *more, struct text *out);

/* False: the client is no more. */
bool console_client_send(struct console_client *client, const struct text *out);

/* ---- console/client_feed: fd is the journal, and taken ---- */

void console_client_begin_feed(struct console_client *client, int fd);
void console_client_renew_feed(
    struct console_client *client, unsigned status, int fd);
void console_client_give_past(struct console_client *client, int fd);

#endif
