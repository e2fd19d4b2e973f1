/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench/udp: small packets, each a new flow or all of a few known ones.
 *
 *	udp new COUNT SECONDS ADDRESS [RATE]
 *	udp known COUNT SECONDS ADDRESS
 *	udp answer ADDRESS
 *
 * Sends to ADDRESS until COUNT were sent or SECONDS are over, and prints how
 * many they were and the nanoseconds of CPU time they took.  `new`: each from a
 * pair of ports that had none before; with a RATE no more than that in a second,
 * a batch of 64 at a time.  `known`: of KNOWN flows, which `answer` answered on
 * the other side before (`ready` when it can); greetings are of another length
 * than what is measured.  On a path of veth pairs the kernel does everything up
 * to the receiving socket on the sender's account: that is how the cost of a
 * gateway's rules is seen here.
 */
#include "tcp.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH      64
#define PORT_FIRST 1024
#define PORTS      64000 /* of one source port, in whole batches */
#define FLOWS_MAX  256000
#define KNOWN      BATCH
#define KNOWN_PORT 40000 /* theirs, on the side that sends */
#define WAIT_S     5     /* for an answer */

static const char greeting[2];

static int64_t
now(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The kernel gives each socket a source port of its own at its first packet. */
static int
open_source(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	return fd;
}

static void
send_batch(int fd, struct sockaddr_in to, long first_port)
{
	static char byte[1];
	struct iovec piece = { byte, sizeof(byte) };
	struct sockaddr_in tos[BATCH];
	struct mmsghdr messages[BATCH] = { 0 };

	for (int i = 0; i < BATCH; i++) {
		tos[i] = to;
		tos[i].sin_port = htons((uint16_t)(first_port + i));
		messages[i].msg_hdr.msg_name = &tos[i];
		messages[i].msg_hdr.msg_namelen = sizeof(tos[i]);
		messages[i].msg_hdr.msg_iov = &piece;
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	if (sendmmsg(fd, messages, BATCH, 0) != BATCH)
		die("send");
}

static int
open_bound(struct sockaddr_in at)
{
	struct timeval limit = { .tv_sec = WAIT_S };
	int fd = open_source();

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) <
		0 ||
	    bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		die("bind");
	return fd;
}

static void
greet(int fd, struct sockaddr_in to)
{
	char answer[sizeof(greeting)];

	if (sendto(fd, greeting, sizeof(greeting), 0,
		(const struct sockaddr *)&to, sizeof(to)) < 0 ||
	    recv(fd, answer, sizeof(answer), 0) < 0)
		die("greet");
}

/* One socket, and each of its flows has been answered. */
static int
open_known(struct sockaddr_in to)
{
	int fd = open_bound((struct sockaddr_in){
	    .sin_family = AF_INET, .sin_port = htons(KNOWN_PORT) });

	for (int i = 0; i < KNOWN; i++) {
		to.sin_port = htons((uint16_t)(PORT_FIRST + i));
		greet(fd, to);
	}
	return fd;
}

static int
answer_all(struct sockaddr_in at)
{
	int fds[KNOWN];

	for (int i = 0; i < KNOWN; i++) {
		at.sin_port = htons((uint16_t)(PORT_FIRST + i));
		fds[i] = open_bound(at);
	}
	(void)puts("ready");
	(void)fflush(stdout);
	for (int i = 0; i < KNOWN; i++) {
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		char got[sizeof(greeting)];
		if (recvfrom(fds[i], got, sizeof(got), 0,
			(struct sockaddr *)&from, &len) < 0 ||
		    sendto(fds[i], greeting, sizeof(greeting), 0,
			(const struct sockaddr *)&from, len) < 0)
			die("answer");
	}
	return 0;
}

/* The first `sent` packets are due at this rate: no sooner goes the next. */
static void
keep_rate(int64_t start, long sent, long rate)
{
	int64_t due = start + (int64_t)sent * 1000000000 / rate;
	struct timespec t = { due / 1000000000, due % 1000000000 };

	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

struct sending {
	struct sockaddr_in to;
	long count, rate;
	double seconds;
	bool known;
};

static void
send_all(struct sending sending)
{
	bool known = sending.known;
	int fd = known ? open_known(sending.to) : -1;
	long ports = known ? KNOWN : PORTS, count = sending.count, sent = 0;

	if (!known && count > FLOWS_MAX)
		count = FLOWS_MAX; /* beyond it the table of flows is full */
	int64_t start = now(CLOCK_MONOTONIC);
	int64_t end = start + (int64_t)(sending.seconds * 1e9);
	int64_t cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	for (; sent < count && now(CLOCK_MONOTONIC) < end; sent += BATCH) {
		if (!known && sent % PORTS == 0) {
			(void)close(fd);
			fd = open_source();
		}
		if (sending.rate > 0)
			keep_rate(start, sent, sending.rate);
		send_batch(fd, sending.to, PORT_FIRST + sent % ports);
	}
	cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	(void)printf("%ld %lld\n", sent, (long long)cpu);
}

/* 0, or -1 where it is called in another way. */
static int
read_sending(int argc, char **argv, struct sending *ret)
{
	if (argc != 5 && argc != 6)
		return -1;
	*ret = (struct sending){
		.to = tcp_address(argv[4], "9"),
		.count = strtol(argv[2], NULL, 10),
		.seconds = strtod(argv[3], NULL),
		.rate = argc == 6 ? strtol(argv[5], NULL, 10) : 0,
		.known = strcmp(argv[1], "known") == 0,
	};
	if (ret->known)
		return argc == 5 ? 0 : -1;
	return strcmp(argv[1], "new") == 0 ? 0 : -1;
}

int
main(int argc, char **argv)
{
	struct sending sending;

	if (argc == 3 && strcmp(argv[1], "answer") == 0)
		return answer_all(tcp_address(argv[2], "9"));
	if (read_sending(argc, argv, &sending) < 0) {
		(void)fputs(
		    "usage: udp new COUNT SECONDS ADDRESS [RATE], or "
		    "udp known COUNT SECONDS ADDRESS, or udp answer ADDRESS\n",
		    stderr);
		return 2;
	}
	send_all(sending);
	return 0;
}
