/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/transfer: the content of one message, from one stream to another.
 *
 * It ends where its framing says, and is framed anew: what comes chunked, or
 * until the close, may go out chunked with other chunks.  Nothing is held
 * here; what the writer cannot take stays in the reader's input, which stops
 * its peer.  But a server of HTTP/2 may say that it has not looked at what it
 * was sent: the first of it can be remembered, and go to another.
 */
#ifndef GATEHOUSE_PROXY_TRANSFER_H
#define GATEHOUSE_PROXY_TRANSFER_H

#include "http/body.h"
#include "net/throttle.h"

struct transfer {
	struct stream *from, *to;
	struct http_body body;
	struct throttle *throttle; /* lent; NULL: nothing holds it back */
	bool chunked;              /* on the way out */
	bool done;                 /* the end has been written as well */
	uint64_t taken;            /* bytes off `from`, framing included */
	uint64_t passed;           /* bytes into `to`, framing included */
	struct buffer kept; /* content that has passed, without framing */
	bool keeps;         /* all of it so far is there */
};

/* Content that is remembered: what servers take before they have said how much
 * (RFC 9113, 6.9.2). */
#define TRANSFER_KEPT_MAX ((size_t)64 << 10)

/* `in` and length are the framing that comes, `out` the one to write. */
void transfer_init(struct transfer *transfer, struct stream *from,
    struct stream *to, enum http_framing in, int64_t length,
    enum http_framing out);

enum transfer_result {
	TRANSFER_WAITS, /* for input, for room, or for its turn */
	TRANSFER_DONE,
	TRANSFER_BAD,   /* what came is malformed */
	TRANSFER_STUCK, /* the writer failed; its `failed` says it as well */
};

/* Moves what can be moved now.  To be called when `from` has data or has
 * ended, and when `to` is drained. */
enum transfer_result transfer_run(struct transfer *transfer);

/* From now on, before anything has passed: remembers it, as long as it is no
 * more than that. */
void transfer_keep(struct transfer *transfer);

/* Whether all that has passed is remembered. */
bool transfer_can_repeat(const struct transfer *transfer);

/* Another takes it, from its beginning on.  False: there is no memory. */
bool transfer_repeat(
    struct transfer *transfer, struct stream *to, enum http_framing out);

/* Nobody will ask for it again.  May be called at any time. */
void transfer_forget(struct transfer *transfer);

#endif
