/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/alias_stream.h"

#include "proxy/alias_question.h"
#include "proxy/client.h"
#include "proxy/worker.h"

#include <stdlib.h>

#define LENGTH_BYTES 2

struct alias_stream {
	struct alias_question question;
	struct client *client;
	bool asked;
	bool failed; /* within the call that asked */
	bool within;
};

/* ---- answers ---- */

static bool
write_answer(struct stream *stream, struct str bytes)
{
	uint8_t length[LENGTH_BYTES] = { (uint8_t)(bytes.len >> 8),
		(uint8_t)bytes.len };

	return stream_queue(stream,
		   (struct str){ (const char *)length, sizeof(length) }) == 0 &&
	       stream_write(stream, bytes) == 0;
}

static void read_questions(struct alias_stream *alias_stream);

/* What is dropped ends the connection without a word. */
static void
on_answer(struct alias_question *question, struct str bytes)
{
	struct alias_stream *alias_stream = question->context;
	struct client *client = alias_stream->client;

	alias_stream->asked = false;
	alias_stream->failed =
	    bytes.len == 0 || !write_answer(client->stream, bytes);
	if (alias_stream->within)
		return;
	if (alias_stream->failed)
		client_reset(client);
	else
		read_questions(alias_stream);
}

/* ---- questions ---- */

/* The first whole message, without its length; at == NULL: it is not whole. */
static struct str
first_message(struct str input)
{
	const uint8_t *bytes = (const uint8_t *)input.at;
	struct str none = { NULL, 0 };

	if (input.len < LENGTH_BYTES)
		return none;
	size_t len = (size_t)(bytes[0] << 8 | bytes[1]);
	if (input.len < LENGTH_BYTES + len)
		return none;
	return (struct str){ input.at + LENGTH_BYTES, len };
}

static void
put_question(struct alias_stream *alias_stream, struct str message)
{
	struct client *client = alias_stream->client;

	alias_stream->question = (struct alias_question){
		.worker = client->worker,
		.source = client->peer,
		.answer = on_answer,
		.context = alias_stream,
	};
	alias_stream->asked = true;
	alias_stream->within = true;
	alias_question_put(&alias_stream->question, message);
	alias_stream->within = false;
	stream_consume(client->stream, LENGTH_BYTES + message.len);
}

static void
read_questions(struct alias_stream *alias_stream)
{
	struct client *client = alias_stream->client;

	while (!alias_stream->asked && !stream_is_full(client->stream)) {
		struct str message =
		    first_message(stream_input(client->stream));
		if (message.at == NULL)
			break;
		put_question(alias_stream, message);
		if (alias_stream->failed) {
			client_reset(client);
			return;
		}
	}
	if (!alias_stream->asked && stream_has_ended(client->stream))
		client_end(client);
}

static void
on_input(struct stream *stream, void *context)
{
	(void)stream;
	read_questions(context);
}

static void
on_failed(struct stream *stream, int error, void *context)
{
	struct alias_stream *alias_stream = context;

	(void)stream;
	(void)error;
	client_destroy(alias_stream->client);
}

static const struct stream_user questions = {
	.data = on_input,
	.ended = on_input,
	.drained = on_input,
	.failed = on_failed,
};

void
alias_stream_serve(struct client *client)
{
	struct alias_stream *alias_stream = calloc(1, sizeof(*alias_stream));

	if (alias_stream == NULL) {
		client_reset(client);
		return;
	}
	alias_stream->client = client;
	client->questions = alias_stream;
	stream_use(client->stream, &questions, alias_stream);
	stream_read_start(client->stream);
}

void
alias_stream_destroy(struct alias_stream *alias_stream)
{
	if (alias_stream == NULL)
		return;
	alias_question_cancel(&alias_stream->question);
	free(alias_stream);
}
