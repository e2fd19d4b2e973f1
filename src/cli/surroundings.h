/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/surroundings: what a host has and does, as far as a first policy asks.
 *
 * Seen from the network namespace in which it is called, without privilege.
 */
#ifndef GATEHOUSE_CLI_SURROUNDINGS_H
#define GATEHOUSE_CLI_SURROUNDINGS_H

#include "base/address.h"
#include "cli/ssh_origin.h"

#include <stdio.h>

/* A zone each, and one for what lives nowhere else. */
#define SURROUNDINGS_INTERFACES_MAX 16
#define SURROUNDINGS_NETWORKS_MAX   8
#define SURROUNDINGS_PORTS_MAX      32
#define SURROUNDINGS_RESOLVERS_MAX  4

struct surroundings_interface {
	char name[16];
	struct address own[SURROUNDINGS_NETWORKS_MAX];
	struct address_range networks[SURROUNDINGS_NETWORKS_MAX];
	size_t count;
	bool is_within; /* a bridge to containers or guests of this machine */
};

/* Ports on which somebody listens for others; ascending. */
struct surroundings_ports {
	uint16_t at[SURROUNDINGS_PORTS_MAX];
	size_t count;
};

struct surroundings {
	struct surroundings_interface interfaces[SURROUNDINGS_INTERFACES_MAX];
	size_t count;
	char unnamed[16]; /* an interface that no policy can name; or "" */
	size_t outside;   /* the interface of the default route; count: none */
	bool forwards;
	struct surroundings_ports tcp, udp;
	struct address resolvers[SURROUNDINGS_RESOLVERS_MAX];
	size_t resolver_count;
	struct ssh_session session;
	bool has_session;
};

/* 0 or a negative errno: what interfaces there are could not be found out. */
int surroundings_look(struct surroundings *ret);

/* Whose addresses nobody has outside (RFC 1918, 4193, 6598). */
bool surroundings_is_private(struct address address);

bool surroundings_port_is(
    const struct surroundings_ports *ports, uint16_t port);

#endif
