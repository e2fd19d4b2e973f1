/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/quic_flow: one client's QUIC to one server, on its way through.
 *
 *	HELLO	datagrams wait until the name has come (net/quic_hello)
 *	ASKING	the policy, the DNS (proxy/errand)
 *	WAITING	for a socket that stands for the server (proxy/sources)
 *	OPEN	to and fro, unread, until nothing moves
 *	SHUT	refused; a client that asks again is not looked at for a while
 *
 * What begins with no QUIC is asked about without a name.  Of the server only
 * the name's own addresses are sent to, as of TLS that is intercepted.  A
 * client that is rejected is told so (net/quic_refusal), one that is dropped is
 * not.  Another connection that it begins in the flow must be to the same name,
 * or a name that is allowed would let in one that is not.
 *
 * One thread, the worker's that takes QUIC.
 */
#ifndef GATEHOUSE_PROXY_QUIC_FLOW_H
#define GATEHOUSE_PROXY_QUIC_FLOW_H

#include "net/quic_hello.h"
#include "proxy/datagram_queue.h"
#include "proxy/errand.h"
#include "proxy/sources.h"

struct crowd_source;
struct quic_flows;

/* A flight comes at once; what is lost of it is sent again after a second. */
#define QUIC_HELLO_TIMEOUT (3 * CLOCK_SECOND)

/* A client asks again after a fraction of a second, then of twice that. */
#define QUIC_SHUT_TIME (5 * CLOCK_SECOND)

/* Of datagrams that wait, in bytes: some flights. */
#define QUIC_QUEUE_BYTES_MAX ((size_t)32 * 1024)

enum quic_flow_state {
	QUIC_FLOW_HELLO,
	QUIC_FLOW_ASKING,
	QUIC_FLOW_WAITING,
	QUIC_FLOW_OPEN,
	QUIC_FLOW_SHUT,
};

struct quic_flow {
	struct quic_flow *next, **link; /* quic_flows' */
	struct quic_flows *flows;
	struct worker *worker;
	struct address_port client, server;
	enum quic_flow_state state;
	bool settled; /* quic_flows': it was young once */
	bool refused; /* WAITING is for that it can be said */
	struct crowd_source *place;
	struct quic_hello *hello;   /* until it is decided; NULL */
	struct quic_hello *again;   /* OPEN: of another connection; NULL */
	char id[QUIC_ID_BYTES_MAX]; /* of the connection */
	size_t id_len;
	char name[HOSTNAME_MAX + 1];
	size_t name_len;
	struct errand errand;
	struct source_ticket *ticket; /* NULL: it does not wait */
	struct loop_timer timer;
	struct datagram_queue waiting;
	size_t room;                 /* of what waits */
	struct loop_watch near, far; /* client and server; fd -1 */
};

/* NULL: there is no room. */
struct quic_flow *quic_flow_create(struct quic_flows *flows,
    struct worker *worker, struct address_port client,
    struct address_port server);

/* Tells of it, if nobody has; it is in no list any more. */
void quic_flow_destroy(struct quic_flow *flow, enum proxy_failure why);

/* From the client. */
void quic_flow_take(struct quic_flow *flow, struct str datagram);

/* Whether it may go on under the worker's generation. */
bool quic_flow_stands(struct quic_flow *flow);

#endif
