/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/passage.h"

#include "http/via.h"
#include "proxy/limits.h"
#include "proxy/socks_wire.h"
#include "proxy/worker.h"

#include <errno.h>
#include <stdio.h>

void
passage_cancel(struct passage *passage)
{
	if (passage->stream == NULL)
		return;
	loop_timer_cancel(&passage->timer);
	stream_close(&passage->stream);
}

static void
fail(struct passage *passage, enum proxy_failure failure)
{
	passage_cancel(passage);
	passage->fn(passage, failure);
}

static void
open_way(struct passage *passage, size_t used)
{
	loop_timer_cancel(&passage->timer);
	stream_consume(passage->stream, used);
	stream_read_stop(passage->stream);
	stream_use(passage->stream, NULL, NULL);
	passage->fn(passage, PROXY_FAILURE_NONE);
}

static void
arm(struct passage *passage, int64_t time)
{
	struct loop *loop = stream_loop(passage->stream);

	loop_timer_arm(loop, &passage->timer, loop_now(loop) + time);
}

/* ---- CONNECT ---- */

static void
add_target(const struct passage_target *target, struct text *out)
{
	struct address_port at = { target->address, target->port };
	char text[ADDRESS_TEXT_BYTES];

	if (target->host.at != NULL)
		text_addf(out, "%.*s:%u", STR_ARG(target->host), target->port);
	else
		text_addz(out, address_port_format(at, text));
}

/* RFC 9112, 3.2.3: authority-form, and the same as Host. */
static int
write_connect(struct passage *passage)
{
	static const struct http_fields nothing = { 0 };
	struct text head = TEXT_EMPTY;

	text_addz(&head, "CONNECT ");
	add_target(&passage->target, &head);
	text_addz(&head, " HTTP/1.1\r\nHost: ");
	add_target(&passage->target, &head);
	text_addz(&head, "\r\n");
	if (passage->target.via.at != NULL)
		text_add(&head, passage->target.via);
	else
		http_via_add(&nothing, HTTP_VERSION_1_1, worker_via(), &head);
	text_addz(&head, "\r\n");
	int rc = head.full ? -ENOMEM
			   : stream_write(passage->stream, text_str(&head));
	text_fini(&head);
	return rc;
}

static enum proxy_failure
failure_of_status(unsigned status)
{
	if (status == 407)
		return PROXY_FAILURE_PARENT_AUTH;
	if (status == 504)
		return PROXY_FAILURE_PARENT_TIMEOUT;
	return status >= 500 ? PROXY_FAILURE_PARENT_NO_WAY
			     : PROXY_FAILURE_PARENT_REFUSED;
}

/* What comes of a whole head; interim answers are passed over. */
static bool
judge_answer(struct passage *passage, unsigned status, size_t used)
{
	if (status == 101) {
		fail(passage, PROXY_FAILURE_PARENT_BAD);
	} else if (status < 200) {
		stream_consume(passage->stream, used);
		return true;
	} else if (status < 300) {
		open_way(passage, used);
	} else {
		(void)snprintf(passage->detail, sizeof(passage->detail),
		    "status %u", status);
		fail(passage, failure_of_status(status));
	}
	return false;
}

static void
read_answer(struct passage *passage)
{
	struct http_response response = { 0 };
	enum http_fault fault;
	struct arena arena;
	int used;

	do {
		arena_init(&arena, HTTP_HEAD_ARENA_BYTES_MAX);
		used = http_response_parse(stream_input(passage->stream),
		    &passage->scan, HTTP_METHOD_CONNECT, &arena, &response,
		    &fault);
		arena_fini(&arena);
		if (used < 0 && used != -EAGAIN)
			fail(passage, PROXY_FAILURE_PARENT_BAD);
	} while (
	    used > 0 && judge_answer(passage, response.status, (size_t)used));
}

/* ---- SOCKS ---- */

static int
write_request(struct passage *passage)
{
	const struct passage_target *target = &passage->target;
	char buffer[SOCKS_REQUEST_BYTES_MAX];
	struct socks_request request = {
		.command = SOCKS_CONNECT,
		.host = target->host,
		.to = target->address,
		.port = target->port,
	};

	return stream_write(
	    passage->stream, socks5_request_write(&request, buffer));
}

static enum proxy_failure
failure_of_reply(unsigned reply)
{
	switch (reply) {
	case SOCKS_NET_UNREACHABLE:
	case SOCKS_HOST_UNREACHABLE:
	case SOCKS_REFUSED:
		return PROXY_FAILURE_PARENT_NO_WAY;
	case SOCKS_TIMEOUT:
		return PROXY_FAILURE_PARENT_TIMEOUT;
	default:
		return PROXY_FAILURE_PARENT_REFUSED;
	}
}

static void
read_reply(struct passage *passage)
{
	unsigned reply;
	int used = socks5_reply_parse(stream_input(passage->stream), &reply);

	if (used == -EAGAIN)
		return;
	if (used < 0) {
		fail(passage, PROXY_FAILURE_PARENT_BAD);
		return;
	}
	if (reply == SOCKS_GRANTED) {
		open_way(passage, (size_t)used);
		return;
	}
	(void)snprintf(
	    passage->detail, sizeof(passage->detail), "SOCKS code %u", reply);
	fail(passage, failure_of_reply(reply));
}

static void
read_method(struct passage *passage)
{
	bool without;
	int used = socks5_method_parse(stream_input(passage->stream), &without);

	if (used == -EAGAIN)
		return;
	if (used < 0) {
		fail(passage, PROXY_FAILURE_PARENT_BAD);
	} else if (!without) {
		fail(passage, PROXY_FAILURE_PARENT_AUTH);
	} else {
		stream_consume(passage->stream, (size_t)used);
		passage->state = PASSAGE_REQUEST;
		arm(passage, PROXY_PARENT_ANSWER_TIMEOUT);
		/* An error is told by the stream as well. */
		(void)write_request(passage);
	}
}

/* ---- what the stream says ---- */

static void
on_data(struct stream *stream, void *context)
{
	struct passage *passage = context;

	(void)stream;
	switch (passage->state) {
	case PASSAGE_CONNECT:
		read_answer(passage);
		break;
	case PASSAGE_GREETING:
		read_method(passage);
		break;
	case PASSAGE_REQUEST:
		read_reply(passage);
		break;
	}
}

/* Half a word is no answer. */
static void
on_ended(struct stream *stream, void *context)
{
	(void)stream;
	fail(context, PROXY_FAILURE_PARENT_GONE);
}

static void
on_failed(struct stream *stream, int error, void *context)
{
	(void)stream;
	(void)error;
	fail(context, PROXY_FAILURE_PARENT_GONE);
}

static const struct stream_user asking = {
	.data = on_data,
	.ended = on_ended,
	.failed = on_failed,
};

/* A greeting needs nobody else: who does not answer it is as good as gone. */
static void
on_time(struct loop_timer *timer)
{
	struct passage *passage = timer->context;

	fail(passage, passage->state == PASSAGE_GREETING
			  ? PROXY_FAILURE_PARENT_GONE
			  : PROXY_FAILURE_PARENT_TIMEOUT);
}

void
passage_start(struct passage *passage, struct stream **stream,
    enum policy_parent_protocol protocol, const struct passage_target *target)
{
	bool http = policy_parent_speaks_http(protocol);
	int rc;

	passage->stream = *stream;
	*stream = NULL;
	passage->target = *target;
	passage->scan = (struct http_head_scan){ 0 };
	passage->detail[0] = '\0';
	passage->state = http ? PASSAGE_CONNECT : PASSAGE_GREETING;
	passage->timer =
	    (struct loop_timer){ .fn = on_time, .context = passage };
	stream_use(passage->stream, &asking, passage);
	stream_read_start(passage->stream);
	arm(passage, http ? PROXY_PARENT_ANSWER_TIMEOUT : PROXY_PARENT_TIMEOUT);
	rc = http ? write_connect(passage)
		  : stream_write(passage->stream, SOCKS_GREETING);
	/* Of what the stream does not tell, the timer tells at once. */
	if (rc < 0)
		arm(passage, 0);
}
