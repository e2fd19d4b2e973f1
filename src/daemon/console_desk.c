/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/console_desk.h"

#include "base/file.h"
#include "base/json.h"
#include "base/sha256.h"
#include "daemon/channel.h"
#include "daemon/child.h"
#include "daemon/exit_status.h"
#include "daemon/generation.h"
#include "daemon/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Questions answered in a row: others have to do with the daemon, too. */
#define QUESTIONS_MAX  8
#define QUESTIONS_TIME (20 * CLOCK_MS)

/* What may be asked. */
static const struct {
	struct str word; /* with a blank: something follows */
	bool changes;
} commands[] = {
	{ STR_INIT("status"), false },
	{ STR_INIT("metrics"), false },
	{ STR_INIT("bans"), false },
	{ STR_INIT("quotas"), false },
	{ STR_INIT("history"), false },
	{ STR_INIT("explain json "), false },
	{ STR_INIT("flows "), false },
	{ STR_INIT("diff "), false },
	{ STR_INIT("rules"), false },
	{ STR_INIT("series "), false },
	{ STR_INIT("top "), false },
	{ STR_INIT("policy"), false },
	{ STR_INIT("events"), false },
	{ STR_INIT("events old"), false },
	{ STR_INIT("token"), true },
	{ STR_INIT("ban "), true },
	{ STR_INIT("unban "), true },
	{ STR_INIT("end "), true },
	{ STR_INIT("purge "), true },
	{ STR_INIT("reset "), true },
	{ STR_INIT("confirm"), true },
	{ STR_INIT("rollback"), true },
	{ STR_INIT("rollback "), true },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* COMMANDS: none that may be asked. */
static size_t
find_command(struct str line)
{
	size_t i = 0;

	while (i < COMMANDS && !str_eq(commands[i].word, line) &&
	       !(str_ends(commands[i].word, STR(" ")) &&
		   str_starts(line, commands[i].word)))
		i++;
	/* A control character, other than between words, is nobody's word. */
	for (size_t at = 0; at < line.len; at++)
		if (((unsigned char)line.at[at] < ' ' && line.at[at] != '\t') ||
		    line.at[at] == 0x7f)
			return COMMANDS;
	return i;
}

/* All are compared whole, so that the time taken tells nothing of them. */
static bool
is_token(const struct policy *policy, const char *token)
{
	const struct policy_console *console = &policy->console;
	char hash[SHA256_TEXT_BYTES];
	struct sha256 sha256;
	bool found = false;

	sha256_init(&sha256);
	sha256_add(&sha256, str_of(token));
	sha256_format(&sha256, hash);
	for (size_t i = 0; i < console->token_count; i++) {
		unsigned differs = 0;
		for (size_t at = 0; at < SHA256_TEXT_BYTES - 1; at++)
			differs |= (unsigned char)hash[at] ^
				   (unsigned char)console->tokens[i].at[at];
		found |= differs == 0;
	}
	return found && token[0] != '\0';
}

/* RFC 9457, without a type of its own: the status says it all. */
static unsigned
put_problem(
    unsigned status, const char *title, struct str detail, struct text *body)
{
	struct json json = JSON_ON(body);

	text_clear(body);
	json_object_begin(&json);
	json_name(&json, "type");
	json_put_stringz(&json, "about:blank");
	json_name(&json, "title");
	json_put_stringz(&json, title);
	json_name(&json, "status");
	json_put_integer(&json, status);
	json_name(&json, "detail");
	json_put_string(&json, detail);
	json_object_end(&json);
	text_addc(body, '\n');
	return status;
}

static void
put_said(struct str said, struct text *body)
{
	struct json json = JSON_ON(body);

	json_object_begin(&json);
	json_name(&json, "said");
	json_put_string(&json, said);
	json_object_end(&json);
	text_addc(body, '\n');
}

/* In one go: a flow takes 2 us (daemon/flows). */
static void
gather(struct control_more *more, struct text *body)
{
	int rc = 1;

	while (rc > 0 && body->len < CONSOLE_ANSWER_BYTES_MAX)
		rc = more->next(more->state, body);
	if (rc > 0)
		text_addz(body, "{\"error\":\"there are more; name fewer\"}\n");
	more->end(more->state);
}

static unsigned
put_refusal(int status, struct str why, struct text *body)
{
	switch (status) {
	case STATUS_NO:
		return put_problem(409, "Conflict", why, body);
	case STATUS_USAGE:
		return put_problem(400, "Bad Request", why, body);
	default:
		return put_problem(500, "Internal Server Error", why, body);
	}
}

/* The answer of the control socket becomes a body. */
static unsigned
ask_control(const struct console_desk *desk, struct str line, bool changes,
    struct text *body)
{
	struct control_more more = { 0 };
	struct text out = TEXT_EMPTY;
	unsigned http = 200;
	int status = desk->answer(desk->context, line, &out, &more);

	if (more.next != NULL)
		gather(&more, &out);
	if (status != STATUS_GOOD)
		http = put_refusal(status, str_trim(text_str(&out)), body);
	else if (changes)
		put_said(str_trim(text_str(&out)), body);
	else
		text_add(body, text_str(&out));
	text_fini(&out);
	return http;
}

static int
open_journal(const struct console_desk *desk, struct str line)
{
	char path[RUNTIME_PATH_BYTES];

	runtime_path(desk->dir,
	    str_is(line, "events") ? RUNTIME_EVENTS : RUNTIME_EVENTS ".1",
	    path);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

/* A descriptor of what is answered without a body of its own; or 0. */
static int
find_file(const struct console_desk *desk, struct str line)
{
	if (str_starts(line, STR("events")))
		return open_journal(desk, line);
	if (!str_is(line, "policy"))
		return 0;
	int fd =
	    fcntl((*desk->current)->snapshot.items[0].fd, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

static int
make_file(const struct text *body)
{
	int fd = body->full ? -ENOMEM : memfd_create("answer", MFD_CLOEXEC);

	if (fd < 0)
		return body->full ? -ENOMEM : -errno;
	int rc = file_write_all(fd, text_str(body));
	if (rc < 0)
		(void)close(fd);
	return rc < 0 ? rc : fd;
}

static unsigned
make_body(
    struct console_desk *desk, const struct channel_ask *ask, struct text *body)
{
	struct str line = str_of(ask->line);
	size_t command = find_command(line);

	if (command == COMMANDS)
		return put_problem(400, "Bad Request",
		    STR("there is no such command, or it holds a control "
			"character"),
		    body);
	if (commands[command].changes &&
	    !is_token((*desk->current)->policy, ask->token))
		return put_problem(401, "Unauthorized",
		    STR("a change needs a token that the policy's file has"),
		    body);
	if (str_is(line, "token")) {
		put_said(STR("the token is good"), body);
		return 200;
	}
	return ask_control(desk, line, commands[command].changes, body);
}

/* 0, or the channel's end. */
static int
answer(struct console_desk *desk, const struct channel_ask *ask)
{
	struct channel_message message = { .type = CHANNEL_ANSWER,
		.answer = { .number = ask->number, .status = 200 } };
	struct text body = TEXT_EMPTY;
	int fd = *desk->current != NULL ? find_file(desk, str_of(ask->line))
					: -EAGAIN;

	if (fd == 0)
		message.answer.status = make_body(desk, ask, &body);
	else if (fd < 0)
		message.answer.status =
		    put_problem(404, "Not Found", str_of(strerror(-fd)), &body);
	if (fd <= 0)
		fd = make_file(&body);
	text_fini(&body);
	if (fd < 0)
		return fd;
	int rc = desk->watch.fd >= 0
		     ? channel_send(desk->watch.fd, &message, fd)
		     : 0;
	(void)close(fd);
	return rc == -EAGAIN ? 0 : rc;
}

static int
take_one(struct console_desk *desk)
{
	static struct channel_message message; /* 4 KiB; one thread */
	int fd = -1;
	int rc = channel_receive(desk->watch.fd, &message, &fd);

	if (rc == 0)
		rc = message.type == CHANNEL_ASK ? answer(desk, &message.ask)
						 : -EBADMSG;
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

static void
on_pause_over(struct loop_timer *timer)
{
	struct console_desk *desk = timer->context;

	if (loop_watch_start(desk->loop, &desk->watch) < 0)
		console_desk_close(desk);
}

static void
pause_reading(struct console_desk *desk, int64_t for_time)
{
	loop_watch_stop(&desk->watch);
	desk->pause.fn = on_pause_over;
	desk->pause.context = desk;
	loop_timer_arm(desk->loop, &desk->pause, clock_now() + for_time);
}

static void
on_questions(struct loop_watch *watch, unsigned ready)
{
	struct console_desk *desk = watch->context;
	int64_t began = clock_now(), took = 0;
	int rc = 0;

	(void)ready;
	for (int i = 0; rc == 0 && i < QUESTIONS_MAX && watch->fd >= 0 &&
			took < QUESTIONS_TIME;
	     i++) {
		rc = take_one(desk);
		took = clock_now() - began;
	}
	if (rc < 0 && rc != -EAGAIN)
		console_desk_close(desk);
	else if (took >= QUESTIONS_TIME && watch->fd >= 0)
		pause_reading(desk, took);
}

void
console_desk_close(struct console_desk *desk)
{
	struct loop_watch *watch = &desk->watch;

	if (watch->fd < 0)
		return;
	loop_timer_cancel(&desk->pause);
	loop_watch_stop(watch);
	(void)close(watch->fd);
	watch->fd = -1;
}

int
console_desk_open(struct console_desk *desk, struct child *child)
{
	console_desk_close(desk);
	desk->watch = (struct loop_watch){
		.fd = child->console,
		.wanted = LOOP_READ,
		.fn = on_questions,
		.context = desk,
	};
	child->console = -1;
	int rc = loop_watch_start(desk->loop, &desk->watch);
	if (rc < 0) {
		(void)close(desk->watch.fd);
		desk->watch.fd = -1;
	}
	return rc;
}
