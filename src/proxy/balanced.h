/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/balanced: a connection by which a trusted balancer speaks for a client.
 *
 * It begins with the header of the PROXY protocol (proxy/preface), whatever the
 * client then speaks.  Without one nothing is served: the policy would take the
 * balancer for the client.  What asks for nobody who is known is refused for
 * the same reason; only what the balancer asks for itself (LOCAL, to see
 * whether we live) is judged by its own address.
 */
#ifndef GATEHOUSE_PROXY_BALANCED_H
#define GATEHOUSE_PROXY_BALANCED_H

struct client;

/* Takes over the client until the header has come. */
void balanced_serve(struct client *client);

#endif
