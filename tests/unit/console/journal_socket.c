/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console/journal_socket: servers and sockets that are there, come late, end
 * and come again, or do not read.
 */
#include "journal_folder.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "event/counter.h"
#include "net/socket.h"

#define PATIENCE (60 * CLOCK_SECOND)

/* ---- datagrams ---- */

static int
listen_unix(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	(void)unlink(path);
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/* The next datagram ends so. */
static void
expect(int fd, const char *word)
{
	char bytes[4096];
	ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
	struct text want = TEXT_EMPTY;

	assert_true(n > 0);
	text_addf(&want, ": %s", word);
	struct str got = { bytes, (size_t)n };
	if (!str_ends(got, text_str(&want)))
		fail_msg("%.*s does not end in %s", STR_ARG(got), want.at);
	text_fini(&want);
}

static const struct policy_journal_output to_unix = {
	.kind = POLICY_JOURNAL_SYSLOG_UNIX,
	.form = POLICY_JOURNAL_TEXT,
	.facility = 3,
};

static void
unix_socket(void **state)
{
	struct journal_output *output;
	int fd = listen_unix();

	(void)state;
	output = open_output(&to_unix, path);
	put(output, "a");
	put(output, "b");
	expect(fd, "a");
	expect(fd, "b");
	/* Whoever listened there goes, and comes again. */
	(void)close(fd);
	put(output, "c");
	put(output, "d");
	fd = listen_unix();
	expect(fd, "c");
	expect(fd, "d");
	assert_true(journal_output_flush(output, clock_now() + PATIENCE));
	assert_int_equal(journal_output_look(output).written, 4);
	assert_int_equal(journal_output_look(output).lost, 0);
	close_output(&output);
	(void)close(fd);
}

/* As it is at boot. */
static void
unix_socket_comes_late(void **state)
{
	struct journal_output *output = open_output(&to_unix, path);

	(void)state;
	put(output, "a");
	while (journal_output_look(output).error == 0)
		(void)poll(NULL, 0, 1);
	int fd = listen_unix();
	expect(fd, "a");
	assert_true(journal_output_flush(output, clock_now() + PATIENCE));
	assert_int_equal(journal_output_look(output).error, 0);
	close_output(&output);
	(void)close(fd);
}

/* As the proxy has it: the socket is shared, the other process connects it. */
static void
unix_socket_that_another_connects(void **state)
{
	struct journal_output *ours = open_output(&to_unix, path), *its = NULL;
	const struct journal_output_wish wish = {
		.settings = &to_unix,
		.fd = journal_output_dup_fd(ours),
		.enforcer = "proxy",
	};

	(void)state;
	assert_int_equal(journal_output_create(&wish, &its), 0);
	assert_int_equal(journal_output_start(its), 0);
	put(its, "a");
	int fd = listen_unix();
	expect(fd, "a");
	close_output(&its);
	close_output(&ours);
	(void)close(fd);
}

/* A socket that is full holds the thread alone; so does the end of all. */
static void
unix_socket_that_nobody_reads(void **state)
{
	int64_t lost = counter_get(COUNTER_EVENTS_LOST);
	struct journal_output *output;
	int fd = listen_unix();

	(void)state;
	output = open_output(&to_unix, path);
	int64_t began = clock_now();
	for (int i = 0; i < 5000; i++)
		put(output, "a");
	assert_in_range(clock_now() - began, 0, 5 * CLOCK_SECOND);
	assert_false(journal_output_flush(output, clock_now() + CLOCK_MS));
	began = clock_now();
	close_output(&output);
	assert_in_range(clock_now() - began, 0, 2 * JOURNAL_END_PATIENCE);
	/* What was left is lost, and counted when the thread has ended. */
	while (counter_get(COUNTER_EVENTS_LOST) == lost)
		(void)poll(NULL, 0, 1);
	(void)close(fd);
}

static int
open_server(int type, struct address_port *ret)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(ret->port) };
	int fd = socket(AF_INET, type, 0), on = 1;

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(socket_local(fd, ret), 0);
	return fd;
}

static struct policy_journal_output
to_server(enum policy_journal_kind kind, struct address_port at)
{
	return (struct policy_journal_output){
		.kind = kind, .form = POLICY_JOURNAL_TEXT, .at = at
	};
}

/* What nobody takes is lost, and costs the others nothing. */
static void
udp(void **state)
{
	struct address_port at = { 0 };
	int fd = open_server(SOCK_DGRAM, &at);
	struct policy_journal_output settings =
	    to_server(POLICY_JOURNAL_SYSLOG_UDP, at);
	struct journal_output *output = open_output(&settings, NULL);

	(void)state;
	put(output, "a");
	expect(fd, "a");
	(void)close(fd);
	for (int i = 0; i < 3; i++) {
		put(output, "b");
		assert_true(
		    journal_output_flush(output, clock_now() + PATIENCE));
	}
	fd = open_server(SOCK_DGRAM, &at);
	put(output, "c");
	put(output, "d");
	expect(fd, "c");
	assert_true(journal_output_flush(output, clock_now() + PATIENCE));
	close_output(&output);
	(void)close(fd);
}

/* ---- a connection ---- */

/* The next frame: LENGTH SP MESSAGE, which ends so. */
static void
expect_frame(int fd, const char *word)
{
	char bytes[4096], c = '\0';
	struct text want = TEXT_EMPTY;
	size_t len = 0;

	while (recv(fd, &c, 1, 0) == 1 && c != ' ') {
		assert_in_range(c, '0', '9');
		len = len * 10 + (size_t)(c - '0');
	}
	assert_int_equal(c, ' ');
	assert_in_range(len, 1, sizeof(bytes));
	assert_int_equal(recv(fd, bytes, len, MSG_WAITALL), len);
	text_addf(&want, ": %s", word);
	assert_true(str_ends((struct str){ bytes, len }, text_str(&want)));
	text_fini(&want);
}

static void
tcp(void **state)
{
	struct address_port at = { 0 };
	int listener = open_server(SOCK_STREAM, &at);
	struct policy_journal_output settings =
	    to_server(POLICY_JOURNAL_SYSLOG_TCP, at);
	struct journal_output *output = open_output(&settings, NULL);

	(void)state;
	put(output, "a");
	put(output, "b");
	int fd = accept(listener, NULL, NULL);
	expect_frame(fd, "a");
	expect_frame(fd, "b");
	assert_true(journal_output_flush(output, clock_now() + PATIENCE));

	/* The server ends the connection, and takes another. */
	(void)close(fd);
	put(output, "c");
	fd = accept(listener, NULL, NULL);
	expect_frame(fd, "c");
	(void)close(fd);

	/* It is gone, and comes again: nothing that was put then is lost. */
	(void)close(listener);
	put(output, "d");
	put(output, "e");
	while (journal_output_look(output).error == 0)
		(void)poll(NULL, 0, 1);
	listener = open_server(SOCK_STREAM, &at);
	fd = accept(listener, NULL, NULL);
	expect_frame(fd, "d");
	expect_frame(fd, "e");
	assert_true(journal_output_flush(output, clock_now() + PATIENCE));
	assert_int_equal(journal_output_look(output).lost, 0);
	assert_int_equal(journal_output_look(output).written, 5);
	close_output(&output);
	(void)close(fd);
	(void)close(listener);
}

/* One that accepts and never reads: who emits goes on, and so does the end. */
static void
tcp_that_nobody_reads(void **state)
{
	struct address_port at = { 0 };
	int listener = open_server(SOCK_STREAM, &at);
	struct policy_journal_output settings =
	    to_server(POLICY_JOURNAL_SYSLOG_TCP, at);
	struct journal_output *output = open_output(&settings, NULL);
	int64_t lost = counter_get(COUNTER_EVENTS_LOST);

	(void)state;
	int64_t began = clock_now();
	for (int i = 0; i < 150000; i++)
		put(output, "a line of no importance at all");
	assert_in_range(clock_now() - began, 0, 20 * CLOCK_SECOND);
	assert_true(counter_get(COUNTER_EVENTS_LOST) > lost);
	began = clock_now();
	close_output(&output);
	assert_in_range(clock_now() - began, 0, 2 * JOURNAL_END_PATIENCE);
	(void)close(listener);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(unix_socket),
		TEST(unix_socket_comes_late),
		TEST(unix_socket_that_another_connects),
		TEST(unix_socket_that_nobody_reads),
		TEST(udp),
		TEST(tcp),
		TEST(tcp_that_nobody_reads),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
