/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/question: what a request asks of the policy.
 *
 * Everything in a head that rules may look at is copied into the client's
 * arena, since a policy may ask until the answer has come.  Want of memory is
 * seen there (arena.full).
 */
#ifndef GATEHOUSE_PROXY_QUESTION_H
#define GATEHOUSE_PROXY_QUESTION_H

#include "http/message.h"
#include "proxy/failure.h"

struct client;
struct errand;

/* What we never pass on, whatever the policy says; PROXY_FAILURE_NONE. */
enum proxy_failure question_objection(
    const struct client *client, const struct http_request *request);

/* Fills the errand's flow and account from the request. */
void question_put(struct errand *errand, struct client *client,
    const struct http_request *request);

#endif
