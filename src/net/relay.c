/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/relay.h"

#include <errno.h>
#include <stdlib.h>

struct relay_side {
	struct relay *relay;
	struct stream *stream;
	struct relay_side *other;
	struct stream_bulk bulk;
	struct throttle *throttle; /* of what comes from here; NULL: none */
	uint64_t bytes;            /* that came from here */
	bool finished; /* all for this stream was sent, and our FIN */
};

struct relay {
	struct relay_side sides[2];
	struct loop *loop;
	struct loop_timer timer;
	int64_t idle;
	int64_t moved; /* when something last did */
	relay_done_fn done;
	void *context;
};

const char *
relay_end_word(enum relay_end end)
{
	static const char *const words[RELAY_END_COUNT] = {
#define ROW(id, word) [RELAY_END_##id] = (word),
		RELAY_ENDS(ROW)
#undef ROW
	};

	return words[end];
}

/* ---- the end ---- */

static void
destroy(struct relay *relay)
{
	loop_timer_cancel(&relay->timer);
	for (int i = 0; i < 2; i++)
		stream_close_reset(&relay->sides[i].stream);
	free(relay);
}

/* The callback is the last thing: it may do whatever it likes. */
static void
end(struct relay *relay, struct relay_result result)
{
	relay_done_fn done = relay->done;
	void *context = relay->context;

	for (int i = 0; i < 2; i++)
		result.bytes[i] = relay->sides[i].bytes;
	/* After both FINs a close is no more than that. */
	if (result.end == RELAY_END_DONE)
		for (int i = 0; i < 2; i++)
			stream_close(&relay->sides[i].stream);
	destroy(relay);
	done(&result, context);
}

/* ---- moving ---- */

static void
note_moved(struct relay_side *from, ssize_t count)
{
	from->bytes += (uint64_t)count;
	from->relay->moved = loop_now(from->relay->loop);
}

/* Of what lies in the buffer, or in the pipe behind it, at most `most`. */
static ssize_t
move_some(struct relay_side *from, size_t most)
{
	struct str input = stream_input(from->stream);
	ssize_t n;

	if (input.len == 0)
		return stream_write_piped(
		    from->other->stream, from->stream, most);
	input.len = most < input.len ? most : input.len;
	n = stream_write_some(from->other->stream, input);
	if (n > 0)
		stream_consume(from->stream, (size_t)n);
	return n;
}

static size_t
held(const struct relay_side *from)
{
	size_t len = stream_input(from->stream).len;

	return len > 0 ? len : stream_piped(from->stream);
}

/*
 * Errors are left to the writer's `failed`; until that is told the bytes stay
 * where they are.
 */
static void
pump(struct relay_side *from)
{
	while (held(from) > 0) {
		size_t most =
		    throttle_ask(from->throttle, from->stream, held(from));
		ssize_t n = most > 0 ? move_some(from, most) : 0;
		if (n > 0) {
			throttle_spend(from->throttle, (size_t)n);
			note_moved(from, n);
		}
		if (n < (ssize_t)most || most == 0)
			return;
	}
	if (stream_has_ended(from->stream))
		stream_shutdown(from->other->stream);
}

static void
on_data(struct stream *stream, void *context)
{
	(void)stream;
	pump(context);
}

static void
on_ended(struct stream *stream, void *context)
{
	(void)stream;
	pump(context);
}

static void
on_drained(struct stream *stream, void *context)
{
	struct relay_side *side = context;

	(void)stream;
	pump(side->other);
}

static void
on_finished(struct stream *stream, void *context)
{
	struct relay_side *side = context;

	(void)stream;
	side->finished = true;
	if (side->other->finished)
		end(side->relay,
		    (struct relay_result){ .end = RELAY_END_DONE });
}

static void
on_failed(struct stream *stream, int error, void *context)
{
	struct relay_side *side = context;
	struct relay *relay = side->relay;

	(void)stream;
	end(relay,
	    (struct relay_result){
		.end = RELAY_END_FAILED,
		.error = error,
		.failed = side == &relay->sides[RELAY_FIRST] ? RELAY_FIRST
							     : RELAY_SECOND,
	    });
}

static const struct stream_user relaying = {
	.data = on_data,
	.ended = on_ended,
	.drained = on_drained,
	.finished = on_finished,
	.failed = on_failed,
};

/*
 * The timer is not moved with each byte: when it is due it looks at when that
 * was, and waits for the rest.
 */
static void
on_time(struct loop_timer *timer)
{
	struct relay *relay = timer->context;
	int64_t deadline = relay->moved + relay->idle;

	if (throttle_waits(relay->sides[0].throttle) ||
	    throttle_waits(relay->sides[1].throttle))
		deadline = loop_now(relay->loop) + relay->idle;
	if (deadline > loop_now(relay->loop))
		loop_timer_arm(relay->loop, timer, deadline);
	else
		end(relay, (struct relay_result){ .end = RELAY_END_IDLE });
}

/* ---- making ---- */

static void
join(struct relay *relay, int i, struct stream **stream)
{
	struct relay_side *side = &relay->sides[i];

	*side = (struct relay_side){
		.relay = relay,
		.stream = *stream,
		.other = &relay->sides[1 - i],
	};
	*stream = NULL;
	stream_use(side->stream, &relaying, side);
	stream_read_start(side->stream);
}

/* A pipe is of use only if both can be spliced. */
static void
permit_bulk(struct relay *relay)
{
	struct relay_side *sides = relay->sides;

	if (!stream_can_splice(sides[0].stream) ||
	    !stream_can_splice(sides[1].stream))
		return;
	for (int i = 0; i < 2; i++)
		stream_read_bulk(sides[i].stream, &sides[i].bulk);
}

int
relay_create(struct stream **first, struct stream **second, int64_t idle,
    relay_done_fn done, void *context, struct relay **ret)
{
	struct relay *relay = calloc(1, sizeof(*relay));

	if (relay == NULL)
		return -ENOMEM;
	relay->loop = stream_loop(*first);
	relay->timer = (struct loop_timer){ .fn = on_time, .context = relay };
	relay->idle = idle;
	relay->moved = loop_now(relay->loop);
	relay->done = done;
	relay->context = context;
	join(relay, RELAY_FIRST, first);
	join(relay, RELAY_SECOND, second);
	permit_bulk(relay);
	if (idle > 0)
		loop_timer_arm(relay->loop, &relay->timer, relay->moved + idle);
	*ret = relay;
	return 0;
}

void
relay_hold_back(struct relay *relay, int from, struct throttle *throttle)
{
	relay->sides[from].throttle = throttle;
	if (throttle_is_slow(throttle))
		stream_bulk_stop(relay->sides[from].stream);
}

void
relay_destroy(struct relay **relay)
{
	if (*relay != NULL)
		destroy(*relay);
	*relay = NULL;
}

uint64_t
relay_bytes(const struct relay *relay, int from)
{
	return relay->sides[from].bytes;
}
