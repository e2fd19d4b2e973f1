/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/transfer.h"

#include "http/chunk.h"

void
transfer_init(struct transfer *transfer, struct stream *from, struct stream *to,
    enum http_framing in, int64_t length, enum http_framing out)
{
	*transfer = (struct transfer){
		.from = from,
		.to = to,
		.chunked = out == HTTP_FRAMING_CHUNKED,
	};
	http_body_init(&transfer->body, in, length);
}

void
transfer_keep(struct transfer *transfer)
{
	transfer->keeps = true;
	buffer_init(&transfer->kept, &stream_loop(transfer->to)->pool,
	    TRANSFER_KEPT_MAX);
	/* Passwords are sent in forms. */
	buffer_keep_secret(&transfer->kept);
}

void
transfer_forget(struct transfer *transfer)
{
	if (transfer->keeps)
		buffer_fini(&transfer->kept);
	transfer->keeps = false;
}

bool
transfer_can_repeat(const struct transfer *transfer)
{
	return transfer->keeps;
}

static int
write_content(struct transfer *transfer, struct str content)
{
	char digits[HTTP_CHUNK_HEAD_BYTES_MAX];
	struct str head = http_chunk_head(content.len, digits);
	int rc;

	if (!transfer->chunked) {
		transfer->passed += content.len;
		return stream_write(transfer->to, content);
	}
	rc = stream_queue(transfer->to, head);
	if (rc == 0)
		rc = stream_queue(transfer->to, content);
	if (rc == 0)
		rc = stream_write(transfer->to, HTTP_CHUNK_TAIL);
	transfer->passed += head.len + content.len + HTTP_CHUNK_TAIL.len;
	return rc;
}

static enum transfer_result
finish(struct transfer *transfer)
{
	if (transfer->done)
		return TRANSFER_DONE;
	transfer->done = true;
	if (!transfer->chunked)
		return TRANSFER_DONE;
	transfer->passed += HTTP_CHUNK_LAST.len;
	return stream_write(transfer->to, HTTP_CHUNK_LAST) < 0 ? TRANSFER_STUCK
							       : TRANSFER_DONE;
}

/* There is nothing to read: is that the end of it? */
static enum transfer_result
starve(struct transfer *transfer)
{
	enum http_fault fault;

	if (!stream_has_ended(transfer->from))
		return TRANSFER_WAITS;
	return http_body_end(&transfer->body, &fault) < 0 ? TRANSFER_BAD
							  : finish(transfer);
}

enum transfer_result
transfer_run(struct transfer *transfer)
{
	enum http_fault fault;
	struct str content;

	while (!http_body_is_done(&transfer->body)) {
		struct str input = stream_input(transfer->from);
		if (input.len == 0)
			return starve(transfer);
		if (stream_is_full(transfer->to))
			return TRANSFER_WAITS;
		input.len =
		    throttle_ask(transfer->throttle, transfer->from, input.len);
		if (input.len == 0)
			return TRANSFER_WAITS;
		struct http_body before = transfer->body;
		ssize_t used =
		    http_body_decode(&transfer->body, input, &content, &fault);
		if (used < 0)
			return TRANSFER_BAD;
		if (content.len > 0 && write_content(transfer, content) < 0) {
			/* It is still there, for who takes it next. */
			transfer->body = before;
			return TRANSFER_STUCK;
		}
		if (transfer->keeps &&
		    buffer_append(&transfer->kept, content) < 0)
			transfer_forget(transfer);
		stream_consume(transfer->from, (size_t)used);
		throttle_spend(transfer->throttle, (size_t)used);
		transfer->taken += (uint64_t)used;
	}
	return finish(transfer);
}

bool
transfer_repeat(
    struct transfer *transfer, struct stream *to, enum http_framing out)
{
	struct str content = buffer_peek(&transfer->kept);

	transfer->to = to;
	transfer->chunked = out == HTTP_FRAMING_CHUNKED;
	transfer->done = false;
	return content.len == 0 || write_content(transfer, content) == 0;
}
