/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/flow: what is known of a flow.
 *
 * Whoever asks the policy fills one of these.  Each fact is known, absent
 * (there is none: a TLS connection without a server name), or not given (the
 * answer may hang on it).  When in a flow's life a fact becomes known is the
 * business of policy/facts, not of who fills this.
 */
#ifndef GATEHOUSE_POLICY_FLOW_H
#define GATEHOUSE_POLICY_FLOW_H

#include "policy/facts.h"

#include "base/address.h"

enum {
	ZONE_SELF = 62, /* the gateway itself */
	ZONE_NONE = 63, /* in no zone */
};

/* How far a flow can go is fixed by its first packet. */
enum flow_way {
	FLOW_PLAIN,       /* packets only */
	FLOW_UNCARRIED,   /* intercepted, but the proxy cannot carry it */
	FLOW_INTERCEPTED, /* handed to the proxy on its way to a server */
	FLOW_EXPLICIT,    /* asked of the proxy by the client */
};

enum flow_known {
	FLOW_NOT_GIVEN,
	FLOW_ABSENT,
	FLOW_KNOWN,
};

/* What a connection carries, as far as it is TLS. */
enum flow_tls {
	FLOW_BARE,        /* none, or what it carries is not asked for */
	FLOW_TLS,         /* and nothing is known of what lies inside */
	FLOW_TLS_REQUEST, /* the other facts are those of a request inside */
};

/* A field of a request; both texts are lent. */
struct flow_header {
	struct str name, value;
};

struct flow {
	enum flow_way way;
	enum policy_phase last;           /* the last phase that it can reach */
	uint8_t known[POLICY_FACT_COUNT]; /* enum flow_known */
	bool spoofed;  /* the source does not live in from_zone */
	bool console;  /* of one that the console takes */
	bool asks_dns; /* of one that `dns` takes */
	bool balanced; /* a balancer's packet: whom it is for is not known */
	enum policy_reason settled; /* the kernel asks no list; or NONE */
	enum flow_tls tls;
	bool pinned;   /* of TLS: the client does not take our certificate */
	bool connects; /* of TLS: the explicit proxy was asked by a CONNECT */
	uint8_t from_zone;
	uint8_t to_zone;  /* of DESTINATION */
	uint8_t own_zone; /* to_zone is SELF: the zone of that own address */
	struct address source;
	struct address destination; /* family NONE, though known: elsewhere */
	enum policy_protocol protocol; /* of SERVICE */
	uint16_t port;                 /* or row of policy_icmp_kinds */
	bool any_port;                 /* of SERVICE, only the protocol known */
	struct str name;               /* lower case, no final dot */
	/* No flow yet, but a question to the DNS for this, which is judged as a
	 * flow to `name` (policy/question); at == NULL: it is a flow. */
	struct str question;
	/* Of a plain flow: packets tell its name, for the zone's names are
	 * learned (policy/learning).  Others that were learned for the same
	 * address stand beside it: a condition that one of them meets is met.
	 */
	bool learns;
	const struct str *also;
	size_t also_count;
	struct str method;
	struct str path;           /* canonical, without the query */
	unsigned minute;           /* TIME, of the week (policy/hours) */
	enum policy_scheme scheme; /* of what the connection carries */
	struct str user;
	const struct flow_header *headers; /* all of the request's */
	size_t header_count;
	struct str type; /* of the answer's content: "image/png" */
};

#endif
