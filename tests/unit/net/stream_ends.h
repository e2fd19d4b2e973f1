/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ends of connections for the tests of streams: they write down what they are
 * told.
 */
#ifndef GATEHOUSE_TESTS_NET_STREAM_ENDS_H
#define GATEHOUSE_TESTS_NET_STREAM_ENDS_H

#include "base/text.h"
#include "harness.h"
#include "net/stream.h"

#include <poll.h>
#include <sys/socket.h>

#define SMALL    4096 /* socket buffers that fill at once */
#define TOLD_MAX 64

/*
 * One end under test.  What it is told is written into `told`, one letter a
 * callback: d(ata) e(nded) w(ritable: drained) f(inished) x (failed).
 */
struct end {
	struct stream *stream;
	struct loop *loop;
	struct stream **also; /* closed when it closes its own */
	struct text taken;    /* all that was consumed */
	size_t stop_at;       /* bytes taken at which the loop stops */
	size_t told_count;
	char told[TOLD_MAX];
	int error;
	char close_on; /* letter at which it closes its stream */
	char stop_on;  /* letter at which the loop stops */
	bool lets_lie; /* data is not consumed */
};

static inline void
note(struct end *end, char letter)
{
	if (end->told_count < TOLD_MAX - 1)
		end->told[end->told_count++] = letter;
	if (letter == end->close_on) {
		stream_close(&end->stream);
		if (end->also != NULL)
			stream_close(end->also);
	}
	if (letter == end->stop_on)
		loop_stop(end->loop);
}

static inline void
take(struct end *end)
{
	struct str input = stream_input(end->stream);

	text_add(&end->taken, input);
	stream_consume(end->stream, input.len);
	if (end->stop_at > 0 && end->taken.len >= end->stop_at)
		loop_stop(end->loop);
}

static inline void
end_data(struct stream *stream, void *context)
{
	struct end *end = context;

	assert_ptr_equal(stream, end->stream);
	assert_true(stream_input(stream).len > 0);
	if (!end->lets_lie)
		take(end);
	note(end, 'd');
}

static inline void
end_ended(struct stream *stream, void *context)
{
	assert_true(stream_has_ended(stream));
	note(context, 'e');
}

static inline void
end_drained(struct stream *stream, void *context)
{
	(void)stream;
	note(context, 'w');
}

static inline void
end_finished(struct stream *stream, void *context)
{
	assert_int_equal(stream_pending(stream), 0);
	note(context, 'f');
}

static inline void
end_failed(struct stream *stream, int error, void *context)
{
	struct end *end = context;

	(void)stream;
	end->error = error;
	note(end, 'x');
}

static const struct stream_user end_user = {
	.data = end_data,
	.ended = end_ended,
	.drained = end_drained,
	.finished = end_finished,
	.failed = end_failed,
};

static inline void
end_begin(struct end *end, struct harness *h, int fd)
{
	*end = (struct end){ .loop = &h->loop };
	assert_int_equal(
	    stream_create(&h->loop, fd, &stream_limits_usual, &end->stream), 0);
	stream_use(end->stream, &end_user, end);
}

static inline void
end_fini(struct end *end)
{
	stream_close(&end->stream);
	text_fini(&end->taken);
}

static inline void
end_forget(struct end *end)
{
	memset(end->told, 0, sizeof(end->told));
	end->told_count = 0;
}

/* Two ends under test; the loop's pool must be empty afterwards. */
struct both {
	struct harness h;
	struct end a, b;
};

static inline void
both_begin(struct both *t, int socket_bytes)
{
	int fds[2];

	harness_begin(&t->h);
	tcp_pair(fds, socket_bytes);
	end_begin(&t->a, &t->h, fds[0]);
	end_begin(&t->b, &t->h, fds[1]);
}

static inline void
both_end(struct both *t)
{
	end_fini(&t->a);
	end_fini(&t->b);
	harness_end(&t->h);
}

/* One end under test and a naked socket. */
struct one {
	struct harness h;
	struct end a;
	int peer;
};

static inline void
one_begin(struct one *t, int socket_bytes)
{
	int fds[2];

	harness_begin(&t->h);
	tcp_pair(fds, socket_bytes);
	end_begin(&t->a, &t->h, fds[0]);
	t->peer = fds[1];
}

static inline void
one_end(struct one *t)
{
	end_fini(&t->a);
	if (t->peer >= 0)
		(void)close(t->peer);
	harness_end(&t->h);
}

static inline void
peer_sends(const struct one *t, struct str bytes)
{
	assert_int_equal(
	    send(t->peer, bytes.at, bytes.len, MSG_NOSIGNAL), bytes.len);
}

/* Until there is something to see at the descriptor. */
static inline void
wait_for(int fd, short events)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };

	assert_int_equal(poll(&poll_fd, 1, 10000), 1);
}

static inline void
peer_gets(const struct one *t, const char *expected)
{
	char bytes[256];
	size_t len = 0;

	while (len < strlen(expected)) {
		wait_for(t->peer, POLLIN);
		ssize_t n = recv(t->peer, bytes + len, sizeof(bytes) - len, 0);
		assert_true(n > 0);
		len += (size_t)n;
	}
	assert_true(str_is((struct str){ bytes, len }, expected));
}

static inline void
run_until_told(struct harness *h, struct end *end, char letter)
{
	end->stop_on = letter;
	if (memchr(end->told, letter, end->told_count) == NULL)
		harness_run(h);
	end->stop_on = '\0';
}

#endif
