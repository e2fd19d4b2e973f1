/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/event_key.h"

#include <stdio.h>

static const struct event_key keys[] = {
	{ "time", EVENT_KEY_TIME, { NULL } },
	{ "id", EVENT_KEY_TEXT, { NULL } },
	{ "kind", EVENT_KEY_WORD,
	    { "packet", "flow", "request", "dns", "list", "policy", "ban",
		"fault" } },
	{ "flow", EVENT_KEY_TEXT, { NULL } },
	{ "enforcer", EVENT_KEY_WORD, { "firewall", "proxy" } },
	{ "phase", EVENT_KEY_WORD,
	    { "packet", "name", "request", "response" } },
	{ "verdict", EVENT_KEY_WORD, { "allow", "reject", "drop" } },
	{ "rule.line", EVENT_KEY_NUMBER, { NULL } },
	{ "rule.name", EVENT_KEY_TEXT, { NULL } },
	{ "zone.from", EVENT_KEY_TEXT, { NULL } },
	{ "zone.to", EVENT_KEY_TEXT, { NULL } },
	{ "source", EVENT_KEY_ADDRESS, { NULL } },
	{ "source_port", EVENT_KEY_NUMBER, { NULL } },
	{ "destination", EVENT_KEY_ADDRESS, { NULL } },
	{ "protocol", EVENT_KEY_TEXT, { NULL } },
	{ "port", EVENT_KEY_NUMBER, { NULL } },
	{ "name", EVENT_KEY_NAME, { NULL } },
	{ "method", EVENT_KEY_TEXT, { NULL } },
	{ "url", EVENT_KEY_TEXT, { NULL } },
	{ "user", EVENT_KEY_TEXT, { NULL } },
	{ "status", EVENT_KEY_NUMBER, { NULL } },
	{ "bytes.in", EVENT_KEY_BYTES, { NULL } },
	{ "bytes.out", EVENT_KEY_BYTES, { NULL } },
	{ "duration_ms", EVENT_KEY_NUMBER, { NULL } },
	{ "reason", EVENT_KEY_TEXT, { NULL } },
	{ "packets.in", EVENT_KEY_NUMBER, { NULL } },
	{ "packets.out", EVENT_KEY_NUMBER, { NULL } },
	{ "parent.name", EVENT_KEY_TEXT, { NULL } },
	{ "parent.server", EVENT_KEY_TEXT, { NULL } },
	{ "balancer", EVENT_KEY_TEXT, { NULL } },
	{ "flags", EVENT_KEY_TEXT, { NULL } },
	{ "length", EVENT_KEY_BYTES, { NULL } },
	{ "suppressed", EVENT_KEY_NUMBER, { NULL } },
	{ "http", EVENT_KEY_WORD, { "1.0", "1.1", "2" } },
	{ "http_server", EVENT_KEY_WORD, { "1.1", "2" } },
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

const struct event_key *
event_key_find(struct str name)
{
	for (size_t i = 0; i < KEYS; i++)
		if (str_is(name, keys[i].name))
			return &keys[i];
	return NULL;
}

/* An object's own name is near to its first member. */
void
event_key_offer(struct nearest *nearest)
{
	for (size_t i = 0; i < KEYS; i++) {
		struct str name = str_of(keys[i].name), rest = name;
		struct str head = str_cut(&rest, '.');
		if (rest.at != NULL && str_eq(head, nearest->wanted)) {
			nearest->best = name;
			return;
		}
		nearest_offer(nearest, name);
	}
}

const json_t *
event_key_value(const struct event_key *key, const json_t *event)
{
	const char *dot = strchr(key->name, '.');
	const json_t *value;

	if (dot == NULL) {
		value = json_object_get(event, key->name);
	} else {
		char outer[16];
		(void)snprintf(outer, sizeof(outer), "%.*s",
		    (int)(dot - key->name), key->name);
		value = json_object_get(json_object_get(event, outer), dot + 1);
	}
	return json_is_null(value) ? NULL : value;
}
