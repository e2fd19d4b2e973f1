/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/quic_refusal: the answer to a client of QUIC that nobody serves it.
 *
 * An Initial packet as the server would send it, with CONNECTION_CLOSE and
 * CONNECTION_REFUSED (RFC 9000, 20.1): whoever has seen the client's packet can
 * make it.  A browser goes on by TCP then, and does not wait.
 */
#ifndef GATEHOUSE_NET_QUIC_REFUSAL_H
#define GATEHOUSE_NET_QUIC_REFUSAL_H

#include "net/quic_hello.h"

#define QUIC_REFUSAL_BYTES_MAX 128

/* Of whom the flight has come from, as far as it came.  Its length, or -EINVAL:
 * nothing of it was understood. */
int quic_refusal_write(
    const struct quic_hello *quic, uint8_t ret[static QUIC_REFUSAL_BYTES_MAX]);

#endif
