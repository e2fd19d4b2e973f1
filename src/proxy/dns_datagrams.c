/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/dns_datagrams.h"

#include "net/datagram.h"

#include <errno.h>

/* In one go: so many are answered in less than a millisecond. */
#define DATAGRAMS_MAX 64

/* No question is longer; what is cut is no question. */
#define QUESTION_BYTES 2048

void
dns_datagrams_take(
    struct dns_front *front, const struct proxy_listener *listener)
{
	struct dns_client client = { .fd = listener->fd,
		.asked = listener->at,
		.intercepted = listener->intercepts };
	char bytes[QUESTION_BYTES];

	for (unsigned i = 0; i < DATAGRAMS_MAX; i++) {
		ssize_t len =
		    listener->intercepts
			? datagram_receive_for(listener->fd, bytes,
			      sizeof(bytes), &client.source, &client.asked)
			: datagram_receive(listener->fd, bytes, sizeof(bytes),
			      &client.source);
		if (len == -EAGAIN)
			return;
		if (len > 0)
			dns_front_take(
			    front, &client, (struct str){ bytes, (size_t)len });
	}
}

void
dns_datagrams_send(const struct dns_client *client, struct str message)
{
	if (client->intercepted)
		(void)datagram_send_as(client->fd, &client->source,
		    client->asked.address, message);
	else
		(void)datagram_send(client->fd, &client->source, message);
}
