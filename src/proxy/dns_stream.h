/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/dns_stream: questions that come on a connection (RFC 7766).
 *
 * Any number after each other, and several at once, which are answered as their
 * answers are there.  It ends when nothing was asked for a while, when the
 * client has said its last and been answered, or when it does not take its
 * answers.
 */
#ifndef GATEHOUSE_PROXY_DNS_STREAM_H
#define GATEHOUSE_PROXY_DNS_STREAM_H

#include "proxy/dns_front.h"

/* Questions of one connection that wait; then it is not read from. */
#define DNS_STREAM_WAITS_MAX 64

/* RFC 7766, 6.2.3: some seconds. */
#define DNS_STREAM_IDLE (10 * CLOCK_SECOND)

/* Takes the descriptor. */
void dns_stream_open(struct worker *worker, bool intercepted,
    const struct address_port *listener, int fd, struct address_port peer);

/* An answer. */
void dns_stream_send(struct dns_stream *stream, struct str message);

/* One of its questions waits, or has been answered, or never will be. */
void dns_stream_wait(struct dns_stream *stream);
void dns_stream_done(struct dns_stream *stream);

void dns_stream_close(struct dns_stream *stream);

/* Of the worker's list; NULL at its end. */
struct dns_stream *dns_stream_next(const struct dns_stream *stream);

/* No more is asked of this process. */
void dns_stream_drain(struct dns_stream *stream);

#endif
