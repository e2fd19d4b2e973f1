/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/stream_write: the half of a stream that goes out.
 *
 * What the transport does not take at once is queued or left with the user, as
 * he chose by the function that he called; who leaves it waits for `drained`.
 */
#include "net/stream_impl.h"

#include <errno.h>

void
stream_set_mark(struct stream *s, size_t mark)
{
	if (mark < s->drain_mark)
		s->drain_mark = mark;
}

static bool
can_send(const struct stream *s)
{
	return !s->blocked && s->error == 0;
}

/* Sends from the caller's memory, past the queue, which is empty.  Returns
 * what the transport did not take. */
static struct str
send_some(struct stream *s, struct str bytes)
{
	size_t len = bytes.len;

	while (bytes.len > 0 && can_send(s)) {
		ssize_t n = s->transport->write(&s->wire, bytes.at, bytes.len);
		if (n > 0)
			bytes = str_skip(bytes, (size_t)n);
		else if (n == 0 || n == -EAGAIN)
			s->blocked = true;
		else
			stream_fail(s, (int)n);
	}
	if (bytes.len < len && s->bulk != NULL)
		stream_bulk_expect_answer(s);
	return bytes;
}

static void
send_end(struct stream *s)
{
	int error = s->transport->shutdown(&s->wire);

	if (error == 0)
		s->out = OUTPUT_SHUT;
	else if (error == -EAGAIN)
		s->blocked = true;
	else
		stream_fail(s, error);
}

void
stream_flush(struct stream *s)
{
	struct str queued = buffer_peek(&s->output);
	struct str rest = send_some(s, queued);

	if (s->error != 0)
		return;
	buffer_consume(&s->output, queued.len - rest.len);
	if (s->out == OUTPUT_CLOSING && s->output.len == 0 && can_send(s))
		send_end(s);
}

/* ---- what the user writes ---- */

static int
write_refusal(const struct stream *s, struct str bytes)
{
	if (s->error != 0)
		return s->error;
	if (s->out != OUTPUT_OPEN)
		return -EPIPE;
	return bytes.len > buffer_left(&s->output) ? -ENOBUFS : 0;
}

/* Without memory a part would be missing from the middle of the stream. */
static void
append(struct stream *s, struct str bytes)
{
	int error = buffer_append(&s->output, bytes);

	if (error < 0)
		stream_fail(s, error);
	if (stream_is_full(s))
		stream_set_mark(s, s->output_low);
}

int
stream_queue(struct stream *s, struct str bytes)
{
	int error = write_refusal(s, bytes);

	if (error < 0)
		return error;
	append(s, bytes);
	stream_settle(s);
	return s->error;
}

int
stream_write(struct stream *s, struct str bytes)
{
	int error = write_refusal(s, bytes);

	if (error < 0)
		return error;
	if (s->output.len == 0) {
		bytes = send_some(s, bytes);
		if (s->error == 0)
			append(s, bytes);
	} else {
		append(s, bytes);
		stream_flush(s);
	}
	stream_settle(s);
	return s->error;
}

ssize_t
stream_write_some(struct stream *s, struct str bytes)
{
	int error = write_refusal(s, (struct str){ NULL, 0 });
	struct str rest = bytes;

	if (error < 0)
		return error;
	stream_flush(s);
	if (s->output.len == 0)
		rest = send_some(s, bytes);
	if (rest.len > 0)
		stream_set_mark(s, 0);
	stream_settle(s);
	return s->error != 0 ? s->error : (ssize_t)(bytes.len - rest.len);
}

static size_t
spans_bytes(struct iovec *spans, size_t count)
{
	size_t bytes = 0;

	for (size_t i = 0; i < count; i++)
		bytes += spans[i].iov_len;
	return bytes;
}

/* One by one, for a transport that knows no other way. */
static size_t
send_each(struct stream *s, struct iovec *spans, size_t count)
{
	size_t sent = 0;

	for (size_t i = 0; i < count; i++) {
		struct str span = { spans[i].iov_base, spans[i].iov_len };
		struct str rest = send_some(s, span);
		sent += span.len - rest.len;
		if (rest.len > 0)
			break;
	}
	return sent;
}

/* A short count is as good as -EAGAIN, which it would take a call to hear. */
static size_t
send_spans(struct stream *s, struct iovec *spans, size_t count)
{
	if (s->transport->writev == NULL)
		return send_each(s, spans, count);
	if (!can_send(s))
		return 0;
	ssize_t n = s->transport->writev(&s->wire, spans, count);
	if (n < 0 && n != -EAGAIN)
		stream_fail(s, (int)n);
	else if (n < (ssize_t)spans_bytes(spans, count))
		s->blocked = true;
	if (n > 0 && s->bulk != NULL)
		stream_bulk_expect_answer(s);
	return n > 0 ? (size_t)n : 0;
}

/* What cannot be lent, or not now, is copied. */
static size_t
lend(struct stream *s, struct stream_lent *lent)
{
	size_t sent = 0, offered;

	if (!stream_lends(s, lent))
		return send_spans(s, lent->spans, lent->count);
	while (lent->count > 0 && can_send(s)) {
		ssize_t n = stream_lend_some(s, lent, &offered);
		if (n == -ENOTSUP)
			return sent + send_spans(s, lent->spans, lent->count);
		if (n < 0)
			stream_fail(s, (int)n);
		else if ((size_t)n < offered)
			s->blocked = true;
		sent += n > 0 ? (size_t)n : 0;
	}
	if (sent > 0 && s->bulk != NULL)
		stream_bulk_expect_answer(s);
	return sent;
}

ssize_t
stream_lend_spans(
    struct stream *s, struct iovec *spans, size_t count, uint64_t lasting)
{
	int error = write_refusal(s, (struct str){ NULL, 0 });
	struct stream_lent lent = { spans, count, lasting };
	size_t bytes = spans_bytes(spans, count), sent = 0;

	if (error < 0)
		return error;
	stream_flush(s);
	if (s->output.len == 0)
		sent = lend(s, &lent);
	if (sent < bytes)
		stream_set_mark(s, 0);
	stream_settle(s);
	return s->error != 0 ? s->error : (ssize_t)sent;
}

ssize_t
stream_write_spans(struct stream *s, struct iovec *spans, size_t count)
{
	return stream_lend_spans(s, spans, count, 0);
}

static size_t
pour(struct stream *s, struct stream *from, size_t most)
{
	size_t piped = stream_piped(from);
	ssize_t n;

	most = piped < most ? piped : most;

	if (most == 0 || !can_send(s))
		return 0;
	n = stream_bulk_pour(from, s, most);
	if (n < 0)
		stream_fail(s, (int)n);
	else if ((size_t)n < most && !stream_bulk_is_off(from))
		s->blocked = true;
	if (n > 0 && s->bulk != NULL)
		stream_bulk_expect_answer(s);
	return n > 0 ? (size_t)n : 0;
}

ssize_t
stream_write_piped(struct stream *s, struct stream *from, size_t bytes_max)
{
	int error = write_refusal(s, (struct str){ NULL, 0 });
	size_t moved;

	if (error < 0)
		return error;
	stream_flush(s);
	moved = s->output.len == 0 ? pour(s, from, bytes_max) : 0;
	if (stream_piped(from) > 0 && moved < bytes_max)
		stream_set_mark(s, 0);
	stream_settle(s);
	stream_settle(from);
	return s->error != 0 ? s->error : (ssize_t)moved;
}

size_t
stream_pending(const struct stream *s)
{
	return s->output.len;
}

bool
stream_is_full(const struct stream *s)
{
	return s->output.len >= s->output_high;
}

void
stream_shutdown(struct stream *s)
{
	if (s->out != OUTPUT_OPEN)
		return;
	s->out = OUTPUT_CLOSING;
	stream_flush(s);
	stream_settle(s);
}
