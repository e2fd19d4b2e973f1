/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/socks.h"

#include "event/counter.h"
#include "http/host.h"
#include "proxy/association.h"
#include "proxy/client.h"
#include "proxy/socks_wire.h"
#include "proxy/tunnel.h"
#include "proxy/user.h"

#include <errno.h>

/* Lies in the client's arena. */
struct socks {
	struct client *client;
	enum socks_version version;
	enum {
		SOCKS_REQUEST,
		SOCKS_METHODS,  /* of SOCKS 5: is to offer how it proves
				 * itself */
		SOCKS_PASSWORD, /* and does it */
		SOCKS_CHECKING,
	} awaits;
};

bool
socks_begins(struct str bytes)
{
	return bytes.len > 0 &&
	       (bytes.at[0] == SOCKS_4 || bytes.at[0] == SOCKS_5);
}

/* Says no, and that was all. */
static void
end_with(struct socks *socks, struct str words)
{
	struct client *client = socks->client;

	counter_add(COUNTER_BAD_REQUESTS, 1);
	(void)stream_write(client->stream, words);
	client_end(client);
}

static void
refuse(struct socks *socks, enum socks_reply reply)
{
	char buffer[SOCKS_REPLY_BYTES_MAX];

	end_with(socks, socks_reply_write(socks->version, reply, buffer));
}

/* A name in its one spelling, or an address that was written as a name. */
static int
read_host(struct client *client, const struct socks_request *request,
    struct tunnel_question *ret)
{
	struct http_host host;
	enum http_fault fault;

	ret->port = request->port;
	ret->address = request->to;
	if (request->host.at == NULL)
		return 0;
	if (http_host_parse(request->host, &client->arena, &host, &fault) < 0)
		return -EBADMSG;
	ret->address = host.address;
	if (http_host_is_name(&host))
		ret->name = arena_str(&client->arena, host.text);
	return 0;
}

/* A balancer passes on connections only. */
static bool
carries_datagrams(
    const struct socks *socks, const struct socks_request *request)
{
	return request->command == SOCKS_UDP_ASSOCIATE &&
	       socks->version == SOCKS_5 &&
	       socks->client->balancer.address.family == ADDRESS_NONE;
}

static void
ask(struct socks *socks, const struct socks_request *request, size_t used)
{
	struct client *client = socks->client;
	struct tunnel_question question = {
		.manner =
		    socks->version == SOCKS_4 ? TUNNEL_SOCKS_4 : TUNNEL_SOCKS_5,
	};

	if (carries_datagrams(socks, request)) {
		stream_consume(client->stream, used);
		association_open(client, request);
	} else if (request->command != SOCKS_CONNECT) {
		refuse(socks, SOCKS_NO_COMMAND);
	} else if (request->port == 0 ||
		   read_host(client, request, &question) < 0) {
		refuse(socks, SOCKS_FAILURE);
	} else {
		stream_consume(client->stream, used);
		client_become_busy(client);
		tunnel_ask(client, &question);
	}
}

static void
read_request(struct socks *socks)
{
	struct str input = stream_input(socks->client->stream);
	struct socks_request request;
	enum socks_reply reply;
	int used = socks->version == SOCKS_4
		       ? socks4_request_parse(input, &request, &reply)
		       : socks5_request_parse(input, &request, &reply);

	if (used == -EAGAIN && !stream_has_ended(socks->client->stream))
		return;
	if (used < 0)
		refuse(socks, reply);
	else
		ask(socks, &request, (size_t)used);
}

/* ---- who asks ---- */

/* Told, as what was asked is not known yet, by its source alone. */
static void
refuse_user(struct socks *socks, enum proxy_failure why)
{
	struct client *client = socks->client;
	struct errand errand;

	client_begin_errand(client, &errand);
	errand.answer = (struct policy_answer){
		.verdict = POLICY_VERDICT_REJECT,
		.phase = POLICY_PHASE_REQUEST,
	};
	errand.failure = why;
	errand_tell(&errand);
	errand_fini(&errand);
	/* RFC 1929, 2 */
	(void)stream_write(client->stream, SOCKS_PASSWORD_BAD);
	client_end(client);
}

static void
take_answer(
    struct socks *socks, enum who_answer answer, const struct policy_user *user)
{
	struct client *client = socks->client;

	if (answer != WHO_IS) {
		refuse_user(socks, user_failure_of(client, answer));
		return;
	}
	socks->awaits = SOCKS_REQUEST;
	if (!user_keep(client, user) ||
	    stream_write(client->stream, SOCKS_PASSWORD_GOOD) < 0) {
		client_reset(client);
		return;
	}
	stream_read_start(client->stream);
	if (stream_input(client->stream).len > 0)
		read_request(socks);
}

static void
on_answer(struct who_question *question, enum who_answer answer,
    const struct policy_user *user)
{
	take_answer(question->context, answer, user);
}

static void
read_password(struct socks *socks)
{
	struct client *client = socks->client;
	struct credentials credentials;
	struct policy_user user;
	int used =
	    credentials_parse_socks(stream_input(client->stream), &credentials);

	if (used == -EAGAIN && !stream_has_ended(client->stream))
		return;
	if (used < 0) {
		end_with(socks, SOCKS_PASSWORD_BAD);
		return;
	}
	stream_consume(client->stream, (size_t)used);
	socks->awaits = SOCKS_CHECKING;
	stream_read_stop(client->stream);
	enum who_answer answer =
	    user_ask(client, &credentials, on_answer, socks, &user);
	if (answer != WHO_WAITS)
		take_answer(socks, answer, &user);
}

static void on_word(struct stream *stream, void *context);

/* A password, if both sides can: without one the policy knows nobody. */
static void
read_methods(struct socks *socks)
{
	struct stream *stream = socks->client->stream;
	struct socks_methods methods;
	int used = socks_methods_parse(stream_input(stream), &methods);

	if (used == -EAGAIN && !stream_has_ended(stream))
		return;
	bool password =
	    used > 0 && methods.password && user_is_asked(socks->client);
	if (used < 0 || (!methods.without && !password)) {
		end_with(socks, SOCKS_METHOD_BAD);
		return;
	}
	stream_consume(stream, (size_t)used);
	socks->awaits = password ? SOCKS_PASSWORD : SOCKS_REQUEST;
	if (stream_write(stream,
		password ? SOCKS_METHOD_PASSWORD : SOCKS_METHOD_NONE) < 0)
		client_destroy(socks->client);
	else if (stream_input(stream).len > 0)
		on_word(stream, socks);
}

static void
on_word(struct stream *stream, void *context)
{
	struct socks *socks = context;

	(void)stream;
	switch (socks->awaits) {
	case SOCKS_METHODS:
		read_methods(socks);
		break;
	case SOCKS_PASSWORD:
		read_password(socks);
		break;
	case SOCKS_REQUEST:
		read_request(socks);
		break;
	case SOCKS_CHECKING:
		break;
	}
}

static void
on_failed(struct stream *stream, int error, void *context)
{
	const struct socks *socks = context;

	(void)stream;
	(void)error;
	client_destroy(socks->client);
}

static const struct stream_user speaking = {
	.data = on_word,
	.ended = on_word,
	.failed = on_failed,
};

void
socks_serve(struct client *client)
{
	struct socks *socks = arena_new(&client->arena, struct socks);

	if (socks == NULL) {
		client_reset(client);
		return;
	}
	socks->client = client;
	socks->version = (enum socks_version)stream_input(client->stream).at[0];
	socks->awaits =
	    socks->version == SOCKS_5 ? SOCKS_METHODS : SOCKS_REQUEST;
	stream_use(client->stream, &speaking, socks);
}
