/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/exchange: one request and its answer.
 *
 *	head read -> asked of the policy -> connected -> head written anew
 *	-> content up, answer's head down, content down -> told -> next
 *
 * The request's head stays in the client's input, unread beyond, until the
 * head for the server has been made from it; so nothing is copied.  Content
 * then moves both ways at once.  The exchange lies in the client's arena.
 *
 * What becomes of a connection:
 * - to the server: kept, if both said so and the whole of both messages passed;
 * - to the client: kept, unless the answer ends with it or is cut off.
 *
 * A kept connection to a server may have ended while it waited.  A request
 * that may be repeated (RFC 9110, 9.2.2) and has no content is sent again on a
 * new one; others are never sent on a kept one.
 */
#ifndef GATEHOUSE_PROXY_EXCHANGE_H
#define GATEHOUSE_PROXY_EXCHANGE_H

#include "http/message.h"
#include "proxy/errand.h"

struct client;
struct exchange;

/* The head takes `head_bytes` of the client's input.  Tail call. */
void exchange_begin(struct client *client, const struct http_request *request,
    size_t head_bytes);

/* The client's timer: something takes too long.  Tail call. */
void exchange_on_time(struct exchange *exchange);

/* Its own; lives as long. */
struct errand *exchange_errand(struct exchange *exchange);

/* Breaks it off, tells the event; NULL is fine.  The client's stream stays. */
void exchange_cancel(struct exchange *exchange, enum proxy_failure why);

#endif
