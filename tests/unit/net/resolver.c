/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The resolver against a small DNS server on the same loop, at a port of the
 * loopback over UDP and TCP.  What it answers stands in the zone below; it
 * counts what it is asked.
 */
#include "net/resolver.h"
#include "base/text.h"
#include "harness.h"
#include "net/stream.h"

#include <stdio.h>
#include <sys/socket.h>

#define TYPE_A     1
#define TYPE_CNAME 5
#define TYPE_AAAA  28

enum behaviour {
	ANSWERS,
	SILENT,    /* never answers */
	HELD_BACK, /* when the test says so */
	GARBAGE,   /* a right header and nothing right behind it */
	CUT_SHORT, /* by UDP; whole by TCP */
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
	{ .name = "lame.example", .a = 1, .ttl = 300, .aaaa_rcode = SERVFAIL },
	{ .name = "odd.example", .a_rcode = NXDOMAIN, .aaaa_does = SILENT },
	{ .name = "unsure.example", .aaaa_rcode = SERVFAIL },
};

/* Every other name has one address. */
static const struct zone_row any_name = { .name = "", .a = 1, .ttl = 300 };

/* ---- the server ---- */

struct server {
	struct loop *loop;
	struct loop_watch udp, tcp;
	struct address_port at;
	struct stream *connections[8];
	size_t connections_count;
	int asked; /* by UDP */
	int asked_tcp;
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

static void
put(struct text *to, uint64_t value, int width)
{
	while (width-- > 0)
		text_addc(to, (char)(value >> 8 * width));
}

static const struct zone_row *
zone_find(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(zone); i++)
		if (strcmp(zone[i].name, name) == 0)
			return &zone[i];
	return &any_name;
}

static struct question
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
static void
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

static void
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

static void
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

static void
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

static void
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

static void
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
	if (does == SILENT)
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

static void
server_release(struct server *server)
{
	assert_true(server->held_len > 0);
	assert_int_equal(
	    sendto(server->udp.fd, server->held, server->held_len, 0,
		(struct sockaddr *)&server->held_to, server->held_to_len),
	    server->held_len);
}

static void
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

static void
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

static void
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
static void
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

static void
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

static void
server_end(struct server *server)
{
	loop_watch_stop(&server->udp);
	loop_watch_stop(&server->tcp);
	(void)close(server->udp.fd);
	(void)close(server->tcp.fd);
	for (size_t i = 0; i < server->connections_count; i++)
		stream_close(&server->connections[i]);
}

/* ---- asking ---- */

struct lab {
	struct harness h;
	struct server server;
	struct resolver *resolver;
	int waiting; /* the loop stops when nobody waits any more */
};

struct asker {
	struct resolver_query query;
	struct lab *lab;
	int calls;
	struct resolver_answer answer;
	int64_t at;
	/* What it does when it is called. */
	struct asker *cancels;
	struct asker *asks;
	const char *asks_name;
	bool destroys;
};

static void ask(struct lab *lab, struct asker *asker, const char *name);

static void
on_answer(struct resolver_query *query, const struct resolver_answer *answer)
{
	struct asker *asker = query->context;
	struct lab *lab = asker->lab;

	asker->calls++;
	asker->answer = *answer;
	asker->at = loop_now(&lab->h.loop);
	lab->waiting--;
	if (asker->cancels != NULL) {
		resolver_cancel(&asker->cancels->query);
		lab->waiting--;
	}
	if (asker->asks != NULL)
		ask(lab, asker->asks, asker->asks_name);
	if (asker->destroys)
		resolver_destroy(&lab->resolver);
	if (lab->waiting == 0 || asker->destroys)
		loop_stop(&lab->h.loop);
}

static void
asker_init(struct lab *lab, struct asker *asker)
{
	*asker = (struct asker){ .query = { .fn = on_answer, .context = asker },
		.lab = lab };
}

static void
ask(struct lab *lab, struct asker *asker, const char *name)
{
	assert_int_equal(
	    resolver_ask(lab->resolver, str_of(name), &asker->query), 0);
	lab->waiting++;
}

static void
lab_begin(struct lab *lab, int64_t timeout, int64_t grace)
{
	*lab = (struct lab){ .waiting = 0 };
	harness_begin(&lab->h);
	server_begin(&lab->server, &lab->h.loop);
	assert_int_equal(resolver_create(&lab->h.loop,
			     &(struct resolver_options){
				 .timeout = timeout, .grace = grace },
			     &lab->resolver),
	    0);
	assert_int_equal(
	    resolver_servers(lab->resolver, &lab->server.at, 1), 0);
}

static void
lab_end(struct lab *lab)
{
	resolver_destroy(&lab->resolver);
	server_end(&lab->server);
	harness_end(&lab->h);
}

static struct resolver_answer
ask_alone(struct lab *lab, const char *name)
{
	struct asker asker;

	asker_init(lab, &asker);
	ask(lab, &asker, name);
	assert_int_equal(asker.calls, 0);
	harness_run(&lab->h);
	assert_int_equal(asker.calls, 1);
	return asker.answer;
}

/* "6" and "4" for each address in turn. */
static void
families(const struct resolver_answer *answer, char ret[static 32])
{
	for (size_t i = 0; i < answer->count; i++)
		ret[i] =
		    answer->addresses[i].family == ADDRESS_IPV6 ? '6' : '4';
	ret[answer->count] = '\0';
}

/* ---- answers ---- */

static void
every_kind_of_answer(void **state)
{
	static const struct {
		const char *name;
		enum resolver_status status;
		const char *families;
		int64_t ttl_s; /* at most */
	} rows[] = {
		{ "both.example", RESOLVER_STATUS_OK, "64644", 300 },
		{ "four.example", RESOLVER_STATUS_OK, "44", 300 },
		{ "six.example", RESOLVER_STATUS_OK, "66", 300 },
		{ "none.example", RESOLVER_STATUS_NO_ADDRESS, "", 10 },
		{ "absent.example", RESOLVER_STATUS_NO_NAME, "", 10 },
		{ "failing.example", RESOLVER_STATUS_FAILED, "", 1 },
		{ "refused.example", RESOLVER_STATUS_FAILED, "", 1 },
		{ "garbage.example", RESOLVER_STATUS_FAILED, "", 1 },
		{ "alias.example", RESOLVER_STATUS_OK, "64", 60 },
		{ "dangling.example", RESOLVER_STATUS_NO_ADDRESS, "", 10 },
		{ "many.example", RESOLVER_STATUS_OK, "6464646464646464", 300 },
		{ "cut.example", RESOLVER_STATUS_OK, "6464646464646464", 300 },
		{ "zero.example", RESOLVER_STATUS_OK, "64", 0 },
		{ "long.example", RESOLVER_STATUS_OK, "64", 3600 },
		{ "negative.example", RESOLVER_STATUS_OK, "64", 0 },
		{ "lame.example", RESOLVER_STATUS_OK, "4", 10 },
		{ "unsure.example", RESOLVER_STATUS_FAILED, "", 1 },
	};
	struct lab lab;

	(void)state;
	lab_begin(&lab, 0, 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct resolver_answer answer = ask_alone(&lab, rows[i].name);
		char got[32];
		families(&answer, got);
		assert_int_equal(answer.status, rows[i].status);
		assert_string_equal(got, rows[i].families);
		assert_true(answer.ttl <= rows[i].ttl_s * CLOCK_SECOND);
		assert_true(answer.ttl >= (rows[i].ttl_s - 1) * CLOCK_SECOND);
	}
	assert_true(lab.server.asked_tcp > 0);
	lab_end(&lab);
}

static void
addresses_come_as_the_server_orders_them(void **state)
{
	static const char *const expected[] = { "2001:db8::1", "192.0.2.1",
		"2001:db8::2", "192.0.2.2", "192.0.2.3" };
	struct lab lab;

	(void)state;
	lab_begin(&lab, 0, 0);
	struct resolver_answer answer = ask_alone(&lab, "both.example");
	assert_int_equal(answer.count, COUNT_OF(expected));
	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		char text[ADDRESS_TEXT_BYTES];
		assert_string_equal(
		    address_format(answer.addresses[i], text), expected[i]);
	}
	lab_end(&lab);
}

static void
what_is_not_a_name_is_refused(void **state)
{
	static const char *const names[] = { "", ".", "a..example",
		"a b.example", "192.0.2.1", "2001:db8::1", "a.example..",
		"*.example" };
	struct lab lab;

	(void)state;
	lab_begin(&lab, 0, 0);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct asker asker;
		asker_init(&lab, &asker);
		assert_int_equal(
		    resolver_ask(lab.resolver, str_of(names[i]), &asker.query),
		    -EINVAL);
	}
	harness_round(&lab.h);
	assert_int_equal(lab.server.asked, 0);
	lab_end(&lab);
}

static void
every_status_has_a_word(void **state)
{
	(void)state;
	for (int i = 0; i < RESOLVER_STATUS_COUNT; i++)
		assert_non_null(resolver_status_word((enum resolver_status)i));
	assert_string_equal(
	    resolver_status_word(RESOLVER_STATUS_NO_NAME), "no such name");
}

/* ---- the cache ---- */

static void
answers_are_kept_for_their_time(void **state)
{
	static const struct {
		const char *name;
		int asked_once, asked_twice;
	} rows[] = {
		{ "both.example", 2, 2 },
		{ "none.example", 2, 2 },
		{ "absent.example", 2, 2 },
		{ "zero.example", 2, 4 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct lab lab;
		lab_begin(&lab, 0, 0);
		struct resolver_answer first = ask_alone(&lab, rows[i].name);
		assert_int_equal(lab.server.asked, rows[i].asked_once);
		struct resolver_answer second = ask_alone(&lab, rows[i].name);
		assert_int_equal(lab.server.asked, rows[i].asked_twice);
		assert_int_equal(second.status, first.status);
		assert_int_equal(second.count, first.count);
		assert_true(second.ttl <= first.ttl);
		lab_end(&lab);
	}
}

static void
new_servers_are_asked_anew(void **state)
{
	struct address_port servers[RESOLVER_SERVERS_MAX + 1];
	struct asker asker;
	struct lab lab;

	(void)state;
	lab_begin(&lab, 0, 0);
	for (size_t i = 0; i < COUNT_OF(servers); i++)
		servers[i] = lab.server.at;
	(void)ask_alone(&lab, "both.example");
	assert_int_equal(resolver_servers(lab.resolver, servers, 1), 0);
	(void)ask_alone(&lab, "both.example");
	assert_int_equal(lab.server.asked, 4);
	assert_int_equal(resolver_servers(lab.resolver, servers, 0), -EINVAL);
	assert_int_equal(
	    resolver_servers(lab.resolver, servers, RESOLVER_SERVERS_MAX + 1),
	    -EINVAL);
	asker_init(&lab, &asker);
	ask(&lab, &asker, "four.example");
	assert_int_equal(resolver_servers(lab.resolver, servers, 1), -EBUSY);
	harness_run(&lab.h);
	assert_int_equal(
	    resolver_servers(lab.resolver, servers, RESOLVER_SERVERS_MAX), 0);
	lab_end(&lab);
}

/* One more than the table holds: the one that was asked for longest ago goes,
 * the others stay. */
static void
the_table_of_names_is_bounded(void **state)
{
	enum {
		BATCH = 64
	};
	static struct asker askers[BATCH];
	struct lab lab;
	char name[32];

	(void)state;
	lab_begin(&lab, 0, 0);
	for (int at = 0; at < RESOLVER_NAMES_MAX; at += BATCH) {
		for (int i = 0; i < BATCH; i++) {
			(void)snprintf(
			    name, sizeof(name), "n%d.example", at + i);
			asker_init(&lab, &askers[i]);
			ask(&lab, &askers[i], name);
		}
		harness_run(&lab.h);
	}
	assert_int_equal(lab.server.asked, 2 * RESOLVER_NAMES_MAX);
	(void)ask_alone(&lab, "n0.example");
	assert_int_equal(lab.server.asked, 2 * RESOLVER_NAMES_MAX);
	(void)ask_alone(&lab, "one.more.example");
	assert_int_equal(lab.server.asked, 2 * RESOLVER_NAMES_MAX + 2);
	(void)ask_alone(&lab, "n0.example");
	(void)ask_alone(&lab, "n2.example");
	assert_int_equal(lab.server.asked, 2 * RESOLVER_NAMES_MAX + 2);
	(void)ask_alone(&lab, "n1.example");
	assert_int_equal(lab.server.asked, 2 * RESOLVER_NAMES_MAX + 4);
	lab_end(&lab);
}

/* ---- several who ask ---- */

static void
equal_questions_are_joined(void **state)
{
	static const char *const names[] = { "both.example", "BOTH.example",
		"both.example.", "Both.Example." };
	struct asker askers[COUNT_OF(names)];
	struct lab lab;

	(void)state;
	lab_begin(&lab, 0, 0);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		asker_init(&lab, &askers[i]);
		ask(&lab, &askers[i], names[i]);
	}
	harness_run(&lab.h);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		assert_int_equal(askers[i].calls, 1);
		assert_int_equal(askers[i].answer.count, 5);
	}
	assert_int_equal(lab.server.asked, 2);
	lab_end(&lab);
}

/* Nobody hears of it, but what was asked is known afterwards. */
static void
cancelled_is_silent(void **state)
{
	struct asker cancelled, other;
	struct lab lab;

	(void)state;
	lab_begin(&lab, 0, 0);
	asker_init(&lab, &cancelled);
	asker_init(&lab, &other);
	ask(&lab, &cancelled, "both.example");
	ask(&lab, &other, "four.example");
	resolver_cancel(&cancelled.query);
	resolver_cancel(&cancelled.query);
	lab.waiting--;
	harness_run(&lab.h);
	assert_int_equal(other.calls, 1);
	/* Known already: cancelled between the asking and the telling. */
	ask(&lab, &cancelled, "four.example");
	resolver_cancel(&cancelled.query);
	lab.waiting--;
	(void)ask_alone(&lab, "both.example");
	assert_int_equal(lab.server.asked, 4);
	assert_int_equal(cancelled.calls, 0);
	lab_end(&lab);
}

/* The first of three who are told ends the others' waiting. */
static void
a_callback_may_cancel_others(void **state)
{
	struct asker askers[2];
	struct lab lab;

	(void)state;
	lab_begin(&lab, 0, 0);
	for (size_t i = 0; i < COUNT_OF(askers); i++) {
		asker_init(&lab, &askers[i]);
		askers[i].cancels = &askers[1 - i];
		ask(&lab, &askers[i], "both.example");
	}
	harness_run(&lab.h);
	harness_round(&lab.h);
	assert_int_equal(askers[0].calls + askers[1].calls, 1);
	lab_end(&lab);
}

static void
a_callback_may_ask(void **state)
{
	static const struct {
		const char *name;
		int asked;
	} rows[] = {
		{ "both.example", 2 },
		{ "four.example", 4 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct asker first, second;
		struct lab lab;
		lab_begin(&lab, 0, 0);
		asker_init(&lab, &first);
		asker_init(&lab, &second);
		first.asks = &second;
		first.asks_name = rows[i].name;
		ask(&lab, &first, "both.example");
		harness_run(&lab.h);
		assert_int_equal(second.calls, 1);
		assert_int_equal(second.answer.status, RESOLVER_STATUS_OK);
		assert_int_equal(lab.server.asked, rows[i].asked);
		lab_end(&lab);
	}
}

static void
a_callback_may_destroy_the_resolver(void **state)
{
	static const char *const names[] = { "both.example", "both.example",
		"silent.example" };
	struct asker askers[COUNT_OF(names)];
	struct lab lab;

	(void)state;
	lab_begin(&lab, 0, 0);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		asker_init(&lab, &askers[i]);
		askers[i].destroys = true;
		ask(&lab, &askers[i], names[i]);
	}
	harness_run(&lab.h);
	harness_round(&lab.h);
	assert_null(lab.resolver);
	assert_int_equal(
	    askers[0].calls + askers[1].calls + askers[2].calls, 1);
	lab_end(&lab);
}

static void
too_many_questions_are_refused(void **state)
{
	enum {
		NAMES = RESOLVER_LOOKUPS_MAX / 2
	};
	static struct asker askers[NAMES + 1];
	struct lab lab;
	char name[32];

	(void)state;
	lab_begin(&lab, 0, 0);
	for (int i = 0; i <= NAMES; i++) {
		asker_init(&lab, &askers[i]);
		(void)snprintf(name, sizeof(name), "n%d.example", i);
		if (i < NAMES)
			ask(&lab, &askers[i], name);
		else
			assert_int_equal(resolver_ask(lab.resolver,
					     str_of(name), &askers[i].query),
			    -ENOBUFS);
	}
	/* One that is open already can be joined. */
	ask(&lab, &askers[NAMES], "n0.example");
	harness_run(&lab.h);
	for (int i = 0; i <= NAMES; i++)
		assert_int_equal(askers[i].calls, 1);
	assert_int_equal(
	    ask_alone(&lab, "both.example").status, RESOLVER_STATUS_OK);
	lab_end(&lab);
}

/* ---- servers that do not answer ---- */

#define SHORT (200 * CLOCK_MS)

static void
silence_is_a_timeout(void **state)
{
	struct lab lab;
	int asked;

	(void)state;
	lab_begin(&lab, SHORT, 0);
	int64_t begin = loop_now(&lab.h.loop);
	struct resolver_answer answer = ask_alone(&lab, "silent.example");
	assert_int_equal(answer.status, RESOLVER_STATUS_TIMEOUT);
	assert_true(loop_now(&lab.h.loop) - begin <= SHORT + CLOCK_SECOND);
	/* For a moment it is believed, and c-ares is done with it. */
	harness_run_for(&lab.h, SHORT);
	asked = lab.server.asked;
	assert_true(asked >= 2);
	answer = ask_alone(&lab, "silent.example");
	assert_int_equal(answer.status, RESOLVER_STATUS_TIMEOUT);
	assert_int_equal(lab.server.asked, asked);
	/* That the name is not there stands above that half is silent. */
	answer = ask_alone(&lab, "odd.example");
	assert_int_equal(answer.status, RESOLVER_STATUS_NO_NAME);
	lab_end(&lab);
}

/* The whole time is the resolver's, whatever c-ares does with many servers. */
static void
the_whole_time_holds_for_many_servers(void **state)
{
	struct address_port servers[4];
	struct lab lab;

	(void)state;
	lab_begin(&lab, SHORT, 0);
	for (size_t i = 0; i < COUNT_OF(servers); i++) {
		servers[i] = lab.server.at;
		servers[i].address.bytes[3] = (uint8_t)(i + 1);
	}
	assert_int_equal(
	    resolver_servers(lab.resolver, servers, COUNT_OF(servers)), 0);
	int64_t begin = loop_now(&lab.h.loop);
	struct resolver_answer answer = ask_alone(&lab, "silent.example");
	int64_t took = loop_now(&lab.h.loop) - begin;
	assert_true(answer.status == RESOLVER_STATUS_TIMEOUT ||
		    answer.status == RESOLVER_STATUS_FAILED);
	assert_true(took <= SHORT + CLOCK_SECOND);
	lab_end(&lab);
}

static void
a_closed_port_is_a_failure(void **state)
{
	struct address_port closed, servers[2];
	struct lab lab;
	int fd = listen_somewhere(ADDRESS_IPV4, &closed);

	(void)state;
	(void)close(fd);
	lab_begin(&lab, 0, 0);
	servers[0] = closed;
	servers[1] = lab.server.at;
	assert_int_equal(resolver_servers(lab.resolver, servers, 1), 0);
	assert_int_equal(
	    ask_alone(&lab, "both.example").status, RESOLVER_STATUS_FAILED);
	/* With a second server that lives, it does not matter. */
	assert_int_equal(resolver_servers(lab.resolver, servers, 2), 0);
	assert_int_equal(
	    ask_alone(&lab, "both.example").status, RESOLVER_STATUS_OK);
	lab_end(&lab);
}

static void
one_silent_family_costs_a_grace_only(void **state)
{
	const int64_t grace = 20 * CLOCK_MS;
	struct asker asker;
	struct lab lab;
	char got[32];

	(void)state;
	lab_begin(&lab, 10 * CLOCK_SECOND, grace);
	int64_t begin = loop_now(&lab.h.loop);
	asker_init(&lab, &asker);
	ask(&lab, &asker, "half.example");
	harness_run(&lab.h);
	families(&asker.answer, got);
	assert_string_equal(got, "4");
	assert_true(asker.at - begin >= grace);
	assert_true(asker.at - begin < 2 * CLOCK_SECOND);
	lab_end(&lab);
}

/* Who asks later gets the late half as well, without a new question. */
static void
the_late_half_completes_the_answer(void **state)
{
	struct resolver_answer answer;
	struct lab lab;
	char got[32];

	(void)state;
	lab_begin(&lab, 10 * CLOCK_SECOND, CLOCK_MS);
	answer = ask_alone(&lab, "late.example");
	families(&answer, got);
	assert_string_equal(got, "4");
	server_release(&lab.server);
	do {
		answer = ask_alone(&lab, "late.example");
	} while (answer.count < 2);
	families(&answer, got);
	assert_string_equal(got, "64");
	assert_int_equal(lab.server.asked, 2);
	lab_end(&lab);
}

/* After grace the rest of the time still ends; the half counts as silent. */
static void
the_late_half_is_given_up_in_the_end(void **state)
{
	struct resolver_answer answer;
	struct lab lab;

	(void)state;
	lab_begin(&lab, SHORT, CLOCK_MS);
	answer = ask_alone(&lab, "half.example");
	assert_true(answer.ttl > RESOLVER_TTL_HALF);
	harness_run_for(&lab.h, SHORT + 10 * CLOCK_MS);
	answer = ask_alone(&lab, "half.example");
	assert_int_equal(answer.count, 1);
	assert_true(answer.ttl <= RESOLVER_TTL_HALF);
	lab_end(&lab);
}

static void
destroyed_with_open_questions(void **state)
{
	struct asker askers[3];
	struct lab lab;

	(void)state;
	lab_begin(&lab, 0, 0);
	for (size_t i = 0; i < COUNT_OF(askers); i++) {
		asker_init(&lab, &askers[i]);
		ask(&lab, &askers[i],
		    i == 0 ? "silent.example" : "both.example");
	}
	lab_end(&lab);
	for (size_t i = 0; i < COUNT_OF(askers); i++)
		assert_int_equal(askers[i].calls, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_answer),
		cmocka_unit_test(addresses_come_as_the_server_orders_them),
		cmocka_unit_test(what_is_not_a_name_is_refused),
		cmocka_unit_test(every_status_has_a_word),
		cmocka_unit_test(answers_are_kept_for_their_time),
		cmocka_unit_test(new_servers_are_asked_anew),
		cmocka_unit_test(the_table_of_names_is_bounded),
		cmocka_unit_test(equal_questions_are_joined),
		cmocka_unit_test(cancelled_is_silent),
		cmocka_unit_test(a_callback_may_cancel_others),
		cmocka_unit_test(a_callback_may_ask),
		cmocka_unit_test(a_callback_may_destroy_the_resolver),
		cmocka_unit_test(too_many_questions_are_refused),
		cmocka_unit_test(silence_is_a_timeout),
		cmocka_unit_test(the_whole_time_holds_for_many_servers),
		cmocka_unit_test(a_closed_port_is_a_failure),
		cmocka_unit_test(one_silent_family_costs_a_grace_only),
		cmocka_unit_test(the_late_half_completes_the_answer),
		cmocka_unit_test(the_late_half_is_given_up_in_the_end),
		cmocka_unit_test(destroyed_with_open_questions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
