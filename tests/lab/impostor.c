/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab/impostor: a gatehouse-proxy that was taken over.
 *
 * It stands in the proxy's place beside gatehoused, speaks its channels and
 * serves nobody.  What a policy in force says in a comment it does from then
 * on; another policy changes nothing of that:
 *
 *	# impostor: refuse	takes no other policy, in words for a terminal
 *	# impostor: flood	says all that may be said, without end, and
 *				reads no answer; answers questions
 *	# impostor: slow	has itself asked again and again, and answers
 *				only after SLOW_MS
 *
 * Its first word has something for a terminal, too.  Ends with the channel.
 */
#include "daemon/channel.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SLOW_MS 400

enum way {
	WAY_HONEST,
	WAY_REFUSE,
	WAY_FLOOD,
	WAY_SLOW,
};

static enum way way;
static enum way next_way; /* of the policy that is being handed over */
static uint32_t generation;
static unsigned turn;

/* ---- what it says unasked ---- */

static struct address
address(const char *text)
{
	struct address ret;

	return address_parse(str_of(text), &ret) == 0 ? ret
						      : (struct address){ 0 };
}

/* False when the queue is full. */
static bool
say(int channel, const struct channel_message *message, int fd)
{
	return channel_send(channel, message, fd) == 0;
}

/* The gateway's own, the name server, who is never banned, and others. */
static bool
say_caught(void)
{
	static const char *const always[] = { "10.0.0.1", "203.0.113.1",
		"203.0.113.53", "127.0.0.1", "::1", "fe80::1", "10.0.9.9" };
	char other[32];

	(void)snprintf(
	    other, sizeof(other), "198.18.%u.%u", turn / 250 % 250, turn % 250);
	struct channel_message message = { .type = CHANNEL_CAUGHT,
		.caught = {
		    .source =
			address(turn % 2 == 0 ? always[turn / 2 % 7] : other),
		    .generation = generation,
		    .rule = turn % 9,
		} };
	return say(CHANNEL_SOURCES_FD, &message, -1);
}

/* An allowed name, in two zones of which one has its DNS of us: inside, the
 * gateway itself, and one outside. */
static bool
say_learned(void)
{
	struct channel_message message = { .type = CHANNEL_LEARN,
		.learn = {
		    .number = turn,
		    .seconds = CHANNEL_LEARN_SECONDS_MAX,
		    .count = 5,
		    .addresses = { address("10.0.9.4"), address("10.0.0.1"),
			address("127.0.0.1"), address("203.0.113.80"),
			address("2001:db8:9::4") },
		} };

	(void)snprintf(message.learn.zone, sizeof(message.learn.zone), "%s",
	    turn % 2 == 0 ? "lan" : "guest");
	(void)snprintf(message.learn.name, sizeof(message.learn.name),
	    "n%u.ssh.example", turn % 5000);
	return say(CHANNEL_SOURCES_FD, &message, -1);
}

static bool
say_stand(void)
{
	struct channel_message message = { .type = CHANNEL_STAND,
		.stand = {
		    .number = turn,
		    .client = { address("10.0.0.4"), 4444 },
		    .server = { address("203.0.113.80"),
			(uint16_t)(turn % 2 == 0 ? 443 : 53) },
		} };

	return say(CHANNEL_SOURCES_FD, &message, -1);
}

static bool
say_want(void)
{
	struct channel_message message = { .type = CHANNEL_WANT,
		.source.number = turn };

	/* What is no connection at all, and one of our own channels. */
	return say(CHANNEL_SOURCES_FD, &message,
	    turn % 2 == 0 ? CHANNEL_SERVERS_FD : CHANNEL_CONSOLE_FD);
}

static bool
say_alive(void)
{
	const struct channel_message message = { .type = CHANNEL_ALIVE };

	return say(CHANNEL_SOURCES_FD, &message, -1);
}

static bool
ask_console(const char *line)
{
	struct channel_message message = { .type = CHANNEL_ASK,
		.ask.number = turn };

	(void)snprintf(message.ask.line, sizeof(message.ask.line), "%s", line);
	(void)snprintf(
	    message.ask.token, sizeof(message.ask.token), "%u", turn);
	return say(CHANNEL_CONSOLE_FD, &message, -1);
}

static void
flood(void)
{
	static bool (*const ways[])(
	    void) = { say_caught, say_learned, say_stand, say_want, say_alive };
	static const char *const lines[] = { "status", "flows json", "metrics",
		"bans", "rules", "policy", "events", "history", "token",
		"unban 198.51.100.7", "confirm", "rollback", "stop",
		"apply /etc/passwd", "force 10.0.0.4 60 me" };

	for (int i = 0; i < 64 && ways[turn % 5](); i++)
		turn++;
	if (!ask_console(lines[turn % 15]))
		turn++;
}

/* ---- what it is asked ---- */

static void
take_file(int fd)
{
	char text[8192] = "";
	ssize_t len = pread(fd, text, sizeof(text) - 1, 0);

	if (len <= 0)
		return;
	if (strstr(text, "# impostor: refuse") != NULL)
		next_way = WAY_REFUSE;
	else if (strstr(text, "# impostor: flood") != NULL)
		next_way = WAY_FLOOD;
	else if (strstr(text, "# impostor: slow") != NULL)
		next_way = WAY_SLOW;
}

static void
answer(enum channel_type type)
{
	struct channel_message message = { .type = type,
		.generation = generation };

	if (type == CHANNEL_QUOTAS)
		message.quotas.last = 1;
	if (type == CHANNEL_PINS)
		message.pins.last = 1;
	if (type == CHANNEL_REFUSED)
		(void)snprintf(message.words.words, sizeof(message.words.words),
		    "\033]0;taken over\007\033[2J\nall is well\n");
	if (way == WAY_SLOW)
		(void)poll(NULL, 0, SLOW_MS);
	while (channel_send(CHANNEL_FD, &message, -1) == -EAGAIN)
		(void)poll(&(struct pollfd){ CHANNEL_FD, POLLOUT, 0 }, 1, -1);
}

static void
take(const struct channel_message *message, int fd)
{
	switch ((int)message->type) {
	case CHANNEL_BEGIN:
		generation = message->generation;
		next_way = WAY_HONEST;
		break;
	case CHANNEL_FILE:
		take_file(fd);
		break;
	case CHANNEL_PREPARE:
		answer(way == WAY_REFUSE ? CHANNEL_REFUSED : CHANNEL_READY);
		break;
	case CHANNEL_COMMIT:
		way = way == WAY_HONEST ? next_way : way;
		break;
	case CHANNEL_COUNT:
		answer(CHANNEL_COUNTERS);
		break;
	case CHANNEL_COUNT_OUTPUTS:
		answer(CHANNEL_OUTPUTS);
		break;
	case CHANNEL_LIST_PINS:
		answer(CHANNEL_PINS);
		break;
	case CHANNEL_COLLECT:
		answer(CHANNEL_QUOTAS);
		break;
	case CHANNEL_RECKON:
		answer(CHANNEL_RECKONED);
		break;
	default:
		break;
	}
}

static void
hear(void)
{
	static struct channel_message message;
	int fd = -1;
	int rc = channel_receive(CHANNEL_FD, &message, &fd);

	if (rc == -EAGAIN)
		return;
	if (rc < 0)
		exit(0);
	take(&message, fd);
	if (fd >= 0)
		(void)close(fd);
}

/* Answers to what was said unasked. */
static void
throw_away(int channel)
{
	static struct channel_message message;
	int fd = -1;

	while (channel_receive(channel, &message, &fd) == 0)
		if (fd >= 0)
			(void)close(fd);
}

int
main(void)
{
	const struct channel_message hello = { .type = CHANNEL_HELLO,
		.sandbox.problem = "\033]0;taken over\007" };
	int64_t alive = 0;

	(void)channel_send(CHANNEL_FD, &hello, -1);
	for (;;) {
		struct pollfd fd = { CHANNEL_FD, POLLIN, 0 };
		(void)poll(&fd, 1, way == WAY_FLOOD ? 1 : 100);
		hear();
		if (way == WAY_FLOOD) {
			flood();
			continue;
		}
		if (clock_now() > alive) {
			(void)say_alive();
			alive = clock_now() + CLOCK_SECOND;
		}
		if (way == WAY_SLOW)
			(void)ask_console("status");
		throw_away(CHANNEL_CONSOLE_FD);
	}
}
