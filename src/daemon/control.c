/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/control.h"

#include "base/vec.h"
#include "daemon/control_fds.h"
#include "net/socket.h"
#include "net/stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * An answer may carry the counters of ten thousand rules, at once; of one in
 * pieces little is held for a client that does not read.
 */
static const struct stream_limits control_limits = {
	.input_bytes_max = CONTROL_LINE_BYTES_MAX,
	.output_bytes_max = (size_t)16 << 20,
	.output_high = (size_t)1 << 20,
	.output_low = (size_t)256 << 10,
};

struct control_client {
	struct control *control;
	struct stream *stream;
	struct loop_timer patience;
	struct loop_timer piece;  /* the next one is due */
	struct control_more more; /* next NULL: none */
	struct control_client *next, **link;
};

struct control {
	struct loop *loop;
	struct loop_watch listener;
	struct control_client *clients;
	unsigned count;
	control_fn answer;
	void *context;
	struct control_fds attached; /* to the answer that is being made */
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

static void
destroy_client(struct control_client *client)
{
	struct control *control = client->control;

	loop_timer_cancel(&client->patience);
	loop_timer_cancel(&client->piece);
	if (client->more.next != NULL)
		client->more.end(client->more.state);
	stream_close(&client->stream);
	*client->link = client->next;
	if (client->next != NULL)
		client->next->link = client->link;
	free(client);
	if (control->count-- == CONTROL_CLIENTS_MAX)
		(void)loop_watch_change(&control->listener, LOOP_READ);
}

int
control_attach(struct control *control, int fd)
{
	if (control->attached.count == CONTROL_FDS_MAX)
		return -E2BIG;
	return VEC_ADD(&control->attached, fd);
}

/*
 * Past the stream, which carries bytes only and has nothing queued yet.  What
 * cannot be sent at once is not sent: the client sees an answer cut off.
 */
static void
send_with_files(struct control_client *client, int status, struct text *out)
{
	struct text all = TEXT_EMPTY;

	text_addf(&all, "%d\n", status);
	text_add(&all, text_str(out));
	if (!all.full)
		(void)control_fds_send(stream_fd(client->stream),
		    text_str(&all), &client->control->attached);
	text_fini(&all);
	client->control->attached.count = 0;
	destroy_client(client);
}

static void
finish(struct control_client *client)
{
	stream_close_flushed(&client->stream, CONTROL_PATIENCE);
	destroy_client(client);
}

/* Other things are done between two pieces. */
static void
await_piece(struct control_client *client)
{
	struct loop *loop = client->control->loop;

	loop_timer_arm(
	    loop, &client->patience, loop_now(loop) + CONTROL_PATIENCE);
	if (!stream_is_full(client->stream))
		loop_timer_arm(loop, &client->piece, loop_now(loop) + 1);
}

static void
on_piece(struct loop_timer *timer)
{
	struct control_client *client = timer->context;
	struct text out = TEXT_EMPTY;
	int rc = client->more.next(client->more.state, &out);

	if (stream_write(client->stream, text_str(&out)) < 0)
		destroy_client(client);
	else if (rc > 0)
		await_piece(client);
	else
		finish(client);
	text_fini(&out);
}

static void
on_drained(struct stream *stream, void *context)
{
	struct control_client *client = context;

	(void)stream;
	if (client->more.next != NULL)
		await_piece(client);
}

static void
send_answer(struct control_client *client, int status, const struct text *out)
{
	char head[16];

	(void)snprintf(head, sizeof(head), "%d\n", status);
	stream_read_stop(client->stream);
	int rc = stream_queue(client->stream, str_of(head));
	if (rc == 0)
		rc = stream_write(client->stream, text_str(out));
	if (client->more.next == NULL)
		finish(client);
	else if (rc < 0)
		destroy_client(client);
	else
		await_piece(client);
}

static void
on_data(struct stream *stream, void *context)
{
	struct control_client *client = context;
	struct control *control = client->control;
	struct str input = stream_input(stream);
	size_t len = str_find(input, '\n');
	struct text out = TEXT_EMPTY, line = TEXT_EMPTY;

	if (len == input.len) {
		if (stream_input_is_full(stream))
			destroy_client(client);
		return;
	}
	text_add(&line, (struct str){ input.at, len });
	stream_consume(stream, len + 1);
	int status = control->answer(
	    control->context, text_str(&line), &out, &client->more);
	if (control->attached.count > 0)
		send_with_files(client, status, &out);
	else
		send_answer(client, status, &out);
	text_fini(&line);
	text_fini(&out);
}

static void
on_ended(struct stream *stream, void *context)
{
	(void)stream;
	destroy_client(context);
}

static void
on_failed(struct stream *stream, int error, void *context)
{
	(void)stream;
	(void)error;
	destroy_client(context);
}

static const struct stream_user client_user = {
	.data = on_data,
	.ended = on_ended,
	.drained = on_drained,
	.failed = on_failed,
};

static void
on_patience(struct loop_timer *timer)
{
	destroy_client(timer->context);
}

static int
create_client(struct control *control, int fd)
{
	struct control_client *client = calloc(1, sizeof(*client));
	int rc = client == NULL ? -ENOMEM
				: stream_create(control->loop, fd,
				      &control_limits, &client->stream);

	if (rc < 0) {
		free(client);
		return rc;
	}
	client->control = control;
	client->patience =
	    (struct loop_timer){ .fn = on_patience, .context = client };
	client->piece =
	    (struct loop_timer){ .fn = on_piece, .context = client };
	client->next = control->clients;
	client->link = &control->clients;
	if (client->next != NULL)
		client->next->link = &client->next;
	control->clients = client;
	if (++control->count == CONTROL_CLIENTS_MAX)
		(void)loop_watch_change(&control->listener, 0);
	loop_timer_arm(control->loop, &client->patience,
	    loop_now(control->loop) + CONTROL_PATIENCE);
	stream_use(client->stream, &client_user, client);
	stream_read_start(client->stream);
	return 0;
}

static void
on_connection(struct loop_watch *watch, unsigned ready)
{
	struct control *control = watch->context;
	struct socket_accepted one;

	(void)ready;
	if (socket_accept(watch->fd, &one, 1) == 1 &&
	    create_client(control, one.fd) < 0)
		(void)close(one.fd);
}

/* The mode is set before anybody can connect. */
static int
listen_at(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	(void)unlink(path);
	mode_t before = umask(0177);
	int rc = bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ? -errno : 0;
	(void)umask(before);
	if (rc == 0 && listen(fd, CONTROL_CLIENTS_MAX) < 0)
		rc = -errno;
	if (rc < 0)
		(void)close(fd);
	return rc < 0 ? rc : fd;
}

int
control_open(struct loop *loop, const char *path, control_fn answer,
    void *context, struct control **ret, struct text *reterr_why)
{
	struct control *control = calloc(1, sizeof(*control));
	int rc = control == NULL ? -ENOMEM : listen_at(path);

	if (rc >= 0) {
		*control = (struct control){ .loop = loop,
			.answer = answer,
			.context = context,
			.listener = { .fd = rc,
			    .wanted = LOOP_READ,
			    .fn = on_connection,
			    .context = control } };
		(void)snprintf(
		    control->path, sizeof(control->path), "%s", path);
		rc = loop_watch_start(loop, &control->listener);
		if (rc < 0)
			(void)close(control->listener.fd);
	}
	if (rc < 0) {
		text_addf(
		    reterr_why, "cannot listen on %s: %s", path, strerror(-rc));
		free(control);
		return rc;
	}
	*ret = control;
	return 0;
}

void
control_close(struct control **control)
{
	struct control *closed = *control;

	*control = NULL;
	if (closed == NULL)
		return;
	while (closed->clients != NULL)
		destroy_client(closed->clients); /* NOLINT: unlinked first */
	loop_watch_stop(&closed->listener);
	(void)close(closed->listener.fd);
	(void)unlink(closed->path);
	free(closed->attached.items);
	free(closed);
}
