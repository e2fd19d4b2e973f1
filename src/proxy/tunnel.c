/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/tunnel.h"

#include "event/counter.h"
#include "net/relay.h"
#include "proxy/client.h"

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
	bool tls;
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

/* ---- opened by interception ---- */

static void
turn_away(struct tunnel *tunnel)
{
	struct client *client = tunnel->client;

	if (tunnel->tls && stream_write(client->stream, ALERT_DENIED) == 0) {
		tunnel->errand->account.bytes_out = ALERT_DENIED.len;
		errand_tell(tunnel->errand);
		client_end(client);
		return;
	}
	errand_tell(tunnel->errand);
	client_reset(client);
}

static void
on_errand(struct errand *errand, enum errand_outcome outcome)
{
	struct tunnel *tunnel =
	    (struct tunnel *)((char *)errand - offsetof(struct tunnel, own));

	if (outcome == ERRAND_READY) {
		join(tunnel);
	} else if (outcome == ERRAND_REFUSED &&
		   errand->answer.verdict == POLICY_VERDICT_DROP) {
		errand_tell(errand);
		client_silence(tunnel->client);
	} else if (outcome == ERRAND_LIMITED) {
		errand->failure = PROXY_FAILURE_LIMITED;
		turn_away(tunnel);
	} else if (outcome == ERRAND_REFUSED) {
		turn_away(tunnel);
	} else {
		errand_tell(errand);
		client_reset(tunnel->client);
	}
}

static struct tunnel *
create_intercepted(struct client *client, struct str name, bool tls)
{
	struct tunnel *tunnel = create(client);

	if (tunnel == NULL) {
		client_reset(client);
		return NULL;
	}
	tunnel->errand = &tunnel->own;
	client_begin_errand(client, &tunnel->own);
	tunnel->own.flow.last = POLICY_PHASE_NAME;
	tunnel->own.done = on_errand;
	tunnel->own.meant = client->local.address;
	admission_port(&tunnel->own.flow, client->local.port);
	admission_destination(
	    tunnel->own.generation, &tunnel->own.flow, client->local.address);
	admission_name(&tunnel->own.flow, name);
	admission_scheme(
	    &tunnel->own.flow, tls ? POLICY_SCHEME_HTTPS : POLICY_SCHEME_COUNT);
	admission_head(&tunnel->own.flow, (struct str){ 0 }, (struct str){ 0 });
	return tunnel;
}

void
tunnel_open(struct client *client, struct str name, bool tls)
{
	struct tunnel *tunnel = create_intercepted(client, name, tls);

	if (tunnel == NULL)
		return;
	tunnel->tls = tls;
	/* What the client says meanwhile waits for the server. */
	stream_read_stop(client->stream);
	errand_begin(&tunnel->own);
}

void
tunnel_refuse_hello(struct client *client)
{
	struct tunnel *tunnel =
	    create_intercepted(client, (struct str){ NULL, 0 }, true);

	if (tunnel == NULL)
		return;
	tunnel->own.answer.phase = POLICY_PHASE_NAME;
	tunnel->own.answer.verdict = POLICY_VERDICT_REJECT;
	tunnel->own.failure = PROXY_FAILURE_HELLO_BAD;
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
