/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench/tcp: what load, origin and relay share: IPv4 sockets that never block,
 * and the counts that bench/run reads while they work.
 *
 * These are programs for a bench: what the world refuses ends them with words.
 */
#ifndef GATEHOUSE_BENCH_TCP_H
#define GATEHOUSE_BENCH_TCP_H

#include <netinet/in.h>
#include <stdint.h>

/* Descriptors are below this; tables are indexed by them. */
#define TCP_FD_MAX 65536

/* What bench/run reads from the file given to counts_map(), in this order. */
struct counts {
	uint64_t answers; /* whole, with status 200 */
	uint64_t bytes;   /* through tunnels */
	uint64_t failures;
	uint64_t dials;
};

/* Says why on standard error and ends the program. */
_Noreturn void die(const char *what);

/* The file as memory: to count costs no system call, nor does it to look. */
struct counts *counts_map(const char *path);

/* ADDRESS and PORT in figures. */
struct sockaddr_in tcp_address(const char *address, const char *port);

/* As many descriptors as are permitted, TCP_FD_MAX at most. */
void tcp_many_descriptors(void);

int tcp_listen(const char *address, const char *port);

/* The next connection, without delay of small writes; -1 if none waits. */
int tcp_accept(int listener);

/* The address that connections to it have here, if nothing is said. */
struct sockaddr_in tcp_own_address(const struct sockaddr_in *to);

/* A connection that may still be under way; -1 with errno if refused.  Of any
 * port of `from`; NULL: of any address. */
int tcp_dial(const struct sockaddr_in *to, const struct sockaddr_in *from);

#endif
