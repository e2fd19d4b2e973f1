/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/parent: proxies that the proxy sends flows through.
 *
 * A parent is a name for one or more servers, which are tried in their order.
 * What they are to each other (who is down, who is next) is the affair of
 * whoever dials them; a policy only says who they are.
 */
#ifndef GATEHOUSE_POLICY_PARENT_H
#define GATEHOUSE_POLICY_PARENT_H

#include "base/address.h"
#include "base/report.h"

/* What is spoken with a parent: id and word. */
#define POLICY_PARENT_PROTOCOLS(ROW)                                           \
	ROW(HTTP, http)                                                        \
	ROW(HTTPS, https)                                                      \
	ROW(SOCKS5, socks5)

enum policy_parent_protocol {
#define ROW(id, word) POLICY_PARENT_PROTOCOL_##id,
	POLICY_PARENT_PROTOCOLS(ROW)
#undef ROW
	POLICY_PARENT_PROTOCOL_COUNT
};

struct policy_parent_server {
	enum policy_parent_protocol protocol;
	struct str host;        /* canonical; at == NULL: by address */
	struct address address; /* family NONE: by name */
	uint16_t port;
	struct str text; /* all of it, canonical: "http 10.0.0.9:3128" */
	/* Who may sign for an `https` one, PEM; at == NULL: the system's. */
	struct str authorities;
	size_t nth; /* of all servers of the policy, from 0 */
};

/* `parent NAME = ...` */
struct policy_parent {
	struct str name;
	struct policy_parent_server *servers; /* in the order of trial */
	size_t server_count;
	struct place place;
	bool used; /* by a rule */
};

const char *policy_parent_protocol_word(enum policy_parent_protocol protocol);

/* Whether it is asked as a proxy for HTTP is asked: by CONNECT, for URLs. */
bool policy_parent_speaks_http(enum policy_parent_protocol protocol);

/* True and *ret when the word is one. */
bool policy_parent_protocol_find(
    struct str word, enum policy_parent_protocol *ret);

/* The same place, and trusted for the same reason. */
bool policy_parent_server_same(
    const struct policy_parent_server *a, const struct policy_parent_server *b);

/*
 * Whether flows go the same way by both: the same servers in the same order,
 * whatever the parents are called, perhaps in two policies.  NULL is no parent.
 */
bool policy_parent_same(
    const struct policy_parent *a, const struct policy_parent *b);

#endif
