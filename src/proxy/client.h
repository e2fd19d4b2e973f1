/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/client: a client's connection, from its first byte to its last.
 *
 *	intercepted:	greeting -> tunnel, or head
 *	explicit:	head, or SOCKS -> tunnel, or association
 *	by a balancer:	preface -> as explicit
 *	by TLS:		handshake (proxy/secure) -> as explicit
 *	both:		head -> exchange -> head -> ... -> end
 *				`-> tunnel (CONNECT, 101)
 *			preface of HTTP/2 -> frames, each of whose streams is a
 *			client for one request: head -> exchange -> end
 *
 * The connection belongs to one worker and never changes thread.  Between two
 * requests it holds no arena and no buffer.  `exchange`, `tunnel` and
 * `association` are what it is about, at most one of them at a time; the first
 * two lie in its arena.
 */
#ifndef GATEHOUSE_PROXY_CLIENT_H
#define GATEHOUSE_PROXY_CLIENT_H

#include "http/parse.h"
#include "net/stream.h"
#include "net/tls.h"
#include "proxy/errand.h"
#include "proxy/who.h"

struct alias_stream;
struct association;
struct crowd_source;
struct exchange;
struct frames;
struct opened;
struct secure;
struct tunnel;

enum client_state {
	CLIENT_PREFACE,  /* a balancer is to say whom it speaks for */
	CLIENT_SHAKING,  /* TLS is not spoken yet, but is to be */
	CLIENT_GREETING, /* intercepted, and nothing is known */
	CLIENT_HELLO,    /* a hello has begun */
	CLIENT_IDLE,     /* between requests */
	CLIENT_HEAD,     /* a head has begun */
	CLIENT_BUSY,     /* an exchange or a tunnel has it */
	CLIENT_OPENING,  /* its TLS is about to be opened */
	CLIENT_FRAMES,   /* it speaks HTTP/2 */
	CLIENT_SILENT,   /* dropped */
	CLIENT_ENDING,   /* its last words are on their way */
};

struct client {
	struct worker *worker;
	/* Of the worker's, or of the streams of `connection`. */
	struct client *next, **link;
	struct client *connection; /* NULL: this is one, and no stream */
	struct stream *stream;     /* NULL: a relay has it */
	enum client_state state;
	bool intercepted;
	bool has_asked;               /* a request was read */
	uint64_t owner;               /* of connections; 0: of none */
	struct address_port peer;     /* whom the policy sees */
	struct address_port balancer; /* that speaks for it; NONE: nobody */
	struct address_port local; /* of intercepted: where it wanted to go */
	struct address_port listener; /* that took it */
	struct str alias; /* of a sandbox: what `local` stands for; at == NULL:
			   * it is an address (proxy/aliases) */
	uint64_t flow_id;
	struct loop_timer timer;
	struct arena arena; /* of what is asked now */
	struct who_question who;
	struct crowd_source *place, *slow_place; /* NULL: none taken */
	struct policy_user user; /* in the arena; name.at == NULL: unknown */
	struct secure *secure;   /* NULL: no handshake is under way */
	char *certified; /* who it is by its certificate; NULL: not known */
	struct http_head_scan scan;
	size_t unsent; /* of the last words, when the timer was armed */
	struct exchange *exchange;
	struct tunnel *tunnel;
	/* Not in the arena: */
	struct association *association;
	struct alias_stream *questions;
	struct frames *frames;
	/* NULL: its TLS, if any, is its own.  A stream of a connection that was
	 * opened is lent that one's; of another it may have one itself. */
	struct opened *opened;
};

/* Takes fd; what cannot be served is closed. */
void client_create(struct worker *worker, bool intercepted,
    const struct address_port *listener, int fd, struct address_port peer);

/* At once; what it is about is told as broken off. */
void client_destroy(struct client *client);

/* For those who answer it.  All are tail calls: the client is gone, or not
 * the caller's any more. */

/* The next request, please. */
void client_next(struct client *client);

/* What is queued is sent, however slowly the client takes it, then the end. */
void client_end(struct client *client);

/* A reset: the end must not be taken for a proper one. */
void client_reset(struct client *client);
/* The same, and what it is about is told as `why`. */
void client_break(struct client *client, enum proxy_failure why);

/* Nothing is said any more, not even that it is over. */
void client_silence(struct client *client);

/* A part of something has come: it has time for the rest, if there is room. */
void client_await_rest(struct client *client);

/* Its time for a first word runs, if it has said none. */
void client_await_hello(struct client *client);

/* Whether what it has of TLS that was opened is its own. */
bool client_has_opened(const struct client *client);

/* ---- for proxy/frames ---- */

/* A stream of the connection, which is taken; `fault`: what comes is no request
 * (enum http_fault), or -1. */
void client_create_stream(
    struct client *connection, struct stream *stream, int fault);
void client_become_framed(struct client *client, struct frames *frames);

/* A request that is none was refused otherwise: counted and told. */
void client_tell_malformed(struct client *client, enum http_fault fault);

/* A part of a head has come, and room is kept for the rest; or not any more.
 * Where there is none, the connection ends. */
void client_wait_for_head(struct client *client, bool waits);

/* It overdoes it: told; what was said is sent, then the end. */
void client_end_flood(struct client *client);

/* From now on whoever has it minds the time. */
void client_become_busy(struct client *client);

/*
 * The balancer's header has been read and consumed: from now on it is a
 * connection of the client at `source`.  What that one may not ask is refused.
 */
void client_become(struct client *client, struct address_port source);

/* TLS is spoken on it; nothing was read of what is inside. */
void client_secured(struct client *client, enum tls_protocol protocol);

/* Refused before anything was asked: told, and the connection is reset.  Words
 * are for the log; "": the usual ones. */
void client_refuse(struct client *client, enum proxy_failure why);
void client_refuse_for(
    struct client *client, enum proxy_failure why, const char *words);

/*
 * From now on what it asks goes by connections that are kept for it alone; a
 * stream of HTTP/2 shares them with those of its connection.
 */
void client_own(struct client *client, struct errand *errand);

/* Fills an errand with what the connection tells. */
void client_begin_errand(struct client *client, struct errand *errand);

/*
 * Ends the connection if it, or what it is about, is not allowed any more by
 * the worker's generation; what lives on holds that one.
 */
void client_judge_again(struct client *client);

/* Ends the connection if what it is about has used up its quota: by a reset,
 * for what it got is not the whole. */
void client_end_used_up(struct client *client);

/* Another process serves the next one (workers_drain): if it waits for a
 * request, it does so for a short while only. */
void client_drain(struct client *client);

/* Ends the connection: by a reset, for the client is not heard any more. */
void client_ban(struct client *client);

#endif
