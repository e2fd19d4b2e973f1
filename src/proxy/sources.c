/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ticket has a place in the table under the lock, by which it may be
 * cancelled at once.  Answered, it is out of the table, and its message on the
 * way: then the loop that it belongs to either calls back or, if it was
 * cancelled meanwhile, closes what came.
 */
#include "proxy/sources.h"

#include "base/must.h"
#include "proxy/limits.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

struct source_ticket {
	struct loop_message message;
	struct sources *sources;
	struct loop *loop;
	source_fn fn;
	void *context;
	uint32_t number;
	int fd;
	bool answered;  /* under the lock */
	bool cancelled; /* its own thread's */
};

struct sources {
	pthread_mutex_t lock; /* of what is below */
	/* By its number, whose remainder is its place. */
	struct source_ticket *tickets[PROXY_SOURCES_MAX];
	uint32_t last_number;
	sources_send_fn send;
	sources_stand_fn stand;
};

struct sources *
sources_create(sources_send_fn send, sources_stand_fn stand)
{
	struct sources *sources = calloc(1, sizeof(*sources));

	if (sources == NULL)
		return NULL;
	(void)pthread_mutex_init(&sources->lock, NULL);
	sources->send = send;
	sources->stand = stand;
	return sources;
}

void
sources_destroy(struct sources **sources)
{
	struct sources *s = *sources;

	*sources = NULL;
	if (s == NULL)
		return;
	for (size_t i = 0; i < PROXY_SOURCES_MAX; i++)
		must(s->tickets[i] == NULL);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}

static void
on_answer(struct loop *loop, struct loop_message *message)
{
	struct source_ticket *ticket = (struct source_ticket *)message;
	struct source_ticket copy = *ticket;

	(void)loop;
	free(ticket);
	if (!copy.cancelled)
		copy.fn(copy.fd, copy.context);
	else if (copy.fd >= 0)
		(void)close(copy.fd);
}

/* Under the lock: the next number whose place is free. */
static int
take_place(struct sources *sources, struct source_ticket *ticket)
{
	for (size_t i = 0; i < PROXY_SOURCES_MAX; i++) {
		uint32_t number = ++sources->last_number;
		struct source_ticket **place =
		    &sources->tickets[number % PROXY_SOURCES_MAX];
		if (*place != NULL)
			continue;
		*place = ticket;
		ticket->number = number;
		return 0;
	}
	return -EBUSY;
}

static void
leave_place(struct source_ticket *ticket)
{
	ticket->sources->tickets[ticket->number % PROXY_SOURCES_MAX] = NULL;
}

/* What is asked for: by a connection, or for two places. */
struct wish {
	int connection; /* -1: */
	struct address_port client, server;
};

static int
send_wish(
    const struct sources *sources, uint32_t number, const struct wish *wish)
{
	return wish->connection >= 0
		   ? sources->send(number, wish->connection)
		   : sources->stand(number, &wish->client, &wish->server);
}

static int
ask(struct sources *sources, const struct wish *wish, struct loop *loop,
    source_fn fn, void *context, struct source_ticket **ret)
{
	struct source_ticket *ticket = calloc(1, sizeof(*ticket));

	if (ticket == NULL)
		return -ENOMEM;
	*ticket = (struct source_ticket){ .message.fn = on_answer,
		.sources = sources,
		.loop = loop,
		.fn = fn,
		.context = context };
	(void)pthread_mutex_lock(&sources->lock);
	int rc = take_place(sources, ticket);
	if (rc == 0) {
		/* Under the lock, lest the answer comes before its place. */
		rc = send_wish(sources, ticket->number, wish);
		if (rc < 0)
			leave_place(ticket);
	}
	(void)pthread_mutex_unlock(&sources->lock);
	if (rc < 0)
		free(ticket);
	else
		*ret = ticket;
	return rc;
}

int
source_ask(struct sources *sources, int client, struct loop *loop, source_fn fn,
    void *context, struct source_ticket **ret)
{
	const struct wish wish = { .connection = client };

	return ask(sources, &wish, loop, fn, context, ret);
}

int
source_ask_stand(struct sources *sources, struct address_port client,
    struct address_port server, struct loop *loop, source_fn fn, void *context,
    struct source_ticket **ret)
{
	const struct wish wish = {
		.connection = -1, .client = client, .server = server
	};

	return ask(sources, &wish, loop, fn, context, ret);
}

void
source_ticket_cancel(struct source_ticket **ticket)
{
	struct source_ticket *t = *ticket;

	*ticket = NULL;
	if (t == NULL)
		return;
	(void)pthread_mutex_lock(&t->sources->lock);
	bool is_answered = t->answered;
	if (!is_answered)
		leave_place(t);
	(void)pthread_mutex_unlock(&t->sources->lock);
	/* The message comes to this thread, and so after this. */
	if (is_answered)
		t->cancelled = true;
	else
		free(t);
}

void
sources_answer(struct sources *sources, uint32_t number, int fd)
{
	(void)pthread_mutex_lock(&sources->lock);
	struct source_ticket *ticket =
	    sources->tickets[number % PROXY_SOURCES_MAX];
	if (ticket != NULL && ticket->number == number) {
		leave_place(ticket);
		ticket->answered = true;
	} else {
		ticket = NULL;
	}
	(void)pthread_mutex_unlock(&sources->lock);
	if (ticket == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	ticket->fd = fd;
	loop_post(ticket->loop, &ticket->message);
}
