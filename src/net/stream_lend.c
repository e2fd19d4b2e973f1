/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/stream_lend: output that the network reads where it lies.
 *
 *	spans that last --vmsplice-->        --splice--> transport
 *	                             [ pipe ]
 *	others ---------copied------>        what is left --> nowhere
 *
 * A pipe has references to the pages that were put into it, and so has the
 * socket that takes them from there.  What the transport does not take is
 * thrown away and put there again when it may: so the pipe is empty after each
 * call, and one serves all streams of a loop, whoever is slow.
 *
 * 64 KiB cost 9.6 us instead of 17.6, 1 MiB 90 instead of 150, 32 KiB 8.3
 * instead of 12; 16 KiB as much (bench/README.md).  sendfile(2) from a file in
 * memory was 11.5 and 120, for it asks for each page by its number.
 */
#include "net/stream_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>

/* What may have been put into the pipe for nothing, 2 us, when it was more than
 * the transport takes. */
#define STEP_BYTES ((size_t)516 << 10)

/* Spans in one call: as many as a step has, if they are blocks of a body. */
#define RUN_SPANS 18

static bool
is_lasting(const struct stream_lent *lent, size_t span)
{
	return span < 64 && (lent->lasting >> span & 1) != 0;
}

bool
stream_lends(const struct stream *s, const struct stream_lent *lent)
{
	size_t bytes = 0;

	if (lent->lasting == 0 || s->transport->splice_out == NULL ||
	    s->loop->pipes.no_memory)
		return false;
	for (size_t i = 0; i < lent->count; i++)
		if (is_lasting(lent, i))
			bytes += lent->spans[i].iov_len;
	return bytes >= STREAM_LEND_BYTES_MIN;
}

/* Of what begins at `from`, all spans that are of one kind, `most` at most: how
 * many were set. */
static size_t
choose_run(const struct stream_lent *lent, size_t from, size_t most,
    struct iovec run[static RUN_SPANS], bool *ret_lasts)
{
	size_t at = 0, count = 0;

	while (at < lent->count && from >= lent->spans[at].iov_len)
		from -= lent->spans[at++].iov_len;
	*ret_lasts = is_lasting(lent, at);
	for (; at < lent->count && count < RUN_SPANS && most > 0 &&
	       is_lasting(lent, at) == *ret_lasts;
	     at++, from = 0) {
		const struct iovec *span = &lent->spans[at];
		size_t len = span->iov_len - from;
		if (len > most)
			len = most;
		run[count++] =
		    (struct iovec){ (char *)span->iov_base + from, len };
		most -= len;
	}
	return count;
}

static ssize_t
put(struct stream *s, const struct pipe *pipe, const struct iovec *run,
    size_t count, bool lasts)
{
	ssize_t n;

	do {
		n = lasts ? vmsplice(pipe->in, run, count, SPLICE_F_NONBLOCK)
			  : writev(pipe->in, run, (int)count);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && lasts && (errno == ENOSYS || errno == EPERM))
		s->loop->pipes.no_memory = true;
	return n;
}

/* Bytes that are in the pipe now: fewer, if it is full before. */
static size_t
fill(struct stream *s, const struct pipe *pipe, const struct stream_lent *lent)
{
	struct iovec run[RUN_SPANS];
	size_t filled = 0, count;
	bool lasts;

	while (filled < STEP_BYTES &&
	       (count = choose_run(
		    lent, filled, STEP_BYTES - filled, run, &lasts)) > 0) {
		ssize_t n = put(s, pipe, run, count, lasts);
		if (n <= 0)
			break;
		filled += (size_t)n;
	}
	return filled;
}

static void
move_on(struct stream_lent *lent, size_t sent)
{
	while (lent->count > 0 && sent >= lent->spans->iov_len) {
		sent -= lent->spans->iov_len;
		lent->spans++;
		lent->count--;
		lent->lasting >>= 1;
	}
	if (lent->count == 0)
		return;
	lent->spans->iov_base = (char *)lent->spans->iov_base + sent;
	lent->spans->iov_len -= sent;
}

/* What says something of the call and nothing of the connection. */
static bool
is_unsupported(ssize_t error)
{
	return error == -EINVAL || error == -ENOSYS || error == -EPERM ||
	       error == -ENOMEM;
}

ssize_t
stream_lend_some(
    struct stream *s, struct stream_lent *lent, size_t *ret_offered)
{
	struct pipe_pool *pool = &s->loop->pipes;
	struct pipe *pipe = pipe_pool_take(pool);

	if (pipe == NULL)
		return -ENOTSUP;
	size_t filled = fill(s, pipe, lent);
	ssize_t n = filled > 0
			? s->transport->splice_out(&s->wire, pipe->out, filled)
			: -EINVAL;
	size_t sent = n > 0 ? (size_t)n : 0;
	pipe_pool_give_filled(pool, &pipe, filled - sent);
	move_on(lent, sent);
	*ret_offered = filled;
	if (is_unsupported(n))
		return -ENOTSUP;
	return n == -EAGAIN ? 0 : n;
}
