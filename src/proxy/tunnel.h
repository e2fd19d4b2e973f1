/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/tunnel: a client's connection that is joined to a server's.
 *
 * TLS that was intercepted (judged by its server name), other protocols
 * (judged by their address), what SOCKS and CONNECT opened, and what 101
 * switched to.
 *
 * Life cycle: created by one of the calls below, which answer the client and
 * tell the event themselves; ends with the client's connection.
 */
#ifndef GATEHOUSE_PROXY_TUNNEL_H
#define GATEHOUSE_PROXY_TUNNEL_H

#include "proxy/errand.h"

struct client;
struct tunnel;

/* How the client is told what becomes of its tunnel. */
enum tunnel_manner {
	TUNNEL_BARE, /* intercepted: a refusal is a reset */
	TUNNEL_TLS,  /* intercepted: a refusal is an alert */
	TUNNEL_SOCKS_4,
	TUNNEL_SOCKS_5,
};

/* Where the client wants to go: by name, or else by address. */
struct tunnel_question {
	enum tunnel_manner manner;
	struct str
	    name; /* canonical, in the client's arena; at == NULL: none */
	struct address address; /* family NONE: by name */
	uint16_t port;
	bool connects;  /* by a CONNECT that was answered */
	bool is_opened; /* it was seen what it is: proxy/opened */
};

/* Asks for the server.  Tail call: the client may be gone. */
void tunnel_ask(struct client *client, const struct tunnel_question *question);

/* The same for an intercepted connection, which goes where it was made to. */
void tunnel_open(struct client *client, struct str name, bool tls);

/*
 * An intercepted TLS connection whose hello cannot be read, or names another
 * server (`name`, in the client's arena) than was asked for: it is refused.
 */
void tunnel_refuse_hello(
    struct client *client, struct str name, enum proxy_failure why);

/*
 * Joins the client's stream to the errand's server; whatever had to be said to
 * the client is written.  Takes the errand's account from here on; `in` and
 * `out` are the bytes that were moved before.  Tail call.
 */
void tunnel_join(
    struct client *client, struct errand *errand, uint64_t in, uint64_t out);

/* Its own; lives as long. */
struct errand *tunnel_errand(struct tunnel *tunnel);

/* Breaks it off, tells the event; NULL is fine. */
void tunnel_cancel(struct tunnel *tunnel, enum proxy_failure why);

#endif
