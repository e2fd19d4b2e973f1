/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/serve_impl.h"

#include "base/text.h"
#include "http/chunk.h"

#include <errno.h>
#include <sys/random.h>

/* Content that is offered to the socket in one call. */
#define SPANS_MAX ((size_t)32)

/* What is copied, because its length is not known yet and it goes in chunks. */
#define CHUNK_BYTES_MAX ((size_t)32 << 10)

/* ---- its content ---- */

/* Bytes of the part that are still to come, at most. */
static uint64_t
due(const struct serve *serve)
{
	uint64_t last = serve->parts.items[serve->part].last;

	return last == UINT64_MAX ? UINT64_MAX : last + 1 - serve->at;
}

/* So much of what is there may go now; 0: it will be told when. */
static uint64_t
allowed(struct serve *serve, uint64_t most)
{
	uint64_t there = cache_body_bytes(cache_object_body(serve->object));
	uint64_t wanted = there > serve->at ? there - serve->at : 0;
	uint64_t left = due(serve);

	wanted = wanted < left ? wanted : left;
	return throttle_ask(serve->throttle, serve->to,
	    (size_t)(wanted < most ? wanted : most));
}

/* All of what is there is with the stream. */
static enum serve_result
await_more(struct serve *serve)
{
	const struct cache_body *body = cache_object_body(serve->object);
	enum cache_body_state state = cache_body_state(body);

	/* It may have come in the meantime. */
	if (cache_body_bytes(body) > serve->at)
		return serve_run(serve);
	if (state == CACHE_BODY_BROKEN)
		return SERVE_BROKEN;
	if (state == CACHE_BODY_WHOLE)
		return SERVE_DONE;
	cache_reader_wait(serve->reader);
	return SERVE_WAITS;
}

/* What the stream did not take of the head must not be lost. */
static ssize_t
queue_rest(struct serve *serve, struct str head, ssize_t sent)
{
	if (sent < 0 || (size_t)sent >= head.len)
		return sent;
	int rc = stream_write(serve->to, str_skip(head, (size_t)sent));
	return rc < 0 ? rc : (ssize_t)head.len;
}

static void
account(struct serve *serve, size_t content)
{
	serve->at += content;
	serve->passed += content;
	throttle_spend(serve->throttle, content);
	if (serve->reader != NULL)
		cache_reader_advance(serve->reader, serve->at);
}

/* A bit for each span that the network may read where it lies. */
static uint64_t
lend(const struct serve *serve, const struct iovec *spans, size_t count)
{
	uint64_t bits = 0;

	for (size_t i = 0; serve->lends && i < count; i++)
		bits |= (uint64_t)cache_span_lend(&spans[i]) << i;
	return bits;
}

/* The head, if there is one, and of the part what is there, in one call.  How
 * much of the content the stream has taken, and *ret_offered. */
static ssize_t
offer(struct serve *serve, struct str head, size_t *ret_offered)
{
	struct iovec spans[1 + SPANS_MAX];
	size_t before = head.len > 0; /* spans of the head */
	struct iovec *first = spans + 1 - before;
	size_t count = cache_body_spans(cache_object_body(serve->object),
	    serve->at, allowed(serve, SIZE_MAX), spans + 1, SPANS_MAX);

	*ret_offered = 0;
	for (size_t i = 1; i <= count; i++)
		*ret_offered += spans[i].iov_len;
	if (*ret_offered + head.len == 0)
		return 0;
	spans[0] = (struct iovec){ (void *)(uintptr_t)head.at, head.len };
	ssize_t sent = queue_rest(serve, head,
	    stream_lend_spans(serve->to, first, count + before,
		lend(serve, spans + 1, count) << before));
	serve->passed += head.len;
	return sent < 0 ? sent : sent - (ssize_t)head.len;
}

static enum serve_result
send_content(struct serve *serve, struct str head)
{
	size_t offered;

	do {
		ssize_t sent = offer(serve, head, &offered);
		if (sent < 0)
			return SERVE_STUCK;
		account(serve, (size_t)sent);
		if ((size_t)sent < offered || throttle_waits(serve->throttle))
			return SERVE_WAITS;
		head = STR("");
	} while (offered > 0 && due(serve) > 0);
	return due(serve) == 0 ? SERVE_DONE : await_more(serve);
}

/* A copy, because a chunk must be whole and the socket may take half of it. */
static int
queue_chunk(struct serve *serve, struct iovec span)
{
	char digits[HTTP_CHUNK_HEAD_BYTES_MAX];
	struct str content = { span.iov_base, span.iov_len };
	struct str head = http_chunk_head(content.len, digits);
	int rc = stream_queue(serve->to, head);

	if (rc == 0)
		rc = stream_queue(serve->to, content);
	if (rc == 0)
		rc = stream_queue(serve->to, HTTP_CHUNK_TAIL);
	serve->passed += head.len + HTTP_CHUNK_TAIL.len;
	account(serve, content.len);
	return rc;
}

static enum serve_result
send_chunks(struct serve *serve)
{
	const struct cache_body *body = cache_object_body(serve->object);
	struct iovec span;

	while (!stream_is_full(serve->to)) {
		size_t count = cache_body_spans(
		    body, serve->at, allowed(serve, CHUNK_BYTES_MAX), &span, 1);
		if (throttle_waits(serve->throttle))
			return SERVE_WAITS;
		if (count == 0)
			return await_more(serve);
		if (queue_chunk(serve, span) < 0)
			return SERVE_STUCK;
	}
	return SERVE_WAITS;
}

static int
write_text(struct serve *serve, struct text *text)
{
	int rc = text->full ? -ENOMEM : stream_queue(serve->to, text_str(text));

	serve->passed += text->len;
	text_fini(text);
	return rc;
}

static int
begin_part(struct serve *serve)
{
	const struct cache_range *part = &serve->parts.items[serve->part];
	struct text head = TEXT_EMPTY;

	serve->part_begun = true;
	serve->at = part->first;
	if (!serve->several)
		return 0;
	cache_range_add_part_head(
	    (struct str){ serve->boundary, CACHE_BOUNDARY_BYTES },
	    serve_stored_value(serve, HTTP_NAME_CONTENT_TYPE), part,
	    serve_length(serve->object), serve->part == 0, &head);
	return write_text(serve, &head);
}

static enum serve_result
end_parts(struct serve *serve)
{
	struct text tail = TEXT_EMPTY;

	if (serve->ended)
		return SERVE_DONE;
	serve->ended = true;
	if (serve->several)
		cache_range_add_part_tail(
		    (struct str){ serve->boundary, CACHE_BOUNDARY_BYTES },
		    &tail);
	if (serve->chunked)
		text_add(&tail, HTTP_CHUNK_LAST);
	return write_text(serve, &tail) < 0 ? SERVE_STUCK : SERVE_DONE;
}

static enum serve_result
run(struct serve *serve, struct str head)
{
	for (; serve->part < serve->parts.count; serve->part++) {
		if (!serve->part_begun && begin_part(serve) < 0)
			return SERVE_STUCK;
		enum serve_result result = serve->chunked
					       ? send_chunks(serve)
					       : send_content(serve, head);
		head = STR("");
		if (result != SERVE_DONE)
			return result;
		serve->part_begun = false;
	}
	return end_parts(serve);
}

enum serve_result
serve_run(struct serve *serve)
{
	return run(serve, STR(""));
}

/* ---- all of it ---- */

static int
choose_boundary(struct serve *serve)
{
	uint8_t random[16];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return -EIO;
	cache_range_set_boundary(random, serve->boundary);
	return 0;
}

/* What is whole stays as it is. */
static int
follow(struct serve *serve, const struct serve_order *order)
{
	struct cache_body *body = cache_object_body(serve->object);

	if (serve->parts.count == 0 || cache_body_is_all(body))
		return 0;
	return cache_reader_open(body, serve->parts.items[0].first,
	    stream_loop(serve->to), order->wake, order->context,
	    &serve->reader);
}

enum serve_result
serve_begin(struct serve *serve, const struct serve_order *order)
{
	*serve = (struct serve){
		.object = cache_object_ref(order->object),
		.to = order->to,
		.throttle = order->throttle,
	};
	if (order->throttle != NULL)
		throttle_tell(order->throttle, order->wake, order->context);
	/* What it had may have gone. */
	if (cache_body_state(cache_object_body(order->object)) ==
	    CACHE_BODY_BROKEN)
		return SERVE_BROKEN;
	serve_choose(serve, order);
	if ((serve->several && choose_boundary(serve) < 0) ||
	    serve_write_head(serve, order) < 0 || follow(serve, order) < 0)
		return SERVE_STUCK;
	struct str head = text_str(order->scratch);
	serve->lends = serve->parts.count > 0 && stream_can_splice(serve->to) &&
		       cache_body_send(cache_object_body(serve->object));
	if (serve->parts.count == 1 && !serve->chunked && !serve->several)
		return run(serve, head);
	serve->passed += head.len;
	if ((serve->parts.count > 0 ? stream_queue(serve->to, head)
				    : stream_write(serve->to, head)) < 0)
		return SERVE_STUCK;
	return serve_run(serve);
}

void
serve_fini(struct serve *serve)
{
	cache_reader_close(&serve->reader);
	cache_object_unref(serve->object);
	serve->object = NULL;
}
