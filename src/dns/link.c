/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns/link.h"

#include "base/must.h"
#include "dns/chance.h"
#include "net/socket.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* As long as somebody is likely to ask again (RFC 7766, 6.2.3: seconds). */
#define IDLE_TIME (10 * CLOCK_SECOND)

#define CONNECT_TIME   (2 * CLOCK_SECOND)
#define HANDSHAKE_TIME (3 * CLOCK_SECOND)

/* What is not even acknowledged by then is lost with the connection, of which
 * the other end, or a router between, knows nothing any more.  Half of what a
 * question has (dns/ask), so that another connection can be tried. */
#define SILENCE_TIME_MS 2000

struct dns_link {
	struct loop *loop;
	struct dns_server *server;
	struct loop_watch connecting; /* fd -1: not */
	struct loop_timer timer;      /* of connecting, or of being idle */
	struct tls_handshake handshake;
	struct stream *stream; /* NULL: not open yet */
	struct dns_link_wait *waits;
	size_t wait_count;
	uint64_t heard; /* messages */
	bool answered;  /* at least once */
	bool busy;      /* within on_data */
	bool doomed;    /* and was destroyed there */
};

static const struct stream_limits limits = {
	.input_bytes_max = DNS_MESSAGE_MAX + 2,
	.output_bytes_max = DNS_LINK_WAITS_MAX * (size_t)512,
	.output_high = DNS_LINK_WAITS_MAX * (size_t)512,
	.output_low = 0,
};

/* ---- who waits ---- */

static void
add_wait(struct dns_link *link, struct dns_link_wait *wait)
{
	wait->link = link;
	wait->next = link->waits;
	wait->at = &link->waits;
	if (wait->next != NULL)
		wait->next->at = &wait->next;
	link->waits = wait;
	link->wait_count++;
}

static void
remove_wait(struct dns_link_wait *wait)
{
	*wait->at = wait->next;
	if (wait->next != NULL)
		wait->next->at = wait->at;
	wait->link->wait_count--;
	wait->link = NULL;
}

static struct dns_link_wait *
find_wait(struct dns_link *link, uint16_t id)
{
	struct dns_link_wait *wait = link->waits;

	while (wait != NULL && (!wait->sent || wait->id != id))
		wait = wait->next;
	return wait;
}

/* ---- the end ---- */

static void
close_all(struct dns_link *link)
{
	loop_timer_cancel(&link->timer);
	tls_handshake_cancel(&link->handshake);
	stream_close(&link->stream);
	if (link->connecting.fd >= 0) {
		loop_watch_stop(&link->connecting);
		(void)close(link->connecting.fd);
		link->connecting.fd = -1;
	}
}

/* Who is told may ask again at once, by another link: this one is not the
 * server's any more. */
static void
break_off(struct dns_link *link, int error)
{
	bool again = link->answered;

	if (link->server != NULL)
		link->server->link = NULL;
	link->server = NULL;
	close_all(link);
	while (link->waits != NULL) {
		struct dns_link_wait *wait = link->waits;
		remove_wait(wait);
		wait->fn(wait, error, again, (struct str){ NULL, 0 });
	}
	free(link);
}

void
dns_link_destroy(struct dns_link *link)
{
	if (link == NULL)
		return;
	must(link->waits == NULL);
	close_all(link);
	if (link->server != NULL)
		link->server->link = NULL;
	link->server = NULL;
	link->doomed = link->busy;
	if (!link->busy)
		free(link);
}

static void
on_time(struct loop_timer *timer)
{
	break_off(timer->context, -ETIMEDOUT);
}

static void
rest_if_idle(struct dns_link *link)
{
	if (link->waits == NULL)
		loop_timer_arm(
		    link->loop, &link->timer, loop_now(link->loop) + IDLE_TIME);
	else
		loop_timer_cancel(&link->timer);
}

/* ---- messages ---- */

/* An id that none has who waits. */
static uint16_t
choose_id(struct dns_link *link)
{
	uint16_t id;

	do
		dns_chance(&id, sizeof(id));
	while (find_wait(link, id) != NULL);
	return id;
}

static int
send_one(struct dns_link *link, struct dns_link_wait *wait)
{
	char length[2];

	dns_put16(length, (uint16_t)wait->message.len);
	int rc =
	    stream_queue(link->stream, (struct str){ length, sizeof(length) });
	if (rc == 0)
		rc = stream_write(link->stream, wait->message);
	wait->sent = rc == 0;
	wait->heard = link->heard;
	return rc;
}

static int
send_all(struct dns_link *link)
{
	int rc = 0;

	for (struct dns_link_wait *wait = link->waits; rc == 0 && wait != NULL;
	     wait = wait->next)
		if (!wait->sent)
			rc = send_one(link, wait);
	return rc;
}

/* An answer that nobody waits for is passed over: who did may have gone. */
static void
take_message(struct dns_link *link, struct str message)
{
	struct dns_head head;

	link->heard++;
	if (dns_head_read(message, &head) < 0)
		return;
	struct dns_link_wait *wait = find_wait(link, head.id);
	if (wait == NULL)
		return;
	link->answered = true;
	remove_wait(wait);
	wait->fn(wait, 0, false, message);
}

/* A whole message, which is told, and then is no input any more: who is told
 * may have let go of the server, and of this link with it. */
static bool
take_next(struct dns_link *link)
{
	struct str input = stream_input(link->stream);

	if (input.len < 2 || input.len - 2 < dns_get16(input.at))
		return false;
	size_t len = dns_get16(input.at);
	take_message(link, (struct str){ input.at + 2, len });
	if (link->doomed)
		return false;
	stream_consume(link->stream, 2 + len);
	return true;
}

static void
on_data(struct stream *stream, void *context)
{
	struct dns_link *link = context;

	(void)stream;
	link->busy = true;
	while (take_next(link))
		continue;
	link->busy = false;
	if (link->doomed)
		free(link);
	else
		rest_if_idle(link);
}

static void
on_ended(struct stream *stream, void *context)
{
	(void)stream;
	break_off(context, -ECONNRESET);
}

static void
on_failed(struct stream *stream, int error, void *context)
{
	(void)stream;
	break_off(context, error);
}

static const struct stream_user user = {
	.data = on_data,
	.ended = on_ended,
	.failed = on_failed,
};

/* ---- opening ---- */

static void
be_open(struct dns_link *link)
{
	stream_use(link->stream, &user, link);
	stream_read_start(link->stream);
	rest_if_idle(link);
	int rc = send_all(link);
	if (rc < 0)
		break_off(link, rc);
}

static void
on_handshake(struct tls_handshake *handshake, int error)
{
	struct dns_link *link = handshake->context;

	if (error < 0) {
		break_off(link, error);
		return;
	}
	link->stream = handshake->stream;
	handshake->stream = NULL;
	be_open(link);
}

static void
on_connected(struct dns_link *link)
{
	int fd = link->connecting.fd;

	loop_watch_stop(&link->connecting);
	int rc = stream_create(link->loop, fd, &limits, &link->stream);
	if (rc < 0) {
		break_off(link, rc);
		return;
	}
	link->connecting.fd = -1;
	loop_timer_cancel(&link->timer);
	if (link->server->peer == NULL) {
		be_open(link);
		return;
	}
	link->handshake.fn = on_handshake;
	link->handshake.context = link;
	tls_handshake_start(&link->handshake, &link->stream, link->server->peer,
	    HANDSHAKE_TIME);
}

static void
on_outcome(struct loop_watch *watch, unsigned ready)
{
	struct dns_link *link = watch->context;
	int rc = socket_connect_result(watch->fd);

	(void)ready;
	if (rc == -EINPROGRESS)
		return;
	if (rc < 0)
		break_off(link, rc);
	else
		on_connected(link);
}

static int
begin(struct dns_link *link)
{
	const struct socket_connect options = { .to = link->server->at };
	struct socket_tuning tuning = { .no_delay = true,
		.user_timeout_ms = SILENCE_TIME_MS };
	int fd = socket_connect(&options);

	if (fd < 0)
		return fd;
	(void)socket_tune(fd, &tuning);
	link->connecting = (struct loop_watch){ .fd = fd,
		.wanted = LOOP_WRITE,
		.fn = on_outcome,
		.context = link };
	link->timer = (struct loop_timer){ .fn = on_time, .context = link };
	int rc = loop_watch_start(link->loop, &link->connecting);
	if (rc == 0)
		loop_timer_arm(link->loop, &link->timer,
		    loop_now(link->loop) + CONNECT_TIME);
	return rc;
}

static int
open_link(struct loop *loop, struct dns_server *server)
{
	struct dns_link *link = calloc(1, sizeof(*link));

	if (link == NULL)
		return -ENOMEM;
	link->loop = loop;
	link->server = server;
	link->connecting.fd = -1;
	int rc = begin(link);
	if (rc < 0) {
		close_all(link);
		free(link);
		return rc;
	}
	server->link = link;
	return 0;
}

int
dns_link_send(struct loop *loop, struct dns_server *server,
    struct dns_link_wait *wait, char *message, size_t len)
{
	int rc = server->link == NULL ? open_link(loop, server) : 0;
	struct dns_link *link = server->link;

	if (rc < 0)
		return rc;
	if (link->wait_count == DNS_LINK_WAITS_MAX)
		return -ENOBUFS;
	wait->id = choose_id(link);
	dns_put16(message, wait->id);
	wait->message = (struct str){ message, len };
	wait->sent = false;
	add_wait(link, wait);
	if (link->stream == NULL || link->handshake.stream != NULL)
		return 0;
	loop_timer_cancel(&link->timer);
	rc = send_one(link, wait);
	if (rc < 0)
		remove_wait(wait);
	return rc;
}

void
dns_link_cancel(struct dns_link_wait *wait)
{
	struct dns_link *link = wait->link;

	if (link == NULL)
		return;
	remove_wait(wait);
	if (link->stream != NULL)
		rest_if_idle(link);
}

void
dns_link_give_up(struct dns_link_wait *wait)
{
	struct dns_link *link = wait->link;
	bool in_vain = link != NULL && wait->sent && wait->heard == link->heard;

	dns_link_cancel(wait);
	if (in_vain)
		break_off(link, -ETIMEDOUT);
}
