/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "event/event.h"

#include "base/clock.h"

static struct {
	event_sink_fn sink;
	void *context;
} emitter;

static const char *const kind_words[EVENT_KIND_COUNT] = {
#define ROW(id, word, meaning) [EVENT_KIND_##id] = #word,
	EVENT_KINDS(ROW)
#undef ROW
};

const char *
event_kind_word(enum event_kind kind)
{
	return kind_words[kind];
}

void
event_sink_set(event_sink_fn sink, void *context)
{
	emitter.sink = sink;
	emitter.context = context;
}

void
event_emit(const struct event *event)
{
	struct event stamped = *event;

	if (emitter.sink == NULL)
		return;
	if (stamped.time == 0)
		stamped.time = clock_wall();
	emitter.sink(&stamped, emitter.context);
}

static size_t
put_end(char *bytes, struct address_port end)
{
	memcpy(bytes, end.address.bytes, sizeof(end.address.bytes));
	bytes[16] = (char)(end.port >> 8);
	bytes[17] = (char)(end.port & 0xff);
	return 18;
}

uint64_t
event_flow_id(uint8_t protocol, struct address_port source,
    struct address_port destination)
{
	char bytes[2 * 18 + 1];
	size_t len = put_end(bytes, source);

	len += put_end(bytes + len, destination);
	bytes[len++] = (char)protocol;
	return str_hash((struct str){ bytes, len }, 0);
}
