/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/source_desk.h"

#include "daemon/channel.h"
#include "daemon/client_source.h"
#include "daemon/gateway.h"

#include <errno.h>
#include <unistd.h>

/* Questions answered in a row: others have to do with the daemon, too. */
#define QUESTIONS_MAX 64

void
source_desk_close(struct gateway *gateway)
{
	struct loop_watch *watch = &gateway->source_desk;

	if (watch->fd < 0)
		return;
	loop_watch_stop(watch);
	(void)close(watch->fd);
	watch->fd = -1;
}

/* Takes the socket, or a negative errno. */
static int
answer(const struct gateway *gateway, uint32_t number, int fd)
{
	struct channel_message message = { .type = CHANNEL_SOURCE,
		.source.number = number };

	if (fd < 0) {
		message.type = CHANNEL_NO_SOURCE;
		message.source.error = fd;
	}
	int rc = channel_send(gateway->source_desk.fd, &message, fd);
	if (fd >= 0)
		(void)close(fd);
	return rc == -EAGAIN ? 0 : rc;
}

static int
answer_want(const struct gateway *gateway, uint32_t number, int client)
{
	return answer(gateway, number,
	    gateway->current == NULL
		? -EPERM
		: client_source_make(gateway->current->policy, client));
}

static int
answer_stand(const struct gateway *gateway, const struct channel_stand *stand)
{
	return answer(gateway, stand->number,
	    gateway->current == NULL
		? -EPERM
		: client_source_stand(gateway->current, stand));
}

/* 0, -EAGAIN when there are no more, or the channel's end. */
static int
take_one(struct gateway *gateway)
{
	static struct channel_message message; /* 4 KiB; one thread */
	int client = -1;
	int rc = channel_receive(gateway->source_desk.fd, &message, &client);

	if (rc == 0 && message.type == CHANNEL_ALIVE)
		pulse_keeper_hear(&gateway->pulse);
	else if (rc == 0 && message.type == CHANNEL_CAUGHT)
		caught_keeper_hear(&gateway->caught, &message.caught);
	else if (rc == 0 && message.type == CHANNEL_STAND)
		rc = answer_stand(gateway, &message.stand);
	else if (rc == 0 && message.type == CHANNEL_LEARN)
		name_keeper_hear(gateway, &message.learn);
	else if (rc == 0)
		rc = message.type != CHANNEL_WANT
			 ? -EBADMSG
			 : answer_want(gateway, message.source.number, client);
	if (client >= 0)
		(void)close(client);
	return rc;
}

static void
on_questions(struct loop_watch *watch, unsigned ready)
{
	struct gateway *gateway = watch->context;
	int rc = 0;

	(void)ready;
	for (int i = 0; rc == 0 && i < QUESTIONS_MAX; i++)
		rc = take_one(gateway);
	name_keeper_settle(gateway);
	if (rc < 0 && rc != -EAGAIN)
		source_desk_close(gateway);
}

int
source_desk_open(struct gateway *gateway)
{
	source_desk_close(gateway);
	gateway->source_desk = (struct loop_watch){
		.fd = gateway->child.sources,
		.wanted = LOOP_READ,
		.fn = on_questions,
		.context = gateway,
	};
	gateway->child.sources = -1;
	int rc = loop_watch_start(gateway->loop, &gateway->source_desk);
	if (rc < 0) {
		(void)close(gateway->source_desk.fd);
		gateway->source_desk.fd = -1;
	}
	return rc;
}
