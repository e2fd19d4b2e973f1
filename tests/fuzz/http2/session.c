/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One HTTP/2 connection on any bytes, as a server's or a client's.  The first
 * byte says which, and the rest is what the peer sends, behind a preface that is
 * right; what is asked is answered, in part or whole, as its first byte has it.
 * Besides not crashing:
 * - a head that comes from a stream is one that the parser reads, or refuses;
 * - no stream outlives its session, and no buffer both.
 */
#include "http2/session.h"

#include "base/must.h"
#include "http/limits.h"
#include "http/parse.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STREAMS 16
#define ROUNDS  6

struct trial {
	struct loop loop;
	struct loop_deferred stop;
	struct http2_session *session;
	struct stream *wire, *peer;
	struct stream *streams[STREAMS];
	size_t count;
	bool server;
};

static void
on_stop(struct loop_deferred *deferred)
{
	loop_stop(deferred->context);
}

static void
turn(struct trial *trial)
{
	loop_defer(&trial->loop, &trial->stop);
	must(loop_run(&trial->loop) == 0);
}

static void
parse(struct str bytes, struct http_head_scan *scan, bool server)
{
	struct http_arrival arrival = { .scheme = HTTP_SCHEME_HTTP };
	struct http_response response;
	struct http_request request;
	enum http_fault fault;
	struct arena arena;

	arena_init(&arena, 4 * HTTP_HEAD_ARENA_BYTES_MAX);
	int used = server ? http_request_parse(
				bytes, scan, &arrival, &arena, &request, &fault)
			  : http_response_parse(bytes, scan, HTTP_METHOD_GET,
				&arena, &response, &fault);
	must(used != 0 && used != -ENOMEM);
	/* A head is there whole, or not at all. */
	must(used != -EAGAIN || !server);
	must(used < 0 || !server || (request.framed && !request.keep_alive));
	arena_fini(&arena);
}

static void
on_content(struct stream *stream, void *context)
{
	(void)context;
	stream_consume(stream, stream_input(stream).len);
}

static void
on_failed(struct stream *stream, int error, void *context)
{
	const char *why = http2_stream_why(stream);

	(void)context;
	must(error < 0);
	must(why == NULL || why[0] != '\0');
}

static const struct stream_user going_on = {
	.data = on_content,
	.failed = on_failed,
};

/* What came behind content goes on to a request whose end is still to come; an
 * answer may be all that was wanted. */
static void
go_on(struct trial *trial, struct stream *stream, size_t len)
{
	struct stream *open = trial->streams[1];

	if (len % 3 == 0 && open != NULL) {
		http2_stream_pass_trailers(stream, open);
		stream_shutdown(open);
	}
	for (size_t i = 0; len % 5 == 0 && i < trial->count; i++)
		if (trial->streams[i] == stream)
			http2_stream_let_go(&trial->streams[i]);
}

static void
on_data(struct stream *stream, void *context)
{
	static const char *const answers[] = {
		"HTTP/1.1 200 OK\r\n\r\nhello",
		"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
		"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
		"HTTP/1.1 2",
	};
	struct trial *trial = context;
	struct http_head_scan scan = { .framed = true,
		.alone = http2_stream_is_alone(stream) };
	struct str bytes = stream_input(stream);

	must(http2_stream_is(stream));
	parse(bytes, &scan, trial->server);
	size_t len = bytes.len;
	stream_consume(stream, len);
	stream_use(stream, &going_on, trial);
	if (!trial->server) {
		go_on(trial, stream, len);
		return;
	}
	(void)stream_write(stream, str_of(answers[len % 4]));
	http2_stream_pass_trailers(stream, stream);
	if (len % 3 != 0)
		stream_shutdown(stream);
}

static const struct stream_user hearing = {
	.data = on_data,
	.failed = on_failed,
};

static void
on_asked(struct stream *stream, int fault, void *context)
{
	struct trial *trial = context;

	must(fault < HTTP_FAULT_COUNT);
	if (trial->count == STREAMS || fault >= 0) {
		stream_close(&stream);
		return;
	}
	trial->streams[trial->count++] = stream;
	stream_use(stream, &hearing, trial);
	stream_read_start(stream);
}

static void
on_over(enum http2_end why, void *context)
{
	struct trial *trial = context;

	(void)why;
	http2_session_destroy(&trial->session);
	stream_close(&trial->wire);
}

static const struct http2_user user = {
	.asked = on_asked,
	.ended = on_over,
};

static void
ask(struct trial *trial)
{
	struct stream *stream;

	for (int i = 0; i < 3; i++) {
		if (http2_session_open(trial->session, &stream) < 0)
			return;
		trial->streams[trial->count++] = stream;
		stream_use(stream, &hearing, trial);
		stream_read_start(stream);
		(void)stream_write(
		    stream, STR("POST / HTTP/1.1\r\nHost: a\r\n\r\nhello"));
		if (i != 1)
			stream_shutdown(stream);
	}
}

static void
begin(struct trial *trial, int fds[2])
{
	struct http2_options options = {
		.side = trial->server ? HTTP2_SERVER : HTTP2_CLIENT,
		.idle = CLOCK_SECOND,
		.head = CLOCK_SECOND,
		.stall = CLOCK_SECOND,
	};

	must(loop_init(&trial->loop) == 0);
	trial->stop =
	    (struct loop_deferred){ .fn = on_stop, .context = &trial->loop };
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
	must(stream_create(&trial->loop, fds[0], &stream_limits_usual,
		 &trial->wire) == 0);
	must(http2_session_create(
		 trial->wire, &options, &user, trial, &trial->session) == 0);
	if (!trial->server)
		ask(trial);
}

static void
end(struct trial *trial, int fd)
{
	char bytes[65536];

	while (read(fd, bytes, sizeof(bytes)) > 0)
		;
	for (size_t i = 0; i < trial->count / 2; i++)
		stream_close(&trial->streams[i]);
	http2_session_destroy(&trial->session);
	for (size_t i = 0; i < trial->count; i++)
		stream_close(&trial->streams[i]);
	stream_close(&trial->wire);
	must(trial->loop.pool.lent_bytes == 0);
	loop_fini(&trial->loop);
	(void)close(fd);
}

static void
say(int fd, struct str bytes)
{
	if (bytes.len > 0)
		(void)!send(fd, bytes.at, bytes.len, MSG_NOSIGNAL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* An empty SETTINGS, with which each side begins. */
	static const char settings[9] = { 0, 0, 0, 4, 0, 0, 0, 0, 0 };
	struct trial trial = { .server = size > 0 && (data[0] & 1) == 0 };
	int fds[2];

	if (size == 0 || size > 60000)
		return 0;
	begin(&trial, fds);
	/* What is asked is on its way before it is answered. */
	turn(&trial);
	if (trial.server)
		say(fds[1], STR(HTTP2_PREFACE));
	say(fds[1], (struct str){ settings, sizeof(settings) });
	for (int i = 0; i < ROUNDS; i++) {
		struct str all = { (const char *)data + 1, size - 1 };
		size_t half = i == 0 ? all.len / 2 : 0;
		if (i == 0)
			say(fds[1], (struct str){ all.at, half });
		else if (i == 2)
			say(fds[1], str_skip(all, all.len / 2));
		turn(&trial);
	}
	end(&trial, fds[1]);
	return 0;
}
