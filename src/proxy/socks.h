/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/socks: a client of the explicit port that speaks SOCKS.
 *
 * SOCKS 5 (RFC 1928), with a password where the policy has users and the client
 * offers one (RFC 1929), and SOCKS 4 and 4a.  A request to
 * connect is judged by the name or address that it asks for, like CONNECT, and
 * becomes a tunnel; a refusal is said in the client's protocol.  One for
 * datagrams (version 5) becomes an association.  BIND is refused: nobody is
 * let in from outside this way.
 */
#ifndef GATEHOUSE_PROXY_SOCKS_H
#define GATEHOUSE_PROXY_SOCKS_H

#include "base/str.h"

struct client;

/* Whether these first bytes begin SOCKS and cannot begin HTTP. */
bool socks_begins(struct str bytes);

/* Takes over the client, whose first byte has come.  Tail call. */
void socks_serve(struct client *client);

#endif
