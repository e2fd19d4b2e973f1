/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * event/event: what happened, told once.
 *
 * Whoever decides something fills one event and emits it; the daemon that the
 * code runs in has set the sink.  Both enforcers use the same record, so that
 * there is one stream.  Its JSON form is part of the outside (docs/events.md)
 * and is written by console/journal alone.
 *
 * Everything pointed to is lent for the call.  Any thread may emit; the sink
 * must not block.
 */
#ifndef GATEHOUSE_EVENT_EVENT_H
#define GATEHOUSE_EVENT_EVENT_H

#include "base/address.h"

/*
 * What the event is about; one row a kind: its word, and what it says.  What a
 * kind is said of is told in docs/events.md.
 */
#define EVENT_KINDS(ROW)                                                       \
	ROW(PACKET, packet, "a packet that a rule logs, or met none")          \
	ROW(FLOW, flow, "a connection, or its end")                            \
	ROW(REQUEST, request, "a request of HTTP")                             \
	ROW(DNS, dns, "a question to a name server")                           \
	ROW(LIST, list, "a list was read anew, or could not be")               \
	ROW(POLICY, policy, "a policy came into force, or did not")            \
	ROW(BAN, ban, "who is banned, and until when")                         \
	ROW(FAULT, fault, "something of the gateway itself is not right")

enum event_kind {
	EVENT_KIND_NONE,
#define ROW(id, word, meaning) EVENT_KIND_##id,
	EVENT_KINDS(ROW)
#undef ROW
	EVENT_KIND_COUNT
};

struct event {
	int64_t time; /* wall clock; 0: event_emit sets it */
	enum event_kind kind;
	uint64_t flow;        /* event_flow_id of the client's connection */
	const char *enforcer; /* "firewall" or "proxy" */
	const char *phase;    /* "packet", "name", "request", "response" */
	const char *verdict;  /* "allow", "reject", "drop" */
	uint32_t rule_line;   /* 0: no rule of the user's file */
	struct str rule_name; /* as "..."; at == NULL: none */
	struct str zone_from; /* at == NULL: in no zone */
	struct str zone_to;
	struct address_port source;
	struct address destination; /* family NONE: never known */
	const char *protocol; /* "tcp", "udp", "icmp", or a number's name */
	uint16_t port;        /* of the destination; 0: none */
	struct str name;      /* the name asked for */
	struct str method;
	struct str url;
	struct str user;
	uint16_t status;          /* of HTTP; 0: none */
	bool measured;            /* bytes and duration below are meant */
	uint64_t bytes_in;        /* from the client */
	uint64_t bytes_out;       /* to the client */
	int64_t duration;         /* nanoseconds */
	bool counted;             /* the packets below are meant */
	uint64_t packets_in;      /* from the client */
	uint64_t packets_out;     /* to the client */
	const char *reason;       /* why, where no rule says it; NULL: none */
	struct str parent;        /* that it went by, or was to; len 0: none */
	struct str parent_server; /* that was tried last; len 0: none */
	struct address_port balancer; /* that spoke for the source; NONE */
	const char *flags;   /* of a TCP packet: "syn,ack"; NULL: none */
	uint32_t length;     /* of a packet, in bytes; 0: not told */
	uint64_t suppressed; /* packets that this event stands for */
	const char *http;    /* of a request: "1.0", "1.1", "2"; NULL: none */
	const char *http_server; /* that its server was asked by; NULL: none */
};

typedef void (*event_sink_fn)(const struct event *event, void *context);

/* Once, before any thread runs.  Without a sink events go nowhere. */
void event_sink_set(event_sink_fn sink, void *context);

void event_emit(const struct event *event);

/* Of docs/events.md; NULL for EVENT_KIND_NONE. */
const char *event_kind_word(enum event_kind kind);

/*
 * The name that all records of one connection share, in the kernel's log and
 * in the proxy's: a hash of the protocol number and the four ends of the
 * client's connection as the client made it.
 */
uint64_t event_flow_id(uint8_t protocol, struct address_port source,
    struct address_port destination);

#endif
