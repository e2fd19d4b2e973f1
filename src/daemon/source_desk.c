/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/source_desk.h"

#include "daemon/caught_keeper.h"
#include "daemon/channel.h"
#include "daemon/child.h"
#include "daemon/client_source.h"
#include "daemon/generation.h"
#include "daemon/name_keeper.h"
#include "daemon/pulse_keeper.h"

#include <errno.h>
#include <unistd.h>

/* Questions answered in a row: others have to do with the daemon, too. */
#define QUESTIONS_MAX 64

void
source_desk_close(struct source_desk *desk)
{
	struct loop_watch *watch = &desk->watch;

	if (watch->fd < 0)
		return;
	loop_watch_stop(watch);
	(void)close(watch->fd);
	watch->fd = -1;
}

/* Takes the socket, or a negative errno. */
static int
answer(const struct source_desk *desk, uint32_t number, int fd)
{
	struct channel_message message = { .type = CHANNEL_SOURCE,
		.source.number = number };

	if (fd < 0) {
		message.type = CHANNEL_NO_SOURCE;
		message.source.error = fd;
	}
	int rc = channel_send(desk->watch.fd, &message, fd);
	if (fd >= 0)
		(void)close(fd);
	return rc == -EAGAIN ? 0 : rc;
}

static int
answer_want(const struct source_desk *desk, uint32_t number, int client)
{
	return answer(desk, number,
	    *desk->current == NULL
		? -EPERM
		: client_source_make((*desk->current)->policy, client));
}

static int
answer_stand(const struct source_desk *desk, const struct channel_stand *stand)
{
	return answer(desk, stand->number,
	    *desk->current == NULL
		? -EPERM
		: client_source_stand(*desk->current, stand));
}

/* 0, -EAGAIN when there are no more, or the channel's end. */
static int
take_one(struct source_desk *desk)
{
	static struct channel_message message; /* 4 KiB; one thread */
	int client = -1;
	int rc = channel_receive(desk->watch.fd, &message, &client);

	if (rc == 0 && message.type == CHANNEL_ALIVE)
		pulse_keeper_hear(desk->pulse);
	else if (rc == 0 && message.type == CHANNEL_CAUGHT)
		caught_keeper_hear(desk->caught, &message.caught);
	else if (rc == 0 && message.type == CHANNEL_STAND)
		rc = answer_stand(desk, &message.stand);
	else if (rc == 0 && message.type == CHANNEL_LEARN)
		name_keeper_hear(desk->names, &message.learn, desk->watch.fd);
	else if (rc == 0)
		rc = message.type != CHANNEL_WANT
			 ? -EBADMSG
			 : answer_want(desk, message.source.number, client);
	if (client >= 0)
		(void)close(client);
	return rc;
}

static void
on_questions(struct loop_watch *watch, unsigned ready)
{
	struct source_desk *desk = watch->context;
	int rc = 0;

	(void)ready;
	for (int i = 0; rc == 0 && i < QUESTIONS_MAX; i++)
		rc = take_one(desk);
	name_keeper_settle(desk->names, desk->watch.fd);
	if (rc < 0 && rc != -EAGAIN)
		source_desk_close(desk);
}

int
source_desk_open(struct source_desk *desk, struct child *child)
{
	source_desk_close(desk);
	desk->watch = (struct loop_watch){
		.fd = child->sources,
		.wanted = LOOP_READ,
		.fn = on_questions,
		.context = desk,
	};
	child->sources = -1;
	int rc = loop_watch_start(desk->loop, &desk->watch);
	if (rc < 0) {
		(void)close(desk->watch.fd);
		desk->watch.fd = -1;
	}
	return rc;
}
