/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets by address on the loopback, and descriptors over a socket pair.
 */
#include "harness.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

static void
wait_for(int fd, short events)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };

	assert_int_equal(poll(&poll_fd, 1, 10000), 1);
}

static int
option_of(int fd, int level, int option)
{
	int value = -1;
	socklen_t len = sizeof(value);

	assert_int_equal(getsockopt(fd, level, option, &value, &len), 0);
	return value;
}

static bool
same(struct address_port a, struct address_port b)
{
	return address_eq(a.address, b.address) && a.port == b.port;
}

/* ---- TCP ---- */

static void
both_ends_know_each_other(void **state)
{
	static const enum address_family families[] = { ADDRESS_IPV4,
		ADDRESS_IPV6 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(families); i++) {
		struct address_port at, ours, theirs;
		struct socket_accepted accepted;
		int listener = listen_somewhere(families[i], &at);
		int client =
		    socket_connect(&(struct socket_connect){ .to = at });
		assert_true(client >= 0);
		wait_for(client, POLLOUT);
		assert_int_equal(socket_connect_result(client), 0);
		wait_for(listener, POLLIN);
		assert_int_equal(socket_accept(listener, &accepted, 1), 1);
		assert_int_equal(socket_local(client, &ours), 0);
		assert_true(same(ours, accepted.peer));
		assert_int_equal(socket_peer(client, &theirs), 0);
		assert_true(same(theirs, at));
		assert_int_equal(socket_local(accepted.fd, &ours), 0);
		assert_true(same(ours, at));
		assert_int_equal(
		    fcntl(accepted.fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
		assert_int_equal(
		    fcntl(accepted.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
		(void)close(accepted.fd);
		(void)close(client);
		(void)close(listener);
	}
}

static void
ipv6_listener_leaves_ipv4_alone(void **state)
{
	struct address_port v6 = { .address.family = ADDRESS_IPV6 };
	struct address_port v4 = { .address.family = ADDRESS_IPV4 };
	int first, second;

	(void)state;
	first = socket_listen(&(struct socket_listen){ .at = v6 });
	assert_true(first >= 0);
	assert_int_equal(socket_local(first, &v6), 0);
	v4.port = v6.port;
	second = socket_listen(&(struct socket_listen){ .at = v4 });
	assert_true(second >= 0);
	(void)close(first);
	(void)close(second);
}

static void
wrong_listens_are_refused(void **state)
{
	struct address_port at;
	struct address_port foreign = { .port = 8080 };
	int listener = listen_somewhere(ADDRESS_IPV4, &at);
	int before = open_fds();

	(void)state;
	assert_int_equal(address_parse(STR("192.0.2.1"), &foreign.address), 0);
	assert_int_equal(
	    socket_listen(&(struct socket_listen){ .at = at }), -EADDRINUSE);
	assert_int_equal(
	    socket_listen(&(struct socket_listen){ .at = foreign }),
	    -EADDRNOTAVAIL);
	assert_int_equal(
	    socket_listen(&(struct socket_listen){ .backlog = 1 }), -EINVAL);
	assert_int_equal(open_fds(), before);
	(void)close(listener);
}

/* A transparent listener may stand on a foreign address, if it may at all. */
static void
transparent_needs_a_privilege(void **state)
{
	static const char *const addresses[] = { "192.0.2.1", "2001:db8::1" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(addresses); i++) {
		struct socket_listen listen = { .transparent = true };
		assert_int_equal(
		    address_parse(str_of(addresses[i]), &listen.at.address), 0);
		int fd = socket_listen(&listen);
		if (fd == -EPERM)
			continue;
		assert_true(fd >= 0);
		struct address_port at;
		assert_int_equal(socket_local(fd, &at), 0);
		assert_true(address_eq(at.address, listen.at.address));
		(void)close(fd);
	}
}

static void
listeners_can_share_a_port(void **state)
{
	struct socket_listen listen = { .at = loopback(ADDRESS_IPV4, 0),
		.reuse_port = true };
	int first, second;

	(void)state;
	first = socket_listen(&listen);
	assert_true(first >= 0);
	assert_int_equal(socket_local(first, &listen.at), 0);
	second = socket_listen(&listen);
	assert_true(second >= 0);
	(void)close(first);
	(void)close(second);
}

static void
accept_takes_no_more_than_asked_for(void **state)
{
	enum {
		CLIENTS = 5
	};
	struct address_port at;
	struct socket_accepted accepted[CLIENTS + 1];
	int listener = listen_somewhere(ADDRESS_IPV4, &at);
	int clients[CLIENTS];

	(void)state;
	assert_int_equal(socket_accept(listener, accepted, 1), 0);
	for (size_t i = 0; i < CLIENTS; i++) {
		clients[i] =
		    socket_connect(&(struct socket_connect){ .to = at });
		wait_for(clients[i], POLLOUT);
	}
	assert_int_equal(socket_accept(listener, accepted, 3), 3);
	assert_int_equal(socket_accept(listener, accepted + 3, CLIENTS - 2), 2);
	for (size_t i = 0; i < CLIENTS; i++) {
		(void)close(clients[i]);
		(void)close(accepted[i].fd);
	}
	(void)close(listener);
}

/* No descriptor is left: said at once, and the client is still there later. */
static void
accept_reports_a_full_table(void **state)
{
	struct address_port at;
	struct socket_accepted accepted;
	struct rlimit before, none;
	int listener = listen_somewhere(ADDRESS_IPV4, &at);
	int client = socket_connect(&(struct socket_connect){ .to = at });

	(void)state;
	wait_for(client, POLLOUT);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = (rlim_t)client + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	int full = socket_accept(listener, &accepted, 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(full, -EMFILE);
	assert_int_equal(socket_accept(listener, &accepted, 1), 1);
	(void)close(accepted.fd);
	(void)close(client);
	(void)close(listener);
}

static void
connect_tells_why_not(void **state)
{
	struct address_port at;
	int listener = listen_somewhere(ADDRESS_IPV4, &at);
	int before, client;

	(void)state;
	(void)close(listener);
	client = socket_connect(&(struct socket_connect){ .to = at });
	if (client >= 0) {
		wait_for(client, POLLOUT);
		assert_int_equal(socket_connect_result(client), -ECONNREFUSED);
		(void)close(client);
	} else {
		assert_int_equal(client, -ECONNREFUSED);
	}
	before = open_fds();
	assert_int_equal(
	    socket_connect(&(struct socket_connect){ .from = at }), -EINVAL);
	assert_int_equal(socket_connect(&(struct socket_connect){
			     .to = loopback(ADDRESS_IPV6, 1), .from = at }),
	    -EINVAL);
	assert_int_equal(open_fds(), before);
}

static void
no_result_before_there_is_one(void **state)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(socket_connect_result(fd), -EINPROGRESS);
	(void)close(fd);
	assert_int_equal(socket_connect_result(-1), -EBADF);
}

static void
connect_can_choose_its_source(void **state)
{
	static const struct {
		enum address_family family;
		const char *from;
	} rows[] = {
		{ ADDRESS_IPV4, "127.0.0.2" },
		{ ADDRESS_IPV6, "::1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct socket_connect connect = { .from.port = 0 };
		struct socket_accepted accepted;
		int listener = listen_somewhere(rows[i].family, &connect.to);
		assert_int_equal(
		    address_parse(str_of(rows[i].from), &connect.from.address),
		    0);
		int client = socket_connect(&connect);
		assert_true(client >= 0);
		wait_for(listener, POLLIN);
		assert_int_equal(socket_accept(listener, &accepted, 1), 1);
		assert_true(
		    address_eq(accepted.peer.address, connect.from.address));
		assert_int_not_equal(accepted.peer.port, 0);
		(void)close(accepted.fd);
		(void)close(client);
		(void)close(listener);
	}
}

static void
tuning_reaches_the_kernel(void **state)
{
	static const struct socket_tuning tuning = {
		.no_delay = true,
		.keepalive_idle = 61,
		.keepalive_every = 7,
		.keepalive_count = 3,
		.user_timeout_ms = 12345,
	};
	int pair[2];

	(void)state;
	tcp_pair(pair, 0);
	assert_int_equal(socket_tune(pair[0], &(struct socket_tuning){ 0 }), 0);
	assert_int_equal(option_of(pair[0], IPPROTO_TCP, TCP_NODELAY), 0);
	assert_int_equal(option_of(pair[0], SOL_SOCKET, SO_KEEPALIVE), 0);
	assert_int_equal(socket_tune(pair[0], &tuning), 0);
	assert_int_equal(option_of(pair[0], IPPROTO_TCP, TCP_NODELAY), 1);
	assert_int_equal(option_of(pair[0], SOL_SOCKET, SO_KEEPALIVE), 1);
	assert_int_equal(option_of(pair[0], IPPROTO_TCP, TCP_KEEPIDLE), 61);
	assert_int_equal(option_of(pair[0], IPPROTO_TCP, TCP_KEEPINTVL), 7);
	assert_int_equal(option_of(pair[0], IPPROTO_TCP, TCP_KEEPCNT), 3);
	assert_int_equal(
	    option_of(pair[0], IPPROTO_TCP, TCP_USER_TIMEOUT), 12345);
	assert_int_equal(
	    socket_tune(pair[0],
		&(struct socket_tuning){ .user_timeout_ms = UINT32_MAX }),
	    -EINVAL);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

static void
reset_is_seen_as_one(void **state)
{
	int pair[2];
	char byte;

	(void)state;
	tcp_pair(pair, 0);
	socket_close_reset(pair[0]);
	wait_for(pair[1], POLLIN);
	assert_int_equal(recv(pair[1], &byte, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	(void)close(pair[1]);
}

static void
peek_leaves_the_bytes(void **state)
{
	char seen[8];
	int pair[2];

	(void)state;
	tcp_pair(pair, 0);
	assert_int_equal(socket_peek(pair[1], seen, sizeof(seen)), -EAGAIN);
	assert_int_equal(send(pair[0], "hello", 5, 0), 5);
	wait_for(pair[1], POLLIN);
	assert_int_equal(socket_peek(pair[1], seen, sizeof(seen)), 5);
	assert_int_equal(socket_peek(pair[1], seen, 2), 2);
	assert_int_equal(recv(pair[1], seen, sizeof(seen), 0), 5);
	assert_memory_equal(seen, "hello", 5);
	(void)close(pair[0]);
	wait_for(pair[1], POLLIN);
	assert_int_equal(socket_peek(pair[1], seen, sizeof(seen)), 0);
	(void)close(pair[1]);
}

/* ---- messages with descriptors ---- */

static char message_bytes[64];

static struct socket_message
empty_message(void)
{
	return (struct socket_message){ .bytes = message_bytes,
		.room = sizeof(message_bytes) };
}

static void
descriptors_travel_with_bytes(void **state)
{
	static const size_t counts[] = { 0, 1, 2, SOCKET_FDS_MAX - 1,
		SOCKET_FDS_MAX };
	int ends[2], given[SOCKET_FDS_MAX], pipe_fds[2];

	(void)state;
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	for (size_t i = 0; i < SOCKET_FDS_MAX; i++)
		given[i] = pipe_fds[1];
	assert_int_equal(socket_pair(ends), 0);
	for (size_t i = 0; i < COUNT_OF(counts); i++) {
		struct socket_message message = empty_message();
		assert_int_equal(
		    socket_send(ends[0], STR("take these"), given, counts[i]),
		    0);
		assert_int_equal(socket_receive(ends[1], &message), 0);
		assert_int_equal(message.len, 10);
		assert_memory_equal(message_bytes, "take these", 10);
		assert_int_equal(message.fds_count, counts[i]);
		for (size_t j = 0; j < counts[i]; j++) {
			char byte;
			assert_int_equal(
			    fcntl(message.fds[j], F_GETFD), FD_CLOEXEC);
			assert_int_equal(write(message.fds[j], "x", 1), 1);
			assert_int_equal(read(pipe_fds[0], &byte, 1), 1);
			(void)close(message.fds[j]);
		}
	}
	(void)close(pipe_fds[0]);
	(void)close(pipe_fds[1]);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void
wrong_sends_are_refused(void **state)
{
	struct socket_message message = empty_message();
	int ends[2], fds[SOCKET_FDS_MAX + 1] = { 0 };

	(void)state;
	assert_int_equal(socket_pair(ends), 0);
	assert_int_equal(socket_send(ends[0], STR(""), NULL, 0), -EINVAL);
	assert_int_equal(
	    socket_send(ends[0], STR("x"), fds, SOCKET_FDS_MAX + 1), -EINVAL);
	fds[0] = -1;
	assert_int_equal(socket_send(ends[0], STR("x"), fds, 1), -EBADF);
	assert_int_equal(socket_receive(ends[1], &message), -EAGAIN);
	(void)close(ends[0]);
	assert_int_equal(socket_receive(ends[1], &message), 0);
	assert_int_equal(message.len, 0);
	assert_int_equal(socket_send(ends[1], STR("x"), NULL, 0), -EPIPE);
	(void)close(ends[1]);
}

static void
full_queue_says_so(void **state)
{
	int ends[2], error = 0;

	(void)state;
	assert_int_equal(socket_pair(ends), 0);
	for (int i = 0; error == 0 && i < 1000000; i++)
		error = socket_send(ends[0], STR("again"), NULL, 0);
	assert_int_equal(error, -EAGAIN);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

/* Sends what socket_send would not: any number of descriptors and bytes. */
static void
send_raw(int fd, size_t bytes, size_t fds_count)
{
	static char content[128];
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(64 * sizeof(int))];
	} room;
	struct iovec vector = { content, bytes };
	struct msghdr header = { .msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = room.bytes,
		.msg_controllen = CMSG_SPACE(fds_count * sizeof(int)) };
	int fds[64];

	for (size_t i = 0; i < COUNT_OF(fds); i++)
		fds[i] = fd;
	memset(&room, 0, sizeof(room));
	struct cmsghdr *control = CMSG_FIRSTHDR(&header);
	control->cmsg_level = SOL_SOCKET;
	control->cmsg_type = SCM_RIGHTS;
	control->cmsg_len = CMSG_LEN(fds_count * sizeof(int));
	memcpy(CMSG_DATA(control), fds, fds_count * sizeof(int));
	assert_int_equal(sendmsg(fd, &header, 0), bytes);
}

/* Whatever is wrong with a message, its descriptors are closed. */
static void
refused_messages_leave_no_descriptors(void **state)
{
	static const struct {
		size_t bytes, fds;
		int error;
	} rows[] = {
		{ 1, SOCKET_FDS_MAX + 1, -EMSGSIZE },
		{ 1, 64, -EMSGSIZE },
		{ sizeof(message_bytes) + 1, 3, -EMSGSIZE },
		{ 0, 3, -EBADMSG },
	};
	int ends[2];

	(void)state;
	assert_int_equal(socket_pair(ends), 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct socket_message message = empty_message();
		int before = open_fds();
		send_raw(ends[0], rows[i].bytes, rows[i].fds);
		assert_int_equal(
		    socket_receive(ends[1], &message), rows[i].error);
		assert_int_equal(message.fds_count, 0);
		assert_int_equal(open_fds(), before);
	}
	(void)close(ends[0]);
	(void)close(ends[1]);
}

/* The receiver may open two more, and three come. */
static void
receiver_without_descriptors_refuses(void **state)
{
	struct socket_message message = empty_message();
	struct rlimit before, few;
	int ends[2], fds[3], fds_before, error;

	(void)state;
	assert_int_equal(socket_pair(ends), 0);
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		fds[i] = ends[0];
	assert_int_equal(socket_send(ends[0], STR("x"), fds, 3), 0);
	fds_before = open_fds();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = (rlim_t)ends[1] + 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	error = socket_receive(ends[1], &message);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(error, -EMSGSIZE);
	assert_int_equal(open_fds(), fds_before);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

/* As those of a gateway at boot: of nobody yet. */
static void
an_address_may_come_later(void **state)
{
	static const char *const addresses[] = { "192.0.2.1", "2001:db8::1" };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct socket_listen options = { .at.port = 0 };
		assert_int_equal(
		    address_parse(str_of(addresses[i]), &options.at.address),
		    0);
		int fd = socket_listen(&options);
		if (fd == -EAFNOSUPPORT)
			continue;
		assert_int_equal(fd, -EADDRNOTAVAIL);
		options.freebind = true;
		fd = socket_listen(&options);
		assert_true(fd >= 0);
		(void)close(fd);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ends_know_each_other),
		cmocka_unit_test(ipv6_listener_leaves_ipv4_alone),
		cmocka_unit_test(wrong_listens_are_refused),
		cmocka_unit_test(transparent_needs_a_privilege),
		cmocka_unit_test(listeners_can_share_a_port),
		cmocka_unit_test(accept_takes_no_more_than_asked_for),
		cmocka_unit_test(accept_reports_a_full_table),
		cmocka_unit_test(connect_tells_why_not),
		cmocka_unit_test(no_result_before_there_is_one),
		cmocka_unit_test(connect_can_choose_its_source),
		cmocka_unit_test(tuning_reaches_the_kernel),
		cmocka_unit_test(reset_is_seen_as_one),
		cmocka_unit_test(peek_leaves_the_bytes),
		cmocka_unit_test(descriptors_travel_with_bytes),
		cmocka_unit_test(wrong_sends_are_refused),
		cmocka_unit_test(full_queue_says_so),
		cmocka_unit_test(refused_messages_leave_no_descriptors),
		cmocka_unit_test(receiver_without_descriptors_refuses),
		cmocka_unit_test(an_address_may_come_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
