/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/datagram_flow: what a client's datagrams to one place are.
 *
 *	asking -> open, or shut -> the end
 *
 * The first datagram asks the policy; those that come meanwhile wait.  What is
 * shut swallows all that comes until it is silent, so that a refusal is asked
 * for, and told, once.  One event for each flow, at its end or its refusal.
 * It has a socket of its own that is connected to the one server, so nobody
 * else can answer.
 */
#ifndef GATEHOUSE_PROXY_DATAGRAM_FLOW_H
#define GATEHOUSE_PROXY_DATAGRAM_FLOW_H

#include "http/host.h"
#include "proxy/datagram_queue.h"
#include "proxy/errand.h"

struct association;
struct crowd_source;

enum datagram_flow_state {
	DATAGRAM_FLOW_ASKING,
	DATAGRAM_FLOW_OPEN,
	DATAGRAM_FLOW_SHUT,
};

struct datagram_flow {
	struct association *association;
	struct datagram_flow *next;
	enum datagram_flow_state state;
	struct errand errand;
	struct crowd_source *place;
	struct address to; /* family NONE: by name */
	char name[256];    /* in its one spelling */
	size_t name_len;
	uint16_t port;
	struct loop_watch watch;
	struct loop_timer timer;
	struct datagram_queue waiting;
};

/* NULL: no memory, or no place (proxy/crowd).  The policy is asked with the
 * first datagram. */
struct datagram_flow *datagram_flow_create(struct association *association,
    struct address to, struct str name, uint16_t port);

/* Tells it, unless it was told. */
void datagram_flow_destroy(struct datagram_flow *flow, enum proxy_failure why);

bool datagram_flow_goes_to(const struct datagram_flow *flow, struct address to,
    struct str name, uint16_t port);

/* From the client.  The flow is still there after it. */
void datagram_flow_send(struct datagram_flow *flow, struct str bytes);

/* False: the worker's generation does not allow it any more. */
bool datagram_flow_stands(struct datagram_flow *flow);

#endif
