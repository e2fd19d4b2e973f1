/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tunnels over loopback TCP:
 *
 *	client == (first | relay | second) == server
 *
 * All four streams live on one loop.  Client and server send patterns of a
 * given length and check what they receive.
 */
#ifndef GATEHOUSE_TESTS_NET_TUNNEL_H
#define GATEHOUSE_TESTS_NET_TUNNEL_H

#include "harness.h"
#include "net/relay.h"

#include <sys/socket.h>

#define SMALL  4096
#define CLIENT 0
#define SERVER 1

struct tunnel;

struct peer {
	struct tunnel *tunnel;
	struct stream *stream;
	size_t to_send; /* all together */
	size_t sent;
	bool fin_after; /* FIN when all is sent */
	bool fin_after_theirs;
	size_t received;
	bool ended;
	int error;
	char first[32]; /* the first bytes that came */
};

struct tunnel {
	struct harness h;
	struct stream *sides[2];
	struct peer peers[2];
	struct relay *relay;
	int done;
	struct relay_result result;
	int64_t done_at;
	size_t lent_max;
	bool stop_when_peers_ended;
};

static inline char
pattern(size_t i)
{
	return (char)(i % 251);
}

static inline void
send_more(struct peer *p)
{
	char block[3000];

	while (p->stream != NULL && p->sent < p->to_send &&
	       !stream_is_full(p->stream)) {
		size_t n = 0;
		for (; n < sizeof(block) && p->sent + n < p->to_send; n++)
			block[n] = pattern(p->sent + n);
		if (stream_write(p->stream, (struct str){ block, n }) < 0)
			return;
		p->sent += n;
	}
	if (p->sent == p->to_send &&
	    (p->fin_after || (p->fin_after_theirs && p->ended)))
		stream_shutdown(p->stream);
}

static inline void
stop_if_ended(struct tunnel *t)
{
	if (t->stop_when_peers_ended && t->peers[CLIENT].ended &&
	    t->peers[SERVER].ended)
		loop_stop(&t->h.loop);
}

static inline void
peer_data(struct stream *stream, void *context)
{
	struct peer *p = context;
	struct str input = stream_input(stream);

	if (p->tunnel->h.loop.pool.lent_bytes > p->tunnel->lent_max)
		p->tunnel->lent_max = p->tunnel->h.loop.pool.lent_bytes;
	for (size_t i = 0; i < input.len; i++, p->received++) {
		if (p->received < sizeof(p->first) - 1)
			p->first[p->received] = input.at[i];
		else if (input.at[i] != pattern(p->received))
			fail_msg("wrong byte at %zu", p->received);
	}
	stream_consume(stream, input.len);
}

static inline void
peer_ended(struct stream *stream, void *context)
{
	struct peer *p = context;

	(void)stream;
	assert_false(p->ended);
	p->ended = true;
	send_more(p);
	stop_if_ended(p->tunnel);
}

static inline void
peer_drained(struct stream *stream, void *context)
{
	(void)stream;
	send_more(context);
}

static inline void
peer_failed(struct stream *stream, int error, void *context)
{
	struct peer *p = context;

	(void)stream;
	p->error = error;
	p->ended = true;
	stop_if_ended(p->tunnel);
}

static const struct stream_user peer_user = {
	.data = peer_data,
	.ended = peer_ended,
	.drained = peer_drained,
	.failed = peer_failed,
};

static inline void
on_done(const struct relay_result *result, void *context)
{
	struct tunnel *t = context;

	t->done++;
	t->result = *result;
	t->done_at = loop_now(&t->h.loop);
	t->relay = NULL;
	loop_stop(&t->h.loop);
}

static inline struct stream *
stream_over(struct tunnel *t, int fd)
{
	struct stream *stream = NULL;

	assert_int_equal(
	    stream_create(&t->h.loop, fd, &stream_limits_usual, &stream), 0);
	return stream;
}

static inline void
tunnel_begin(struct tunnel *t, int socket_bytes)
{
	*t = (struct tunnel){ .done = 0 };
	harness_begin(&t->h);
	for (int i = 0; i < 2; i++) {
		struct peer *p = &t->peers[i];
		int fds[2];
		tcp_pair(fds, socket_bytes);
		p->tunnel = t;
		p->stream = stream_over(t, fds[0]);
		stream_use(p->stream, &peer_user, p);
		stream_read_start(p->stream);
		t->sides[i] = stream_over(t, fds[1]);
	}
}

static inline void
join(struct tunnel *t, int64_t idle)
{
	assert_int_equal(relay_create(&t->sides[0], &t->sides[1], idle, on_done,
			     t, &t->relay),
	    0);
	assert_null(t->sides[0]);
	assert_null(t->sides[1]);
}

static inline void
tunnel_end(struct tunnel *t)
{
	relay_destroy(&t->relay);
	for (int i = 0; i < 2; i++) {
		stream_close(&t->sides[i]);
		stream_close(&t->peers[i].stream);
	}
	harness_end(&t->h);
}

/* Until both peers have read their end or failed. */
static inline void
run_until_peers_ended(struct tunnel *t)
{
	t->stop_when_peers_ended = true;
	if (!t->peers[CLIENT].ended || !t->peers[SERVER].ended)
		harness_run(&t->h);
}

static inline void
run_until_done(struct tunnel *t)
{
	while (t->done == 0)
		harness_run(&t->h);
	assert_int_equal(t->done, 1);
}

#endif
