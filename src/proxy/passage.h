/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/passage: a parent is asked to open a way to a server.
 *
 *	http(s)  CONNECT, head of the answer (RFC 9110, 9.3.6)
 *	socks5   greeting, method, request, reply (RFC 1928)
 *
 * Behind it the stream is as if it went to the server itself: what the server
 * has said already stands in its input.
 *
 * Life cycle: start, which takes the stream -> fn is called once, always from
 * the loop; or cancel, and it is not called.  All belongs to the thread of the
 * loop.
 */
#ifndef GATEHOUSE_PROXY_PASSAGE_H
#define GATEHOUSE_PROXY_PASSAGE_H

#include "http/parse.h"
#include "net/stream.h"
#include "policy/parent.h"
#include "proxy/failure.h"

struct passage;

/* What the parent is asked for: a name, or an address. */
struct passage_target {
	struct str host; /* canonical; at == NULL: by address */
	struct address address;
	uint16_t port;
	struct str via; /* line of a CONNECT, with its CRLF; at NULL: ours */
};

/*
 * NONE: `stream` is open to the target, and the callee takes it.  Else it is
 * closed, and `detail` is what the parent said, "" if nothing.
 */
typedef void (*passage_fn)(struct passage *passage, enum proxy_failure failure);

enum passage_state {
	PASSAGE_CONNECT, /* a CONNECT is sent */
	PASSAGE_GREETING,
	PASSAGE_REQUEST, /* of SOCKS, sent */
};

#define PASSAGE_DETAIL_BYTES 96

/* The caller sets fn and context; the rest begins as zero. */
struct passage {
	passage_fn fn;
	void *context;
	struct stream *stream; /* NULL: nothing under way, or taken */
	enum passage_state state;
	struct passage_target target; /* texts are lent */
	struct http_head_scan scan;
	struct loop_timer timer;
	char detail[PASSAGE_DETAIL_BYTES];
};

/* The target's texts live until the end. */
void passage_start(struct passage *passage, struct stream **stream,
    enum policy_parent_protocol protocol, const struct passage_target *target);

/* Closes the stream; does nothing to a passage that is not under way. */
void passage_cancel(struct passage *passage);

#endif
