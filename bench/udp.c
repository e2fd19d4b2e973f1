/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench/udp: every packet a new flow.
 *
 *	udp FLOWS SECONDS ADDRESS [RATE]
 *
 * Sends small packets to ADDRESS, each from a pair of ports that had none
 * before, until FLOWS were sent or SECONDS are over, and prints how many they
 * were and the nanoseconds of CPU time they took.  With a RATE it sends no more
 * than that in a second, a batch of 64 at a time.  On a path of veth pairs the
 * kernel does everything up to the receiving socket on the sender's account:
 * that is how the cost of a gateway's rules is seen here.
 */
#include "tcp.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH      64
#define PORT_FIRST 1024
#define PORTS      64000 /* of one source port, in whole batches */
#define FLOWS_MAX  256000

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

/* The first `sent` packets are due at this rate: no sooner goes the next. */
static void
keep_rate(int64_t start, long sent, long rate)
{
	int64_t due = start + (int64_t)sent * 1000000000 / rate;
	struct timespec t = { due / 1000000000, due % 1000000000 };

	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

int
main(int argc, char **argv)
{
	if (argc != 4 && argc != 5) {
		(void)fputs(
		    "usage: udp FLOWS SECONDS ADDRESS [RATE]\n", stderr);
		return 2;
	}
	long flows = strtol(argv[1], NULL, 10), sent = 0;
	long rate = argc == 5 ? strtol(argv[4], NULL, 10) : 0;
	double seconds = strtod(argv[2], NULL);
	struct sockaddr_in to = tcp_address(argv[3], "9");
	int fd = -1;

	if (flows > FLOWS_MAX) /* beyond it the kernel's flow table is full */
		flows = FLOWS_MAX;
	int64_t start = now(CLOCK_MONOTONIC);
	int64_t end = start + (int64_t)(seconds * 1e9);
	int64_t cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	for (; sent < flows && now(CLOCK_MONOTONIC) < end; sent += BATCH) {
		if (sent % PORTS == 0) {
			(void)close(fd);
			fd = open_source();
		}
		if (rate > 0)
			keep_rate(start, sent, rate);
		send_batch(fd, to, PORT_FIRST + sent % PORTS);
	}
	cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	(void)printf("%ld %lld\n", sent, (long long)cpu);
	return 0;
}
