/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/dns_datagrams: questions that come by UDP.
 *
 * What was intercepted is answered from the address that it was sent to, which
 * the kernel tells of each datagram; the socket may send from any.
 */
#ifndef GATEHOUSE_PROXY_DNS_DATAGRAMS_H
#define GATEHOUSE_PROXY_DNS_DATAGRAMS_H

#include "proxy/dns_front.h"

/* Reads what has come, up to a number that leaves others their turn. */
void dns_datagrams_take(
    struct dns_front *front, const struct proxy_listener *listener);

/* What does not get through is asked for again. */
void dns_datagrams_send(const struct dns_client *client, struct str message);

#endif
