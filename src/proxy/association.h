/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/association: the datagrams of a SOCKS 5 client (RFC 1928, 7).
 *
 * A client asks for it on its TCP connection, and it lives as long as that.
 * Its datagrams come to the listener's address and port, over UDP, from the
 * client's own address; each says where it goes.  What goes to one place, by
 * one name, is a flow (proxy/datagram_flow): judged when its first datagram
 * comes, like a tunnel.
 *
 * What is in pieces (FRAG) is dropped, and so is all that cannot be read, that
 * nobody asked for or that there is no room for: datagrams may be lost.
 *
 * One thread, the worker's of the client.
 */
#ifndef GATEHOUSE_PROXY_ASSOCIATION_H
#define GATEHOUSE_PROXY_ASSOCIATION_H

#include "proxy/callers.h"
#include "proxy/failure.h"
#include "proxy/socks_wire.h"

struct association;
struct client;
struct worker_listener;
struct datagram_flow;
struct worker;

/* Destinations of one client at once; then the one that was silent longest
 * makes room.  A resolver's cache asks a dozen servers, a game a few. */
#define ASSOCIATION_FLOWS_MAX 32

/* Of datagrams that wait for their flow to be allowed, in bytes. */
#define ASSOCIATION_QUEUE_BYTES_MAX ((size_t)32 * 1024)

struct association {
	struct client *client;
	struct caller caller;
	int fd;                      /* of the listener, to answer by; owned */
	struct datagram_flow *flows; /* used last first */
	size_t flow_count;
	size_t room; /* of what waits in the flows, in bytes */
};

/* Answers the request, which is consumed.  Tail call. */
void association_open(
    struct client *client, const struct socks_request *request);

/* Ends all flows and tells them; NULL is fine. */
void association_cancel(
    struct association *association, enum proxy_failure why);

/* Ends the flows that the worker's generation does not allow; NULL is fine. */
void association_judge_again(struct association *association);

/* Reads what has come to the listener at fd. */
void association_receive(
    struct worker *worker, const struct address_port *listener, int fd);

/* An answer from a server, with the head before it that says so. */
void association_answer(
    struct association *association, struct str head, struct str bytes);

#endif
