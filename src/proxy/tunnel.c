/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/tunnel.h"

#include "event/counter.h"
#include "net/relay.h"
#include "proxy/client.h"
#include "proxy/inspection.h"
#include "proxy/opened.h"
#include "proxy/socks_wire.h"

/*
 * RFC 8446, 6.2: fatal, access_denied; in a record of TLS 1.2, which every
 * version reads.
 */
#define ALERT_DENIED STR("\x15\x03\x03\x00\x02\x02\x31")

struct tunnel {
	struct client *client;
	struct errand *errand; /* its own, or that of a request */
	struct errand own;
	struct relay *relay; /* NULL: not connected yet */
	uint64_t in, out;    /* before the relay */
	enum tunnel_manner manner;
};

static struct tunnel *
create(struct client *client)
{
	struct tunnel *tunnel = arena_new(&client->arena, struct tunnel);

	if (tunnel != NULL) {
		tunnel->client = client;
		client->tunnel = tunnel;
	}
	return tunnel;
}

struct errand *
tunnel_errand(struct tunnel *tunnel)
{
	return tunnel->errand;
}

/* ---- joined ---- */

static void
note_bytes(struct tunnel *tunnel, const uint64_t bytes[2])
{
	tunnel->errand->account.bytes_in = tunnel->in + bytes[RELAY_FIRST];
	tunnel->errand->account.bytes_out = tunnel->out + bytes[RELAY_SECOND];
}

static void
on_done(const struct relay_result *result, void *context)
{
	struct tunnel *tunnel = context;

	tunnel->relay = NULL;
	note_bytes(tunnel, result->bytes);
	if (result->end == RELAY_END_IDLE)
		tunnel->errand->failure = PROXY_FAILURE_IDLE;
	errand_tell(tunnel->errand);
	client_destroy(tunnel->client);
}

static void
hold_back(struct tunnel *tunnel)
{
	struct share *share = &tunnel->errand->share;

	relay_hold_back(tunnel->relay, RELAY_FIRST,
	    share_throttle(share, POLICY_DIRECTION_UP));
	relay_hold_back(tunnel->relay, RELAY_SECOND,
	    share_throttle(share, POLICY_DIRECTION_DOWN));
}

static void
join(struct tunnel *tunnel)
{
	struct client *client = tunnel->client;

	loop_timer_cancel(&client->timer);
	if (relay_create(&client->stream, &tunnel->errand->server,
		PROXY_TUNNEL_TIMEOUT, on_done, tunnel, &tunnel->relay) < 0) {
		tunnel->errand->failure = PROXY_FAILURE_NO_MEMORY;
		errand_tell(tunnel->errand);
		client_destroy(client);
		return;
	}
	hold_back(tunnel);
	counter_add(COUNTER_TUNNELS, 1);
}

void
tunnel_join(
    struct client *client, struct errand *errand, uint64_t in, uint64_t out)
{
	struct tunnel *tunnel = create(client);

	if (tunnel == NULL) {
		errand->failure = PROXY_FAILURE_NO_MEMORY;
		errand_tell(errand);
		errand_fini(errand);
		client_destroy(client);
		return;
	}
	tunnel->errand = errand;
	tunnel->in = in;
	tunnel->out = out;
	join(tunnel);
}

/* ---- asked for ---- */

/* RFC 1928, 6; all others are a general failure. */
static const struct {
	enum proxy_failure failure;
	enum socks_reply reply;
} socks_replies[] = {
	{ PROXY_FAILURE_NONE, SOCKS_NOT_ALLOWED },
	{ PROXY_FAILURE_LIMITED, SOCKS_NOT_ALLOWED },
	{ PROXY_FAILURE_QUOTA, SOCKS_NOT_ALLOWED },
	{ PROXY_FAILURE_USER_MISSING, SOCKS_NOT_ALLOWED },
	{ PROXY_FAILURE_NO_NAME, SOCKS_HOST_UNREACHABLE },
	{ PROXY_FAILURE_NO_ADDRESS, SOCKS_HOST_UNREACHABLE },
	{ PROXY_FAILURE_UNREACHABLE, SOCKS_HOST_UNREACHABLE },
	{ PROXY_FAILURE_REFUSED, SOCKS_REFUSED },
	{ PROXY_FAILURE_DIAL_TIMEOUT, SOCKS_TIMEOUT },
	{ PROXY_FAILURE_PARENT_DOWN, SOCKS_NET_UNREACHABLE },
	{ PROXY_FAILURE_PARENT_REFUSED, SOCKS_NOT_ALLOWED },
	{ PROXY_FAILURE_PARENT_NO_WAY, SOCKS_HOST_UNREACHABLE },
	{ PROXY_FAILURE_PARENT_TIMEOUT, SOCKS_TIMEOUT },
};

static enum socks_reply
socks_reply_of(const struct errand *errand)
{
	for (size_t i = 0; i < sizeof(socks_replies) / sizeof(socks_replies[0]);
	     i++)
		if (socks_replies[i].failure == errand->failure)
			return socks_replies[i].reply;
	return SOCKS_FAILURE;
}

/* Empty: the manner has no words for it. */
static struct str
refusal_of(
    const struct tunnel *tunnel, char buffer[static SOCKS_REPLY_BYTES_MAX])
{
	bool failed = tunnel->errand->failure != PROXY_FAILURE_NONE &&
		      tunnel->errand->failure != PROXY_FAILURE_LIMITED &&
		      tunnel->errand->failure != PROXY_FAILURE_QUOTA;

	switch (tunnel->manner) {
	case TUNNEL_SOCKS_4:
		return socks_reply_write(
		    SOCKS_4, socks_reply_of(tunnel->errand), buffer);
	case TUNNEL_SOCKS_5:
		return socks_reply_write(
		    SOCKS_5, socks_reply_of(tunnel->errand), buffer);
	case TUNNEL_TLS:
		return failed ? STR("") : ALERT_DENIED;
	case TUNNEL_BARE:
		break;
	}
	return STR("");
}

static void
turn_away(struct tunnel *tunnel)
{
	struct client *client = tunnel->client;
	char buffer[SOCKS_REPLY_BYTES_MAX];
	struct str words = refusal_of(tunnel, buffer);

	if (words.len > 0 && stream_write(client->stream, words) == 0) {
		tunnel->errand->account.bytes_out = words.len;
		errand_tell(tunnel->errand);
		client_end(client);
		return;
	}
	errand_tell(tunnel->errand);
	client_reset(client);
}

/* A client of SOCKS waits for the word; others were never told of a proxy.
 * How many bytes it has, or a negative errno. */
static int
say_granted(struct client *client, enum tunnel_manner manner)
{
	char buffer[SOCKS_REPLY_BYTES_MAX];
	struct str words = { NULL, 0 };

	if (manner == TUNNEL_SOCKS_4)
		words = socks_reply_write(SOCKS_4, SOCKS_GRANTED, buffer);
	else if (manner == TUNNEL_SOCKS_5)
		words = socks_reply_write(SOCKS_5, SOCKS_GRANTED, buffer);
	int rc = words.len > 0 ? stream_write(client->stream, words) : 0;
	return rc < 0 ? rc : (int)words.len;
}

static void
let_in(struct tunnel *tunnel)
{
	int said = say_granted(tunnel->client, tunnel->manner);

	if (said < 0) {
		client_destroy(tunnel->client);
		return;
	}
	tunnel->out = (uint64_t)said;
	join(tunnel);
}

static void
on_errand(struct errand *errand, enum errand_outcome outcome)
{
	struct tunnel *tunnel =
	    (struct tunnel *)((char *)errand - offsetof(struct tunnel, own));

	if (outcome == ERRAND_READY) {
		let_in(tunnel);
	} else if (outcome == ERRAND_REFUSED &&
		   errand->answer.verdict == POLICY_VERDICT_DROP) {
		errand_tell(errand);
		client_silence(tunnel->client);
	} else {
		turn_away(tunnel);
	}
}

/* Who does not take our certificate is let through as he is. */
static bool
is_pinned(const struct tunnel *tunnel)
{
	const struct flow *flow = &tunnel->own.flow;
	struct inspection *inspection = tunnel->own.generation->inspection;

	return inspection != NULL && flow->name.at != NULL &&
	       inspection_is_pinned(inspection, flow->from_zone, flow->name);
}

static struct tunnel *
create_asked(struct client *client, const struct tunnel_question *question)
{
	struct tunnel *tunnel = create(client);

	if (tunnel == NULL) {
		client_reset(client);
		return NULL;
	}
	struct flow *flow = &tunnel->own.flow;
	tunnel->manner = question->manner;
	tunnel->errand = &tunnel->own;
	client_begin_errand(client, &tunnel->own);
	tunnel->own.done = on_errand;
	tunnel->own.meant = question->address;
	tunnel->own.wants_tunnel = true;
	admission_port(flow, question->port);
	admission_name(flow, question->name);
	admission_tunnel(flow);
	if (question->connects) {
		admission_head(flow, STR("CONNECT"), (struct str){ NULL, 0 });
		flow->last = POLICY_PHASE_REQUEST;
	}
	flow->pinned = is_pinned(tunnel);
	return tunnel;
}

/* TLS, or what may become it, that the policy may have opened. */
static bool
is_opened(struct client *client, const struct tunnel_question *question)
{
	struct opened_question opened = {
		.name = question->name,
		.address = question->address,
		.port = question->port,
		.waits = question->manner == TUNNEL_SOCKS_4 ||
			 question->manner == TUNNEL_SOCKS_5,
	};

	if (question->is_opened || question->manner == TUNNEL_BARE ||
	    !opened_may_be(client, &opened))
		return false;
	if (!opened.waits || say_granted(client, question->manner) >= 0)
		opened_begin(client, &opened);
	else
		client_destroy(client);
	return true;
}

void
tunnel_ask(struct client *client, const struct tunnel_question *question)
{
	if (is_opened(client, question))
		return;
	struct tunnel *tunnel = create_asked(client, question);
	if (tunnel == NULL)
		return;
	/* What the client says meanwhile waits for the server. */
	stream_read_stop(client->stream);
	errand_begin(&tunnel->own);
}

static struct tunnel_question
question_of(const struct client *client, struct str name, bool tls)
{
	struct tunnel_question question = {
		.manner = tls ? TUNNEL_TLS : TUNNEL_BARE,
		.name = name,
		.address = client->local.address,
		.port = client->local.port,
	};

	if (client->alias.at == NULL)
		return question;
	/* What it has said by the address that it dialled. */
	if (name.at == NULL)
		question.name = client->alias;
	question.address = (struct address){ .family = ADDRESS_NONE };
	return question;
}

void
tunnel_open(struct client *client, struct str name, bool tls)
{
	struct tunnel_question question = question_of(client, name, tls);

	tunnel_ask(client, &question);
}

void
tunnel_refuse_hello(
    struct client *client, struct str name, enum proxy_failure why)
{
	struct tunnel_question question = question_of(client, name, true);
	struct tunnel *tunnel = create_asked(client, &question);

	if (tunnel == NULL)
		return;
	/* The event tells where it would have gone. */
	if (client->alias.at == NULL)
		admission_destination(tunnel->own.generation, &tunnel->own.flow,
		    client->local.address);
	tunnel->own.answer.phase = POLICY_PHASE_NAME;
	tunnel->own.answer.verdict = POLICY_VERDICT_REJECT;
	tunnel->own.failure = why;
	errand_tell(&tunnel->own);
	client_reset(client);
}

void
tunnel_cancel(struct tunnel *tunnel, enum proxy_failure why)
{
	uint64_t bytes[2] = { 0, 0 };

	if (tunnel == NULL)
		return;
	if (tunnel->relay != NULL) {
		bytes[RELAY_FIRST] = relay_bytes(tunnel->relay, RELAY_FIRST);
		bytes[RELAY_SECOND] = relay_bytes(tunnel->relay, RELAY_SECOND);
		note_bytes(tunnel, bytes);
		relay_destroy(&tunnel->relay);
	}
	if (!tunnel->errand->account.told)
		tunnel->errand->failure = why;
	errand_tell(tunnel->errand);
	errand_fini(tunnel->errand);
}
