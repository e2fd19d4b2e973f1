/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench/wire: descriptors of TCP, some of which speak TLS.
 *
 * Who calls these instead of recv(), send() and close() need not know which.
 * All speak by the same certificate, and believe any.
 */
#ifndef GATEHOUSE_BENCH_WIRE_H
#define GATEHOUSE_BENCH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The certificate and its key, in one file of PEM. */
void wire_certify(const char *path);

/* From now on TLS is spoken, as a server; hands are shaken by what follows. */
void wire_serve(int fd);

/* The same as a client: they are shaken at once, however long it takes.  The
 * protocol is that of ALPN, NULL: none is asked for. */
void wire_ask(int fd, const char *protocol);

/* As recv() and send() do without flags, and with MSG_NOSIGNAL. */
ssize_t wire_recv(int fd, void *to, size_t room);
ssize_t wire_send(int fd, const void *from, size_t len);

/* Bytes have come that no readiness will tell of. */
bool wire_holds(int fd);

void wire_close(int fd);

#endif
