/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of net/ share: a loop that fails the test instead of
 * hanging, and connected sockets on the loopback.
 */
#ifndef GATEHOUSE_TESTS_NET_HARNESS_H
#define GATEHOUSE_TESTS_NET_HARNESS_H

#include "net/loop.h"
#include "net/socket.h"

#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* A test that takes so long has lost an event. */
#define WATCHDOG (20 * CLOCK_SECOND)

struct harness {
	struct loop loop;
	struct loop_timer watchdog;
	bool bitten;
};

static inline void
harness_bite(struct loop_timer *timer)
{
	struct harness *h = timer->context;

	h->bitten = true;
	loop_stop(&h->loop);
}

static inline void
harness_begin(struct harness *h)
{
	*h = (struct harness){ .bitten = false };
	h->watchdog = (struct loop_timer){ .fn = harness_bite, .context = h };
	assert_int_equal(loop_init(&h->loop), 0);
}

/* Until somebody calls loop_stop. */
static inline void
harness_run(struct harness *h)
{
	loop_timer_arm(&h->loop, &h->watchdog, clock_now() + WATCHDOG);
	assert_int_equal(loop_run(&h->loop), 0);
	loop_timer_cancel(&h->watchdog);
	assert_false(h->bitten);
}

static inline void
harness_stop_at(struct loop_timer *timer)
{
	loop_stop(timer->context);
}

/* For a time: only to show that something does not happen. */
static inline void
harness_run_for(struct harness *h, int64_t time)
{
	struct loop_timer stop = { .fn = harness_stop_at, .context = &h->loop };

	loop_timer_arm(&h->loop, &stop, clock_now() + time);
	harness_run(h);
}

static inline void
harness_stop_deferred(struct loop_deferred *deferred)
{
	loop_stop(deferred->context);
}

/* One round, with what is ready now. */
static inline void
harness_round(struct harness *h)
{
	struct loop_deferred stop = { .fn = harness_stop_deferred,
		.context = &h->loop };

	loop_defer(&h->loop, &stop);
	harness_run(h);
}

static inline void
harness_end(struct harness *h)
{
	loop_fini(&h->loop);
}

static inline struct address_port
loopback(enum address_family family, uint16_t port)
{
	struct address_port at = { .port = port };

	assert_int_equal(address_parse(family == ADDRESS_IPV4 ? STR("127.0.0.1")
							      : STR("::1"),
			     &at.address),
	    0);
	return at;
}

/* A listener on the loopback, at a port of the kernel's choice. */
static inline int
listen_somewhere(enum address_family family, struct address_port *ret)
{
	int fd =
	    socket_listen(&(struct socket_listen){ .at = loopback(family, 0) });

	assert_true(fd >= 0);
	assert_int_equal(socket_local(fd, ret), 0);
	return fd;
}

/* Accept, waiting for it. */
static inline int
accept_one_of(int listener)
{
	struct socket_accepted one;
	int count = 0;

	for (int i = 0; count == 0 && i < 100000; i++)
		count = socket_accept(listener, &one, 1);
	assert_int_equal(count, 1);
	return one.fd;
}

static inline void
set_int(int fd, int level, int option, int value)
{
	assert_int_equal(
	    setsockopt(fd, level, option, &value, sizeof(value)), 0);
}

/*
 * Two ends of one TCP connection; send and receive buffers of about `bytes`
 * where that is not 0.  The segments are small then too: a window below the
 * 64 KiB segment of the loopback would be used by timers only.
 */
static inline void
tcp_pair(int ret[2], int bytes)
{
	struct address_port at;
	int listener = listen_somewhere(ADDRESS_IPV4, &at);

	if (bytes > 0)
		set_int(listener, IPPROTO_TCP, TCP_MAXSEG, 1024);
	ret[0] = socket_connect(&(struct socket_connect){ .to = at });
	assert_true(ret[0] >= 0);
	ret[1] = accept_one_of(listener);
	for (int i = 0; bytes > 0 && i < 2; i++) {
		set_int(ret[i], SOL_SOCKET, SO_SNDBUF, bytes);
		set_int(ret[i], SOL_SOCKET, SO_RCVBUF, bytes);
	}
	(void)close(listener);
}

/* Descriptors of this process. */
static inline int
open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		count++;
	(void)closedir(dir);
	return count;
}

#endif
