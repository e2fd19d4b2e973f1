/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console/journal_line: one event as one JSON object.
 *
 * All keys, always, in one order: a reader may rely on it (docs/events.md).
 * Strings are bounded by what they take in the line, so that the line is; the
 * bounds are below, and what else a line holds takes less than FRAME_BYTES.
 */
#include "console/journal.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/json.h"

enum {
	WORD_BYTES = 32, /* our own words: enforcer, phase, verdict, flags... */
	ZONE_BYTES = 64,
	RULE_BYTES = 256,
	NAME_BYTES = 512, /* a DNS name has 253; more is a trick or a mistake */
	METHOD_BYTES = 64,
	URL_BYTES = 5000,
	USER_BYTES = 512,
	REASON_BYTES = 256,
	SERVER_BYTES = 300, /* protocol, name and port of a parent's server */
	FRAME_BYTES = 900,  /* keys, marks, numbers, addresses, newlines */
};

static_assert(7 * WORD_BYTES + 2 * ZONE_BYTES + RULE_BYTES + NAME_BYTES +
		      METHOD_BYTES + URL_BYTES + USER_BYTES + REASON_BYTES +
		      SERVER_BYTES + FRAME_BYTES <=
		  JOURNAL_LINE_BYTES_MAX,
    "the fields of a line fit in a line");

/*
 * The second half of an id.  It counts up from a random start, of 31 bits so
 * that it does not wrap (and order within a millisecond hold) for the first
 * two thousand million events.  A child has another start than its parent.
 */
static _Atomic uint32_t id_next;

static void
id_seed(void)
{
	uint32_t start = 0;

	if (getrandom(&start, sizeof(start), GRND_NONBLOCK) !=
	    (ssize_t)sizeof(start))
		start = (uint32_t)clock_now(); /* early at boot: still unlike */
	atomic_store(&id_next, start & INT32_MAX);
}

static void
id_begin(void)
{
	id_seed();
	(void)pthread_atfork(NULL, NULL, id_seed);
}

/* So many digits and a NUL: printf takes ten times as long. */
static void
put_hex(uint64_t number, unsigned digits, char *ret)
{
	ret[digits] = '\0';
	for (; digits > 0; number >>= 4)
		ret[--digits] = "0123456789abcdef"[number & 15];
}

static void
add_id(struct json *json, int64_t time)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	char id[12 + 8 + 1];

	(void)pthread_once(&once, id_begin);
	uint32_t n = atomic_fetch_add(&id_next, 1);
	put_hex((uint64_t)(time / CLOCK_MS), 12, id);
	put_hex(n, 8, id + 12);
	json_name(json, "id");
	json_put_stringz(json, id);
}

static void
add_time(struct json *json, int64_t time)
{
	char text[CLOCK_TEXT_BYTES];

	clock_format(time, text);
	json_name(json, "time");
	json_put_stringz(json, text);
}

static void
add_flow(struct json *json, uint64_t flow)
{
	char text[16 + 1];

	put_hex(flow, 16, text);
	json_name(json, "flow");
	json_put_stringz(json, flow != 0 ? text : NULL);
}

static void
add_string(
    struct json *json, const char *name, struct str value, size_t bytes_max)
{
	json_name(json, name);
	json_string_cut(json, value, bytes_max);
}

static void
add_word(struct json *json, const char *name, const char *word)
{
	add_string(json, name, str_of(word), WORD_BYTES);
}

/* A number where 0 means that there is none. */
static void
add_number(struct json *json, const char *name, uint32_t value)
{
	json_name(json, name);
	if (value == 0)
		json_put_null(json);
	else
		json_put_integer(json, value);
}

/* Bytes or packets; no flow has moved 2^63, so the clamp is never seen. */
static void
add_count(struct json *json, const char *name, bool known, uint64_t count)
{
	json_name(json, name);
	if (!known)
		json_put_null(json);
	else
		json_put_integer(
		    json, count < INT64_MAX ? (int64_t)count : INT64_MAX);
}

static void
add_address(struct json *json, const char *name, struct address address)
{
	char text[ADDRESS_TEXT_BYTES];

	json_name(json, name);
	json_put_stringz(json, address.family != ADDRESS_NONE
				   ? address_format(address, text)
				   : NULL);
}

static void
add_rule(struct json *json, const struct event *event)
{
	json_name(json, "rule");
	if (event->rule_line == 0 && event->rule_name.at == NULL) {
		json_put_null(json);
		return;
	}
	json_object_begin(json);
	add_number(json, "line", event->rule_line);
	add_string(json, "name", event->rule_name, RULE_BYTES);
	json_object_end(json);
}

static void
add_parent(struct json *json, const struct event *event)
{
	struct str none = { NULL, 0 };

	json_name(json, "parent");
	if (event->parent.len == 0) {
		json_put_null(json);
		return;
	}
	json_object_begin(json);
	add_string(json, "name", event->parent, WORD_BYTES);
	add_string(json, "server",
	    event->parent_server.len > 0 ? event->parent_server : none,
	    SERVER_BYTES);
	json_object_end(json);
}

static void
add_balancer(struct json *json, struct address_port balancer)
{
	char text[ADDRESS_TEXT_BYTES];

	json_name(json, "balancer");
	json_put_stringz(json, balancer.address.family != ADDRESS_NONE
				   ? address_port_format(balancer, text)
				   : NULL);
}

static void
add_zones(struct json *json, const struct event *event)
{
	json_name(json, "zone");
	json_object_begin(json);
	add_string(json, "from", event->zone_from, ZONE_BYTES);
	add_string(json, "to", event->zone_to, ZONE_BYTES);
	json_object_end(json);
}

/* What has been measured of a flow that has ended. */
static void
add_measures(struct json *json, const struct event *event)
{
	json_name(json, "bytes");
	json_object_begin(json);
	add_count(json, "in", event->measured, event->bytes_in);
	add_count(json, "out", event->measured, event->bytes_out);
	json_object_end(json);
	json_name(json, "duration_ms");
	if (event->measured)
		json_thousandths(json, event->duration / 1000);
	else
		json_put_null(json);
}

static void
add_packets(struct json *json, const struct event *event)
{
	json_name(json, "packets");
	json_object_begin(json);
	add_count(json, "in", event->counted, event->packets_in);
	add_count(json, "out", event->counted, event->packets_out);
	json_object_end(json);
}

void
journal_line(const struct event *event, struct text *line)
{
	struct json json = JSON_ON(line);

	json_object_begin(&json);
	add_time(&json, event->time);
	add_id(&json, event->time);
	add_word(&json, "kind", event_kind_word(event->kind));
	add_flow(&json, event->flow);
	add_word(&json, "enforcer", event->enforcer);
	add_word(&json, "phase", event->phase);
	add_word(&json, "verdict", event->verdict);
	add_rule(&json, event);
	add_zones(&json, event);
	add_address(&json, "source", event->source.address);
	add_number(&json, "source_port", event->source.port);
	add_address(&json, "destination", event->destination);
	add_word(&json, "protocol", event->protocol);
	add_number(&json, "port", event->port);
	add_string(&json, "name", event->name, NAME_BYTES);
	add_string(&json, "method", event->method, METHOD_BYTES);
	add_string(&json, "url", event->url, URL_BYTES);
	add_string(&json, "user", event->user, USER_BYTES);
	add_number(&json, "status", event->status);
	add_measures(&json, event);
	add_string(&json, "reason", str_of(event->reason), REASON_BYTES);
	add_packets(&json, event);
	add_parent(&json, event);
	add_balancer(&json, event->balancer);
	add_word(&json, "flags", event->flags);
	add_number(&json, "length", event->length);
	add_count(
	    &json, "suppressed", event->suppressed > 0, event->suppressed);
	add_word(&json, "http", event->http);
	add_word(&json, "http_server", event->http_server);
	json_object_end(&json);
}
