/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small DNS server on the loop of the test, at a port of the loopback over
 * UDP and TCP.  What it answers stands in the zone below; it counts what it
 * is asked.
 */
#ifndef GATEHOUSE_TESTS_NET_DNS_SERVER_H
#define GATEHOUSE_TESTS_NET_DNS_SERVER_H

#include "base/text.h"
#include "harness.h"
#include "net/stream.h"

#include <sys/socket.h>

#define TYPE_A     1
#define TYPE_CNAME 5
#define TYPE_AAAA  28

enum behaviour {
	ANSWERS,
	SILENT,        /* never answers */
	HELD_BACK,     /* when the test says so */
	LOST_AT_FIRST, /* and then answered */
	GARBAGE,       /* a right header and nothing right behind it */
	CUT_SHORT,     /* by UDP; whole by TCP */
};

enum rcode {
	NOERROR = 0,
	SERVFAIL = 2,
	NXDOMAIN = 3,
	REFUSED = 5,
};

static const struct zone_row {
	const char *name;
	int a, aaaa; /* how many addresses: 192.0.2.1.., 2001:db8::1.. */
	unsigned ttl;
	enum rcode a_rcode, aaaa_rcode;
	enum behaviour a_does, aaaa_does;
	int aliases; /* before the addresses */
	unsigned alias_ttl;
} zone[] = {
	{ .name = "both.example", .a = 3, .aaaa = 2, .ttl = 300 },
	{ .name = "four.example", .a = 2, .ttl = 300 },
	{ .name = "six.example", .aaaa = 2, .ttl = 300 },
	{ .name = "none.example" },
	{ .name = "absent.example",
	    .a_rcode = NXDOMAIN,
	    .aaaa_rcode = NXDOMAIN },
	{ .name = "failing.example",
	    .a_rcode = SERVFAIL,
	    .aaaa_rcode = SERVFAIL },
	{ .name = "refused.example",
	    .a_rcode = REFUSED,
	    .aaaa_rcode = REFUSED },
	{ .name = "silent.example", .a_does = SILENT, .aaaa_does = SILENT },
	{ .name = "lossy.example",
	    .a = 1,
	    .aaaa = 1,
	    .ttl = 300,
	    .a_does = LOST_AT_FIRST,
	    .aaaa_does = LOST_AT_FIRST },
	{ .name = "garbage.example", .a_does = GARBAGE, .aaaa_does = GARBAGE },
	{ .name = "cut.example",
	    .a = 9,
	    .aaaa = 9,
	    .ttl = 300,
	    .a_does = CUT_SHORT,
	    .aaaa_does = CUT_SHORT },
	{ .name = "alias.example",
	    .a = 1,
	    .aaaa = 1,
	    .ttl = 300,
	    .aliases = 3,
	    .alias_ttl = 60 },
	{ .name = "dangling.example", .aliases = 1, .alias_ttl = 60 },
	{ .name = "many.example", .a = 20, .aaaa = 20, .ttl = 300 },
	{ .name = "zero.example", .a = 1, .aaaa = 1, .ttl = 0 },
	{ .name = "long.example", .a = 1, .aaaa = 1, .ttl = 999999 },
	{ .name = "negative.example", .a = 1, .aaaa = 1, .ttl = 0x80000001 },
	{ .name = "half.example", .a = 1, .ttl = 300, .aaaa_does = SILENT },
	{ .name = "late.example",
	    .a = 1,
	    .aaaa = 1,
	    .ttl = 300,
	    .aaaa_does = HELD_BACK },
	{ .name = "slow.example",
	    .a = 1,
	    .aaaa = 2,
	    .ttl = 300,
	    .a_does = HELD_BACK },
	{ .name = "lame.example", .a = 1, .ttl = 300, .aaaa_rcode = SERVFAIL },
	{ .name = "odd.example", .a_rcode = NXDOMAIN, .aaaa_does = SILENT },
	{ .name = "unsure.example", .aaaa_rcode = SERVFAIL },
};

/* Every other name has one address. */
static const struct zone_row any_name = { .name = "", .a = 1, .ttl = 300 };

struct server {
	struct loop *loop;
	struct loop_watch udp, tcp;
	struct address_port at;
	struct stream *connections[8];
	size_t connections_count;
	int asked; /* by UDP */
	int asked_tcp;
	int lost; /* in the hope that they are asked again */
	/* An answer that is held back. */
	char held[512];
	size_t held_len;
	struct sockaddr_storage held_to;
	socklen_t held_to_len;
};

struct question {
	struct str bytes; /* the whole message */
	struct str section;
	char name[256];
	unsigned type;
	const struct zone_row *row;
};

static inline void
put(struct text *to, uint64_t value, int width)
{
	while (width-- > 0)
		text_addc(to, (char)(value >> 8 * width));
}

/* A name below the silent one is as silent. */
static const struct zone_row *
zone_find(const char *name)
{
	if (str_ends(str_of(name), STR(".silent.example")))
		return zone_find("silent.example");
	for (size_t i = 0; i < COUNT_OF(zone); i++)
		if (strcmp(zone[i].name, name) == 0)
			return &zone[i];
	return &any_name;
}

static inline struct question
read_question(struct str bytes)
{
	struct question q = { .bytes = bytes };
	size_t at = 12, len = 0;

	while (at < bytes.len && bytes.at[at] != 0) {
		size_t label = (size_t)bytes.at[at++];
		memcpy(&q.name[len], &bytes.at[at], label);
		len += label;
		at += label;
		q.name[len++] = '.';
	}
	q.name[len - 1] = '\0';
	q.type = (uint8_t)bytes.at[at + 2];
	q.section = (struct str){ &bytes.at[12], at + 5 - 12 };
	q.row = zone_find(q.name);
	return q;
}

/* The owner of what comes next: the name asked for, or the last alias. */
static inline void
put_owner(struct text *to, int alias)
{
	if (alias == 0) {
		put(to, 0xc00c, 2);
		return;
	}
	text_addc(to, 2);
	text_addf(to, "c%d", alias % 10);
	put(to, 0xc00c, 2);
}

static inline void
put_aliases(struct text *to, const struct zone_row *row)
{
	for (int i = 0; i < row->aliases; i++) {
		put_owner(to, i);
		put(to, TYPE_CNAME, 2);
		put(to, 1, 2);
		put(to, row->alias_ttl, 4);
		put(to, 5, 2);
		put_owner(to, i + 1);
	}
}

static inline void
put_addresses(struct text *to, const struct question *q, int count)
{
	for (int i = 1; i <= count; i++) {
		put_owner(to, q->row->aliases);
		put(to, q->type, 2);
		put(to, 1, 2);
		put(to, q->row->ttl, 4);
		put(to, q->type == TYPE_A ? 4 : 16, 2);
		if (q->type == TYPE_AAAA) {
			put(to, 0x20010db8, 4);
			put(to, 0, 8);
			put(to, (uint64_t)i, 4);
		} else {
			put(to, 0xc0000200u + (unsigned)i, 4);
		}
	}
}

static inline void
put_header(struct text *to, const struct question *q, enum rcode rcode,
    bool cut_short, int answers)
{
	text_add(to, (struct str){ q->bytes.at, 2 });
	put(to, 0x8180u | (cut_short ? 0x0200u : 0) | rcode, 2);
	put(to, 1, 2);
	put(to, (uint64_t)answers, 2);
	put(to, 0, 4);
	text_add(to, q->section);
}

static inline void
build_answer(struct text *to, const struct question *q, bool cut_short)
{
	const struct zone_row *row = q->row;
	int count = q->type == TYPE_A ? row->a : row->aaaa;
	enum rcode rcode = q->type == TYPE_A ? row->a_rcode : row->aaaa_rcode;

	if (cut_short) {
		put_header(to, q, rcode, true, 0);
		return;
	}
	put_header(to, q, rcode, false, row->aliases + count);
	put_aliases(to, row);
	put_addresses(to, q, count);
}

static inline void
server_udp(struct loop_watch *watch, unsigned ready)
{
	struct server *server = watch->context;
	char bytes[512];
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	struct text out = TEXT_EMPTY;
	ssize_t n = recvfrom(watch->fd, bytes, sizeof(bytes), 0,
	    (struct sockaddr *)&from, &from_len);

	(void)ready;
	if (n < 12)
		return;
	server->asked++;
	struct question q = read_question((struct str){ bytes, (size_t)n });
	enum behaviour does =
	    q.type == TYPE_A ? q.row->a_does : q.row->aaaa_does;
	/* Three times, A and AAAA. */
	if (does == SILENT || (does == LOST_AT_FIRST && ++server->lost <= 6))
		return;
	if (does == GARBAGE) {
		put_header(&out, &q, NOERROR, false, 3);
		text_add(&out, STR("\xc0\xff\0\1\0\1\0\0"));
	} else {
		build_answer(&out, &q, does == CUT_SHORT);
	}
	if (does == HELD_BACK) {
		memcpy(server->held, out.at, out.len);
		server->held_len = out.len;
		server->held_to = from;
		server->held_to_len = from_len;
	} else {
		(void)sendto(watch->fd, out.at, out.len, 0,
		    (struct sockaddr *)&from, from_len);
	}
	text_fini(&out);
}

static inline void
server_release(struct server *server)
{
	assert_true(server->held_len > 0);
	assert_int_equal(
	    sendto(server->udp.fd, server->held, server->held_len, 0,
		(struct sockaddr *)&server->held_to, server->held_to_len),
	    server->held_len);
}

static inline void
server_tcp_data(struct stream *stream, void *context)
{
	struct server *server = context;
	struct str input = stream_input(stream);

	while (input.len >= 2) {
		size_t len =
		    (size_t)(uint8_t)input.at[0] << 8 | (uint8_t)input.at[1];
		struct text out = TEXT_EMPTY, framed = TEXT_EMPTY;
		if (input.len < 2 + len)
			return;
		server->asked_tcp++;
		struct question q =
		    read_question((struct str){ input.at + 2, len });
		build_answer(&out, &q, false);
		put(&framed, out.len, 2);
		text_add(&framed, text_str(&out));
		assert_int_equal(stream_write(stream, text_str(&framed)), 0);
		text_fini(&out);
		text_fini(&framed);
		stream_consume(stream, 2 + len);
		input = stream_input(stream);
	}
}

static inline void
server_tcp_failed(struct stream *stream, int error, void *context)
{
	(void)stream;
	(void)error;
	(void)context;
}

static const struct stream_user server_tcp_user = {
	.data = server_tcp_data,
	.failed = server_tcp_failed,
};

static inline void
server_accept(struct loop_watch *watch, unsigned ready)
{
	struct server *server = watch->context;
	struct socket_accepted accepted;

	(void)ready;
	if (socket_accept(watch->fd, &accepted, 1) != 1)
		return;
	assert_true(server->connections_count < COUNT_OF(server->connections));
	struct stream **stream =
	    &server->connections[server->connections_count++];
	assert_int_equal(stream_create(server->loop, accepted.fd,
			     &stream_limits_usual, stream),
	    0);
	stream_use(*stream, &server_tcp_user, server);
	stream_read_start(*stream);
}

/* UDP and TCP at one port: tried until both are free. */
static inline void
server_bind(struct server *server)
{
	struct sockaddr_storage sa;

	do {
		socklen_t len =
		    address_to_sockaddr(loopback(ADDRESS_IPV4, 0), &sa);
		server->udp.fd = socket(
		    AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		assert_int_equal(
		    bind(server->udp.fd, (struct sockaddr *)&sa, len), 0);
		assert_int_equal(socket_local(server->udp.fd, &server->at), 0);
		server->tcp.fd =
		    socket_listen(&(struct socket_listen){ .at = server->at });
		if (server->tcp.fd < 0)
			(void)close(server->udp.fd);
	} while (server->tcp.fd == -EADDRINUSE);
	assert_true(server->tcp.fd >= 0);
}

static inline void
server_begin(struct server *server, struct loop *loop)
{
	*server = (struct server){ .loop = loop };
	server->udp = (struct loop_watch){
		.wanted = LOOP_READ, .fn = server_udp, .context = server
	};
	server->tcp = (struct loop_watch){
		.wanted = LOOP_READ, .fn = server_accept, .context = server
	};
	server_bind(server);
	/* A burst of a thousand questions must not be lost. */
	set_int(server->udp.fd, SOL_SOCKET, SO_RCVBUF, 4 << 20);
	assert_int_equal(loop_watch_start(loop, &server->udp), 0);
	assert_int_equal(loop_watch_start(loop, &server->tcp), 0);
}

static inline void
server_end(struct server *server)
{
	loop_watch_stop(&server->udp);
	loop_watch_stop(&server->tcp);
	(void)close(server->udp.fd);
	(void)close(server->tcp.fd);
	for (size_t i = 0; i < server->connections_count; i++)
		stream_close(&server->connections[i]);
}

#endif
