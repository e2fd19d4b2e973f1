/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console/client_feed: a client that asks for events, of the past or as they
 * come.  Who follows has no patience but for what he takes.
 */
#include "console/server_impl.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
arm_feed(struct console_client *client)
{
	struct loop *loop = client->server->loop;

	loop_timer_arm(
	    loop, &client->feed.tick, loop_now(loop) + CONSOLE_FEED_EVERY);
}

/* One who has not taken what he was given before gets no more; he is cut off
 * by the patience that only what he takes renews. */
static void
on_feed(struct loop_timer *timer)
{
	struct console_client *client = timer->context;
	struct console_server *server = client->server;
	struct text out = TEXT_EMPTY;
	bool lives = true;

	if (stream_pending(client->stream) == 0) {
		console_client_wait(client);
		int rc = console_feed_more(&client->feed, &out);
		if (rc < 0)
			text_clear(&out);
		/* The journal may have begun anew meanwhile. */
		if (out.len == 0 && client->number == 0 &&
		    loop_now(server->loop) - client->feed.last >
			CONSOLE_FEED_QUIET) {
			text_addz(&out, ":\n\n");
			client->number = ++server->last_number;
			(void)server->ask(server->context, client->number,
			    STR(""), STR("events"));
		}
		if (out.len > 0) {
			client->feed.last = loop_now(server->loop);
			lives = console_client_send(client, &out);
		}
	}
	text_fini(&out);
	if (lives)
		arm_feed(client);
}

void
console_client_begin_feed(struct console_client *client, int fd)
{
	struct text out = TEXT_EMPTY;
	struct stat st;

	if (!console_server_has_room(
		client->server, client->peer.address, true) ||
	    fstat(fd, &st) < 0) {
		(void)close(fd);
		console_client_problem(client, 503,
		    STR("too many follow the events"), "Retry-After: 10\r\n");
		return;
	}
	client->server->feed_count++;
	client->feed.fd = fd;
	client->feed.at = st.st_size;
	client->feed.last = loop_now(client->server->loop);
	client->feed.tick =
	    (struct loop_timer){ .fn = on_feed, .context = client };
	client->keep_alive = false;
	client->number = 0;
	console_client_put_head(client, 200, "text/event-stream", -1, "", &out);
	text_addz(&out, ":\n\n");
	bool lives = console_client_send(client, &out);
	text_fini(&out);
	if (lives)
		arm_feed(client);
}

/* The file as it is now; if it is another one, it goes on there. */
void
console_client_renew_feed(
    struct console_client *client, unsigned status, int fd)
{
	struct stat before, now;

	client->number = 0;
	if (status != 200 || fstat(fd, &now) < 0 ||
	    fstat(client->feed.fd, &before) < 0 ||
	    now.st_ino == before.st_ino) {
		(void)close(fd);
		return;
	}
	(void)close(client->feed.fd);
	client->feed.fd = fd;
	client->feed.at = 0;
}

void
console_client_give_past(struct console_client *client, int fd)
{
	struct text lines = TEXT_EMPTY;
	int rc = console_feed_past(&client->feed, fd, &lines);

	(void)close(fd);
	if (rc < 0)
		console_client_problem(client, 500, str_of(strerror(-rc)), "");
	else
		console_client_respond(
		    client, 200, client->route.type, text_str(&lines), "");
	text_fini(&lines);
}
