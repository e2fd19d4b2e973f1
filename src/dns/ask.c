/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns/ask.h"

#include "dns/chance.h"
#include "event/counter.h"
#include "event/histogram.h"
#include "net/datagram.h"

#include <errno.h>
#include <unistd.h>

/* Of failures, that are told at once: each server twice, and a lonely one three
 * times. */
#define TRIES_MIN 3

/* So much that is not the answer is no accident: somebody guesses. */
#define STRANGERS_MAX 3

#define LINK_PATIENCE (4 * CLOCK_SECOND)

/* ---- the question ---- */

/* Each letter is large or small by one bit of chance (0x20). */
static void
mix_letters(struct dns_name *name)
{
	uint8_t bits[DNS_NAME_BYTES_MAX / 8 + 1];

	dns_chance(bits, name->len / 8 + (size_t)1);
	for (size_t i = 0; i < name->len; i++)
		if (ascii_is_alpha((char)name->bytes[i]) &&
		    (bits[i / 8] >> i % 8 & 1) != 0)
			name->bytes[i] ^= 0x20;
}

static size_t
put_opt(const struct dns_ask *ask, char *to)
{
	memset(to, 0, 11);
	dns_put16(to + 1, DNS_TYPE_OPT);
	dns_put16(to + 3, DNS_UDP_BYTES_MAX);
	if ((ask->flags & DNS_KEY_SECURE) != 0)
		dns_put32(to + 5, DNS_EDNS_SECURE);
	return 11;
}

/* RFC 6840, 5.7: AD asks to be told whether it is authentic. */
static void
write_question(struct dns_ask *ask)
{
	struct dns_inquiry *question = &ask->question;
	uint16_t flags = DNS_FLAG_RECURSE | DNS_FLAG_AUTHENTIC;
	char *to = ask->message;

	if ((ask->flags & DNS_KEY_UNCHECKED) != 0)
		flags |= DNS_FLAG_UNCHECKED;
	dns_chance(&ask->id, sizeof(ask->id));
	mix_letters(&question->name);
	memset(to, 0, DNS_HEAD_BYTES);
	dns_put16(to, ask->id);
	dns_put16(to + 2, flags);
	dns_put16(to + 4, 1);
	dns_put16(to + 10, !ask->bare);
	ask->len = DNS_HEAD_BYTES;
	memcpy(to + ask->len, question->name.bytes, question->name.len);
	ask->len += question->name.len;
	dns_put16(to + ask->len, question->type);
	dns_put16(to + ask->len + 2, question->class);
	ask->len += 4;
	if (!ask->bare)
		ask->len += put_opt(ask, to + ask->len);
}

/* ---- the end of a try, and of the ask ---- */

static void
end_try(struct dns_ask *ask)
{
	loop_timer_cancel(&ask->timer);
	dns_link_cancel(&ask->wait);
	if (ask->watch.fd < 0)
		return;
	loop_watch_stop(&ask->watch);
	(void)close(ask->watch.fd);
	ask->watch.fd = -1;
}

static void
finish(struct dns_ask *ask, int error, struct str message)
{
	struct dns_upstreams *upstreams = ask->upstreams;

	end_try(ask);
	ask->upstreams = NULL;
	ask->fn(ask, error, message);
	dns_upstreams_unref(upstreams);
}

void
dns_ask_cancel(struct dns_ask *ask)
{
	struct dns_upstreams *upstreams = ask->upstreams;

	if (upstreams == NULL)
		return;
	end_try(ask);
	ask->upstreams = NULL;
	dns_upstreams_unref(upstreams);
}

static void try_server(struct dns_ask *ask);

static unsigned
tries_max(const struct dns_ask *ask)
{
	unsigned count = (unsigned)ask->upstreams->count * 2;

	return count < TRIES_MIN ? TRIES_MIN : count;
}

static int64_t
time_left(const struct dns_ask *ask)
{
	return ask->began + DNS_ASK_TIME - loop_now(ask->upstreams->loop);
}

static void
try_next(struct dns_ask *ask)
{
	bool was_silent = ask->error == -ETIMEDOUT;

	end_try(ask);
	ask->tries++;
	if ((ask->tries >= tries_max(ask) && !was_silent) ||
	    time_left(ask) <= 0) {
		finish(ask, ask->error, (struct str){ NULL, 0 });
		return;
	}
	ask->strangers = 0;
	ask->bare = ask->by_link = false;
	ask->server = dns_upstreams_choose(ask->upstreams, ask->tries);
	try_server(ask);
}

static void
wait_for(struct dns_ask *ask, int64_t time)
{
	ask->due = loop_now(ask->upstreams->loop) + time;
	loop_timer_arm(ask->upstreams->loop, &ask->timer, ask->due);
}

/* A try that failed before it began is told from the loop as well. */
static void
try_later(struct dns_ask *ask, int error)
{
	ask->error = error;
	end_try(ask);
	wait_for(ask, 0);
}

/* What the timer is late by was no time for the server either: the machine, or
 * we, stood still. */
static void
on_time(struct loop_timer *timer)
{
	struct dns_ask *ask = timer->context;

	ask->began += loop_now(ask->upstreams->loop) - ask->due;
	if (ask->watch.fd >= 0 || ask->wait.link != NULL) {
		ask->error = -ETIMEDOUT;
		dns_server_blame(ask->server, loop_now(ask->upstreams->loop));
		dns_link_give_up(&ask->wait);
	}
	try_next(ask);
}

/* ---- what comes ---- */

enum verdict {
	IS_ANSWER,
	IS_STRANGE, /* of somebody else, or of nobody */
	IS_OTHER_LETTERS,
	IS_CUT,
	IS_NO_EDNS,
	IS_FAILURE,
};

static enum verdict
judge_rcode(struct dns_ask *ask, const struct dns_head *head)
{
	switch (head->flags & DNS_FLAG_RCODE) {
	case DNS_RCODE_OK:
	case DNS_RCODE_NO_NAME:
		return IS_ANSWER;
	case DNS_RCODE_FORMAT:
	case DNS_RCODE_NOT_DONE:
		return ask->bare ? IS_FAILURE : IS_NO_EDNS;
	default:
		return IS_FAILURE;
	}
}

static enum verdict
judge(struct dns_ask *ask, struct str message)
{
	struct dns_inquiry question;
	struct dns_head head;
	size_t at = DNS_HEAD_BYTES;

	if (dns_head_read(message, &head) < 0 ||
	    (head.flags & DNS_FLAG_ANSWER) == 0 ||
	    (head.flags & DNS_FLAG_OPCODE) != 0 ||
	    (!ask->by_link && head.id != ask->id))
		return IS_STRANGE;
	/* An old server may not even repeat what it does not understand. */
	if (head.questions == 0 &&
	    (head.flags & DNS_FLAG_RCODE) == DNS_RCODE_FORMAT)
		return judge_rcode(ask, &head);
	if (head.questions != 1 ||
	    dns_inquiry_read(message, &at, &question) < 0 ||
	    question.type != ask->question.type ||
	    question.class != ask->question.class ||
	    !dns_name_eq(&question.name, &ask->question.name))
		return IS_STRANGE;
	if (!ask->by_link &&
	    !dns_name_same(&question.name, &ask->question.name))
		return IS_OTHER_LETTERS;
	if ((head.flags & DNS_FLAG_TRUNCATED) != 0)
		return ask->by_link ? IS_FAILURE : IS_CUT;
	return judge_rcode(ask, &head);
}

static void
ask_by_link(struct dns_ask *ask)
{
	end_try(ask);
	ask->by_link = true;
	try_server(ask);
}

static void
note_stranger(struct dns_ask *ask)
{
	counter_add(COUNTER_DNS_STRANGERS, 1);
	if (++ask->strangers >= STRANGERS_MAX)
		ask_by_link(ask);
}

static void
praise(struct dns_ask *ask)
{
	int64_t took = clock_now() - ask->tried;

	dns_server_praise(ask->server, took);
	histogram_add(HISTOGRAM_DNS, took);
}

/* True: it is over, or another try is under way. */
static bool
take(struct dns_ask *ask, struct str message)
{
	switch (judge(ask, message)) {
	case IS_ANSWER:
		praise(ask);
		finish(ask, 0, message);
		return true;
	case IS_CUT:
		praise(ask);
		ask_by_link(ask);
		return true;
	case IS_OTHER_LETTERS:
		counter_add(COUNTER_DNS_STRANGERS, 1);
		ask_by_link(ask);
		return true;
	case IS_NO_EDNS:
		end_try(ask);
		ask->bare = true;
		try_server(ask);
		return true;
	case IS_FAILURE:
		praise(ask);
		ask->error = -EREMOTEIO;
		try_next(ask);
		return true;
	case IS_STRANGE:
		break;
	}
	return false;
}

static void
on_datagram(struct loop_watch *watch, unsigned ready)
{
	struct dns_ask *ask = watch->context;
	struct str message;

	(void)ready;
	int rc = datagram_receive(watch->fd, &message, NULL);
	if (rc == -EAGAIN)
		return;
	/* Nobody is at that port (an ICMP error came back). */
	if (rc < 0) {
		dns_server_blame(ask->server, loop_now(ask->upstreams->loop));
		ask->error = rc;
		try_next(ask);
		return;
	}
	if (!take(ask, message))
		note_stranger(ask);
}

static void
on_link(struct dns_link_wait *wait, int error, bool again, struct str message)
{
	struct dns_ask *ask = wait->context;

	if (error == 0) {
		if (take(ask, message))
			return;
		error = -EBADMSG;
	}
	ask->error = error;
	end_try(ask);
	if (again) {
		try_server(ask);
		return;
	}
	dns_server_blame(ask->server, loop_now(ask->upstreams->loop));
	try_later(ask, error);
}

/* ---- a try ---- */

static int
try_by_link(struct dns_ask *ask)
{
	ask->wait = (struct dns_link_wait){ .fn = on_link, .context = ask };
	return dns_link_send(ask->upstreams->loop, ask->server, &ask->wait,
	    ask->message, ask->len);
}

static int
try_by_datagram(struct dns_ask *ask)
{
	int fd = datagram_connect(&ask->server->at);

	if (fd < 0)
		return fd;
	ask->watch = (struct loop_watch){
		.fd = fd, .wanted = LOOP_READ, .fn = on_datagram, .context = ask
	};
	int rc = loop_watch_start(ask->upstreams->loop, &ask->watch);
	if (rc < 0)
		return rc;
	if (send(fd, ask->message, ask->len, MSG_NOSIGNAL) < 0)
		return -errno;
	return 0;
}

static int64_t
patience_of(const struct dns_ask *ask)
{
	int64_t left = time_left(ask);
	int64_t time = ask->by_link
			   ? LINK_PATIENCE
			   : dns_server_patience(ask->server, ask->tries);

	return time < left ? time : left;
}

static void
try_server(struct dns_ask *ask)
{
	if (ask->server->peer != NULL)
		ask->by_link = true;
	write_question(ask);
	ask->tried = clock_now();
	int rc = ask->by_link ? try_by_link(ask) : try_by_datagram(ask);
	if (rc < 0) {
		try_later(ask, rc);
		return;
	}
	wait_for(ask, patience_of(ask));
}

void
dns_ask_move(struct dns_ask *ask, struct dns_upstreams *upstreams)
{
	struct dns_upstreams *before = ask->upstreams;

	end_try(ask);
	ask->upstreams = dns_upstreams_ref(upstreams);
	dns_upstreams_unref(before);
	ask->tries = ask->strangers = 0;
	ask->bare = ask->by_link = false;
	ask->error = -ETIMEDOUT;
	ask->server = dns_upstreams_choose(upstreams, 0);
	try_server(ask);
}

void
dns_ask_start(struct dns_ask *ask, struct dns_upstreams *upstreams,
    const struct dns_key *key, dns_ask_fn fn, void *context)
{
	*ask = (struct dns_ask){
		.fn = fn,
		.context = context,
		.upstreams = dns_upstreams_ref(upstreams),
		.question = { .name = key->name,
		    .type = key->type,
		    .class = DNS_CLASS_IN },
		.flags = key->flags,
		.error = -ETIMEDOUT,
		.began = loop_now(upstreams->loop),
		.watch.fd = -1,
		.timer = { .fn = on_time, .context = ask },
	};
	ask->server = dns_upstreams_choose(upstreams, 0);
	try_server(ask);
}
