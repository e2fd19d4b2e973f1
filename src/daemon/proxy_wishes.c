/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The second channel: what the workers want while they serve.
 */
#include "daemon/proxy_impl.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Of any thread. */
static int
want_source(uint32_t number, int client)
{
	struct channel_message message = { .type = CHANNEL_WANT,
		.source.number = number };

	return channel_send(CHANNEL_SOURCES_FD, &message, client);
}

/* So too. */
static int
want_stand(uint32_t number, const struct address_port *client,
    const struct address_port *server)
{
	struct channel_message message = { .type = CHANNEL_STAND,
		.stand = { number, *client, *server } };

	return channel_send(CHANNEL_SOURCES_FD, &message, -1);
}

/* So too; what does not get through is told of at the next refusals. */
static void
tell_caught(struct address source, uint32_t generation, uint32_t rule)
{
	struct channel_message message = { .type = CHANNEL_CAUGHT,
		.caught = { source, generation, rule } };

	(void)channel_send(CHANNEL_SOURCES_FD, &message, -1);
}

/* So too; one that does not get through is one of several. */
static void
tell_alive(void)
{
	const struct channel_message message = { .type = CHANNEL_ALIVE };

	(void)channel_send(CHANNEL_SOURCES_FD, &message, -1);
}

_Static_assert(LEARNING_ADDRESSES_MAX == CHANNEL_LEARN_MAX,
    "as many addresses as a message has room for");

/* So too. */
static int
tell_name(uint32_t number, const struct learning_wish *wish)
{
	struct channel_message message = { .type = CHANNEL_LEARN };
	struct channel_learn *learn = &message.learn;

	learn->number = number;
	learn->seconds = wish->seconds;
	learn->count = wish->count;
	memcpy(learn->zone, wish->zone, sizeof(learn->zone));
	memcpy(learn->name, wish->name, sizeof(learn->name));
	memcpy(learn->addresses, wish->addresses,
	    wish->count * sizeof(*learn->addresses));
	return channel_send(CHANNEL_SOURCES_FD, &message, -1);
}

static int
take_source(struct proxy *proxy, const struct channel_message *message, int *fd)
{
	if (message->type == CHANNEL_NO_SOURCE) {
		workers_take_source(proxy->workers, message->source.number,
		    message->source.error);
		return 0;
	}
	if (message->type == CHANNEL_LEARNED) {
		workers_take_learned(proxy->workers, message->source.number,
		    message->source.error);
		return 0;
	}
	if (message->type != CHANNEL_SOURCE)
		return -EBADMSG;
	workers_take_source(proxy->workers, message->source.number, *fd);
	*fd = -1;
	return 0;
}

static void
on_sources(struct loop_watch *watch, unsigned ready)
{
	static struct channel_message message; /* 4 KiB; one thread */
	struct proxy *proxy = watch->context;
	int fd = -1;

	(void)ready;
	int rc = channel_receive(CHANNEL_SOURCES_FD, &message, &fd);
	if (rc == 0)
		rc = take_source(proxy, &message, &fd);
	if (fd >= 0)
		(void)close(fd);
	if (rc == 0 || rc == -EAGAIN)
		return;
	/* The other channel says whether that is the end of all. */
	loop_watch_stop(watch);
}

int
proxy_wishes_open(struct proxy *proxy)
{
	proxy->sources = (struct loop_watch){ .fd = CHANNEL_SOURCES_FD,
		.wanted = LOOP_READ,
		.fn = on_sources,
		.context = proxy };
	int rc = loop_watch_start(&proxy->loop, &proxy->sources);

	if (rc == 0)
		rc = workers_open_sources(
		    proxy->workers, want_source, want_stand);
	if (rc == 0)
		rc = workers_open_learning(proxy->workers, tell_name);
	if (rc < 0)
		return rc;
	workers_tell_refused(proxy->workers, tell_caught);
	workers_tell_alive(proxy->workers, tell_alive);
	return 0;
}
