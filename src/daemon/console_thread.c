/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/console_thread.h"

#include "console/server.h"
#include "daemon/channel.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct console_thread {
	struct loop loop;
	struct loop_watch channel;
	struct console_server *server;
	pthread_t thread;
	struct loop_message stop;
};

/* What the thread is to use from now on. */
struct order {
	struct loop_message message;
	struct console_thread *thread;
	struct policy *policy; /* a reference */
	int fds[POLICY_CONSOLE_LISTENS_MAX];
	size_t count;
};

static int
ask(void *context, uint32_t number, struct str token, struct str line)
{
	struct channel_message message = { .type = CHANNEL_ASK,
		.ask.number = number };

	(void)context;
	if (token.len >= sizeof(message.ask.token) ||
	    line.len >= sizeof(message.ask.line))
		return -E2BIG;
	(void)snprintf(message.ask.token, sizeof(message.ask.token), "%.*s",
	    STR_ARG(token));
	(void)snprintf(
	    message.ask.line, sizeof(message.ask.line), "%.*s", STR_ARG(line));
	return channel_send(CHANNEL_CONSOLE_FD, &message, -1);
}

static void
on_answer(struct loop_watch *watch, unsigned ready)
{
	static _Thread_local struct channel_message message; /* 4 KiB */
	struct console_thread *thread = watch->context;
	int fd = -1;
	int rc = channel_receive(CHANNEL_CONSOLE_FD, &message, &fd);

	(void)ready;
	if (rc == -EAGAIN)
		return;
	if (rc == 0 && message.type == CHANNEL_ANSWER) {
		console_server_answer(thread->server, message.answer.number,
		    message.answer.status, fd);
		return;
	}
	if (fd >= 0)
		(void)close(fd);
	/* The first channel says whether that is the end of all. */
	loop_watch_stop(watch);
}

static void
obey(struct loop *loop, struct loop_message *message)
{
	struct order *order = (struct order *)message;

	(void)loop;
	(void)console_server_use(
	    order->thread->server, order->policy, order->fds, order->count);
	policy_unref(order->policy);
	free(order);
}

static void
on_stop(struct loop *loop, struct loop_message *message)
{
	(void)message;
	loop_stop(loop);
}

static void *
run(void *context)
{
	struct console_thread *thread = context;

	(void)loop_run(&thread->loop);
	return NULL;
}

static int
start(struct console_thread **ret)
{
	struct console_thread *thread = calloc(1, sizeof(*thread));

	if (thread == NULL)
		return -ENOMEM;
	int rc = loop_init(&thread->loop);
	if (rc < 0) {
		free(thread);
		return rc;
	}
	thread->stop.fn = on_stop;
	thread->channel = (struct loop_watch){ .fd = CHANNEL_CONSOLE_FD,
		.wanted = LOOP_READ,
		.fn = on_answer,
		.context = thread };
	thread->server = console_server_create(&thread->loop, ask, thread);
	rc = thread->server == NULL
		 ? -ENOMEM
		 : loop_watch_start(&thread->loop, &thread->channel);
	if (rc == 0)
		rc = -pthread_create(&thread->thread, NULL, run, thread);
	if (rc == 0) {
		*ret = thread;
		return 0;
	}
	loop_watch_stop(&thread->channel);
	console_server_destroy(thread->server);
	loop_fini(&thread->loop);
	free(thread);
	return rc;
}

static void
close_all(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		(void)close(fds[i]);
}

int
console_thread_use(struct console_thread **thread, struct policy *policy,
    const int *fds, size_t count)
{
	struct order *order;
	int rc = 0;

	if (*thread == NULL && count == 0)
		return 0;
	if (*thread == NULL)
		rc = start(thread);
	order = rc == 0 ? calloc(1, sizeof(*order)) : NULL;
	if (order == NULL || count > POLICY_CONSOLE_LISTENS_MAX) {
		free(order);
		close_all(fds, count);
		return rc < 0 ? rc : -ENOMEM;
	}
	order->message.fn = obey;
	order->thread = *thread;
	order->policy = policy_ref(policy);
	order->count = count;
	for (size_t i = 0; i < count; i++)
		order->fds[i] = fds[i];
	loop_post(&(*thread)->loop, &order->message);
	return 0;
}

void
console_thread_stop(struct console_thread **thread)
{
	struct console_thread *stopped = *thread;

	*thread = NULL;
	if (stopped == NULL)
		return;
	loop_post(&stopped->loop, &stopped->stop);
	(void)pthread_join(stopped->thread, NULL);
	loop_deliver(&stopped->loop);
	loop_watch_stop(&stopped->channel);
	console_server_destroy(stopped->server);
	loop_fini(&stopped->loop);
	free(stopped);
}
