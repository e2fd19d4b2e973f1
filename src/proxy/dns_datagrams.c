/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/dns_datagrams.h"

#include "net/datagram.h"
#include "net/datagrams.h"

#include <errno.h>

/* In one go: so many are answered in less than a millisecond. */
#define ROUNDS_MAX 4

/* Answers that are there at once leave together. */
static _Thread_local struct datagrams questions, answers;
static _Thread_local bool gathers;

static void
take_intercepted(struct dns_front *front, struct dns_client *client)
{
	struct str message;

	for (unsigned i = 0; i < DATAGRAMS_MAX; i++) {
		int rc = datagram_receive_for(
		    client->fd, &message, &client->source, &client->asked);
		if (rc == -EAGAIN)
			return;
		if (rc == 0)
			dns_front_take(front, client, message);
	}
}

/* True: there may be more. */
static bool
take_round(struct dns_front *front, struct dns_client *client)
{
	int count = datagrams_receive(client->fd, &questions);

	if (count <= 0)
		return false;
	answers.count = 0;
	gathers = true;
	for (size_t i = 0; i < (size_t)count; i++) {
		struct str message =
		    datagrams_at(&questions, i, &client->source);
		dns_front_take(front, client, message);
	}
	gathers = false;
	datagrams_send(client->fd, &answers);
	return count == DATAGRAMS_MAX;
}

void
dns_datagrams_take(
    struct dns_front *front, const struct proxy_listener *listener)
{
	struct dns_client client = { .fd = listener->fd,
		.asked = listener->at,
		.intercepted = listener->intercepts };

	if (listener->intercepts) {
		take_intercepted(front, &client);
		return;
	}
	for (unsigned i = 0; i < ROUNDS_MAX; i++)
		if (!take_round(front, &client))
			return;
}

/* While answers are gathered all of them belong to the one listener: nobody
 * else is answered within that. */
void
dns_datagrams_send(const struct dns_client *client, struct str message)
{
	if (client->intercepted)
		(void)datagram_send_as(client->fd, &client->source,
		    client->asked.address, message);
	else if (!gathers || !datagrams_add(&answers, &client->source, message))
		(void)datagram_send(client->fd, &client->source, message);
}
