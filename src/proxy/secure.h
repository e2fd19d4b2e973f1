/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/secure: a client's connection until TLS is spoken on it.
 *
 * Behind the preface of a balancer, if there is one, and before the first head.
 * It has a time, and a place among heads that come slowly: who stalls takes no
 * more than others.  Why one comes to nothing is counted and told; the client
 * hears of it by an alert.  Who has shown a certificate is its user, for all
 * that the connection is ever about.
 */
#ifndef GATEHOUSE_PROXY_SECURE_H
#define GATEHOUSE_PROXY_SECURE_H

#include "base/str.h"

#include <stdbool.h>

struct client;
struct secure;

/* Whether its listener speaks TLS. */
bool secure_is_wanted(const struct client *client);

/*
 * Takes over the client and its stream until client_secured is called, which it
 * is once, or the client is gone.
 */
void secure_serve(struct client *client);

/* Closes the stream; NULL is fine. */
void secure_cancel(struct secure *secure);

#endif
