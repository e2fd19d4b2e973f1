/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench/streams: clients of HTTP/2 that ask as fast as they are answered.
 *
 *	streams COUNTS plain|tls CLIENTS PROXY PORT ORIGIN PORT PATH STREAMS
 *
 * Each client has one connection to the proxy, by prior knowledge or ALPN, and
 * so many requests under way on it, over and over: GET PATH of the origin,
 * whatever the connection a URL of http.  An answer without status 200, or
 * without an end, is a failure; a connection that ends is the end of all.
 *
 * One thread, epoll.  Requests are so short that who waits for room to send
 * them does not wait long: sends block.
 */
#include "tcp.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define READ_BYTES ((size_t)64 << 10)
#define SEND_BYTES ((size_t)16 << 10)
/* No answer waits for it. */
#define WINDOW_BYTES (1 << 30)
#define EVENTS       64

static nghttp2_session *sessions[TCP_FD_MAX];
static struct counts *counts;
static char authority[64];
static nghttp2_nv request[6];

static nghttp2_nv
field(const char *name, const char *value)
{
	return (nghttp2_nv){
		.name = (uint8_t *)(uintptr_t)name,
		.value = (uint8_t *)(uintptr_t)value,
		.namelen = strlen(name),
		.valuelen = strlen(value),
		.flags = NGHTTP2_NV_FLAG_NO_COPY_NAME |
			 NGHTTP2_NV_FLAG_NO_COPY_VALUE,
	};
}

static void
write_request(const char *address, const char *port, const char *path)
{
	(void)snprintf(authority, sizeof(authority), "%s:%s", address, port);
	request[0] = field(":method", "GET");
	request[1] = field(":scheme", "http");
	request[2] = field(":authority", authority);
	request[3] = field(":path", path);
	request[4] = field("user-agent", "bench");
	request[5] = field("accept", "*/*");
}

static void
ask(nghttp2_session *session)
{
	if (nghttp2_submit_request(session, NULL, request,
		sizeof(request) / sizeof(request[0]), NULL, NULL) < 0)
		die("no request any more");
}

static int
on_field(nghttp2_session *session, const nghttp2_frame *frame,
    const uint8_t *name, size_t name_len, const uint8_t *value, size_t len,
    uint8_t flags, void *context)
{
	(void)session;
	(void)frame;
	(void)flags;
	(void)context;
	if (name_len == 7 && memcmp(name, ":status", 7) == 0 &&
	    (len != 3 || memcmp(value, "200", 3) != 0))
		counts->failures++;
	return 0;
}

static int
on_closed(nghttp2_session *session, int32_t id, uint32_t error, void *context)
{
	(void)id;
	(void)context;
	if (error != NGHTTP2_NO_ERROR)
		counts->failures++;
	else
		counts->answers++;
	ask(session);
	return 0;
}

static void
send_all(int fd)
{
	static uint8_t bytes[SEND_BYTES];
	const uint8_t *frame;
	size_t len = 0;
	ssize_t n;

	while ((n = nghttp2_session_mem_send(sessions[fd], &frame)) > 0) {
		if (len + (size_t)n > sizeof(bytes))
			die("more than a round asks for");
		memcpy(bytes + len, frame, (size_t)n);
		len += (size_t)n;
	}
	if (len > 0 && wire_send(fd, bytes, len) != (ssize_t)len)
		die("cannot ask");
}

static void
read_answers(int fd)
{
	static uint8_t bytes[READ_BYTES];

	do {
		ssize_t n = wire_recv(fd, bytes, sizeof(bytes));
		if (n <= 0)
			die("the connection ended");
		if (nghttp2_session_mem_recv(sessions[fd], bytes, (size_t)n) <
		    0)
			die("no HTTP/2");
	} while (wire_holds(fd));
	send_all(fd);
}

static nghttp2_session *
make_session(void)
{
	nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW_BYTES },
		{ NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
	};
	nghttp2_session_callbacks *calls;
	nghttp2_session *session;

	if (nghttp2_session_callbacks_new(&calls) != 0)
		die("memory");
	nghttp2_session_callbacks_set_on_header_callback(calls, on_field);
	nghttp2_session_callbacks_set_on_stream_close_callback(
	    calls, on_closed);
	if (nghttp2_session_client_new(&session, calls, NULL) != 0 ||
	    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, 2) !=
		0 ||
	    nghttp2_session_set_local_window_size(
		session, NGHTTP2_FLAG_NONE, 0, WINDOW_BYTES) != 0)
		die("memory");
	nghttp2_session_callbacks_del(calls);
	return session;
}

static int
dial(const struct sockaddr_in *proxy, bool tls)
{
	int fd = tcp_dial(proxy, NULL);

	if (fd < 0 || fcntl(fd, F_SETFL, 0) < 0)
		die("cannot connect to the proxy");
	if (tls)
		wire_ask(fd, "h2");
	counts->dials++;
	return fd;
}

int
main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];

	if (argc != 10) {
		(void)fputs("usage: streams COUNTS plain|tls CLIENTS PROXY "
			    "PORT ORIGIN PORT PATH STREAMS\n",
		    stderr);
		return 2;
	}
	counts = counts_map(argv[1]);
	unsigned long n_clients = strtoul(argv[3], NULL, 10);
	unsigned long n_streams = strtoul(argv[9], NULL, 10);
	struct sockaddr_in proxy = tcp_address(argv[4], argv[5]);
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0)
		die("epoll");
	write_request(argv[6], argv[7], argv[8]);

	for (unsigned long i = 0; i < n_clients; i++) {
		int fd = dial(&proxy, strcmp(argv[2], "tls") == 0);
		struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
		sessions[fd] = make_session();
		for (unsigned long j = 0; j < n_streams; j++)
			ask(sessions[fd]);
		send_all(fd);
		if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
			die("epoll");
	}
	for (;;) {
		int n = epoll_wait(epoll_fd, events, EVENTS, -1);

		for (int i = 0; i < n; i++)
			read_answers(events[i].data.fd);
	}
}
