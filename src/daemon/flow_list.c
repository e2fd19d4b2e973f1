/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/flow_list.h"

#include "base/clock.h"
#include "base/json.h"
#include "daemon/flow_filter.h"
#include "daemon/flows.h"
#include "firewall/names.h"
#include "firewall/packet.h"
#include "firewall/socket_end.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

/* Some 600 flows a piece: the daemon is busy with it for 2 ms. */
#define MESSAGES_PER_PIECE 4

/* The flows of the policy, while they live. */
static bool
is_meant(const struct flow_filter *filter, const struct conntrack_entry *entry,
    const struct flow_judgement *judgement)
{
	return judgement->owner != FLOW_OWNER_NONE &&
	       conntrack_is_living(entry) &&
	       flow_filter_fits(filter, entry, judgement);
}

/*
 * Listing.
 */

struct flow_list {
	struct conntrack_dump *dump;
	struct policy *policy;    /* a reference */
	struct firewall_own *own; /* owned: the generation's may change */
	struct flows_court court;
	struct flow_filter filter;
	struct text *out; /* of this piece */
};

static void
add_count(struct json *json, const char *name, bool known, uint64_t count)
{
	json_name(json, name);
	if (known && count <= INT64_MAX)
		json_put_integer(json, (int64_t)count);
	else
		json_put_null(json);
}

static void
add_pair(
    struct json *json, const char *name, bool known, uint64_t in, uint64_t out)
{
	json_name(json, name);
	json_object_begin(json);
	add_count(json, "in", known, in);
	add_count(json, "out", known, out);
	json_object_end(json);
}

static void
add_rule(struct json *json, const struct policy_rule *rule)
{
	json_name(json, "rule");
	if (rule == NULL) {
		json_put_null(json);
		return;
	}
	json_object_begin(json);
	add_count(json, "line", rule->line != 0, rule->line);
	json_name(json, "name");
	json_put_string(json, rule->label);
	json_object_end(json);
}

static void
add_zone(struct json *json, const char *name, const struct policy *policy,
    uint8_t zone)
{
	json_name(json, name);
	json_put_string(json, zone == ZONE_NONE
				  ? (struct str){ NULL, 0 }
				  : policy_zone_name(policy, zone));
}

static void
add_address(struct json *json, const char *name, struct address address)
{
	char text[ADDRESS_TEXT_BYTES];

	json_name(json, name);
	json_put_stringz(json, address_format(address, text));
}

static void
add_ends(struct json *json, const struct flow_list *list,
    const struct conntrack_entry *entry, const struct flow *flow)
{
	char room[PACKET_PROTOCOL_BYTES];

	json_name(json, "zone");
	json_object_begin(json);
	add_zone(json, "from", list->policy, flow->from_zone);
	add_zone(json, "to", list->policy, flow->to_zone);
	json_object_end(json);
	add_address(json, "source", entry->original.source.address);
	add_count(json, "source_port", entry->original.source.port != 0,
	    entry->original.source.port);
	add_address(json, "destination", entry->original.destination.address);
	json_name(json, "name");
	json_put_string(json, flow->known[POLICY_FACT_NAME] == FLOW_KNOWN
				  ? flow->name
				  : (struct str){ NULL, 0 });
	json_name(json, "protocol");
	json_put_stringz(
	    json, packet_protocol_word(entry->original.protocol, room));
	add_count(json, "port", flows_port(entry) != 0, flows_port(entry));
}

static void
add_measures(struct json *json, const struct conntrack_entry *entry)
{
	int64_t age = clock_wall() - entry->began;

	json_name(json, "state");
	json_put_stringz(json, conntrack_state_word(entry->state));
	add_pair(json, "bytes", entry->is_counted, entry->bytes_in,
	    entry->bytes_out);
	add_pair(json, "packets", entry->is_counted, entry->packets_in,
	    entry->packets_out);
	json_name(json, "duration_ms");
	if (entry->began == 0)
		json_put_null(json);
	else
		json_thousandths(json, age > 0 ? age / 1000 : 0);
}

static void
add_line(const struct flow_list *list, const struct conntrack_entry *entry,
    const struct flow_judgement *judgement)
{
	struct json json = JSON_ON(list->out);
	char id[16 + 1];

	(void)snprintf(id, sizeof(id), "%016" PRIx64, flows_id(entry));
	json_object_begin(&json);
	json_name(&json, "flow");
	json_put_stringz(&json, id);
	json_name(&json, "enforcer");
	json_put_stringz(
	    &json, judgement->owner == FLOW_OWNER_PROXY ? "proxy" : "firewall");
	json_name(&json, "verdict");
	json_put_stringz(&json, policy_verdict_word(judgement->answer.verdict));
	add_rule(&json, judgement->answer.rule);
	add_ends(&json, list, entry, &judgement->flow);
	add_measures(&json, entry);
	json_object_end(&json);
	text_addc(list->out, '\n');
}

static int
list_one(void *context, const struct conntrack_entry *entry)
{
	const struct flow_list *list = context;
	struct flow_judgement judgement;

	flows_judge(&list->court, entry, &judgement);
	if (is_meant(&list->filter, entry, &judgement))
		add_line(list, entry, &judgement);
	return list->out->full ? -ENOMEM : 0;
}

static int
next_piece(void *state, struct text *out)
{
	struct flow_list *list = state;
	int rc = 1;

	list->out = out;
	for (int i = 0; rc > 0 && i < MESSAGES_PER_PIECE; i++)
		rc = conntrack_dump_next(list->dump, list_one, list);
	if (rc < 0) {
		struct json json = JSON_ON(out);
		json_object_begin(&json);
		json_name(&json, "error");
		json_put_stringz(&json, strerror(-rc));
		json_object_end(&json);
		text_addc(out, '\n');
	}
	return rc > 0 ? 1 : 0;
}

static void
destroy_list(void *state)
{
	struct flow_list *list = state;

	if (list == NULL)
		return;
	conntrack_dump_close(list->dump);
	policy_unref(list->policy);
	free(list->own);
	free(list);
}

/* What the list looks at while it is written. */
static int
keep(struct flow_list *list, const struct generation *current)
{
	size_t bytes = current->own.count * sizeof(*list->own);

	list->policy = policy_ref(current->policy);
	list->own = malloc(bytes > 0 ? bytes : 1);
	if (list->own == NULL)
		return -ENOMEM;
	if (bytes > 0)
		memcpy(list->own, current->own.items, bytes);
	list->court = flows_court_of(current);
	list->court.own = list->own;
	return 0;
}

int
flow_list_begin(const struct generation *current, struct str words,
    struct text *out, struct control_more *ret_more)
{
	struct flow_list *list = calloc(1, sizeof(*list));
	int rc = list == NULL ? -ENOMEM
			      : flow_filter_parse(
				    words, current->policy, &list->filter, out);

	if (rc == 0)
		rc = keep(list, current);
	if (rc == 0)
		rc = conntrack_dump_open(&list->dump);
	if (rc < 0) {
		if (rc != -EINVAL || out->len == 0)
			text_addf(
			    out, "flows cannot be read: %s", strerror(-rc));
		text_addc(out, '\n');
		destroy_list(list);
		return rc;
	}
	*ret_more = (struct control_more){ next_piece, destroy_list, list };
	return 0;
}

/*
 * Ending.
 */

struct ending {
	struct flows_court court;
	struct flow_filter filter;
	struct conntrack_ender *ender;
	size_t ended;
	size_t left; /* the proxy's over UDP: no connections */
	int rc;      /* negative: one at least could not be ended */
};

/* By the socket: refused packets would leave it, and the proxy, waiting. */
static int
end_in_proxy(const struct conntrack_entry *entry)
{
	const struct conntrack_tuple *tuple = &entry->original;

	return (entry->mark & FIREWALL_MARK_PROXY) != 0
		   ? socket_end(tuple->source, tuple->destination)
		   : socket_end(tuple->destination, tuple->source);
}

static int
end_one(void *context, const struct conntrack_entry *entry)
{
	struct ending *ending = context;
	struct flow_judgement judgement;

	flows_judge(&ending->court, entry, &judgement);
	if (!is_meant(&ending->filter, entry, &judgement))
		return 0;
	if (judgement.owner == FLOW_OWNER_PROXY &&
	    entry->original.protocol != IPPROTO_TCP) {
		ending->left++;
		return 0;
	}
	int rc = judgement.owner == FLOW_OWNER_PROXY
		     ? end_in_proxy(entry)
		     : conntrack_end(ending->ender, entry);
	if (rc < 0 && rc != -ENOENT)
		ending->rc = rc;
	ending->ended += rc == 0;
	return 0;
}

static void
add_ending(const struct ending *ending, struct text *out)
{
	if (ending->ended > 0)
		text_addf(out, "%zu flow%s ended\n", ending->ended,
		    ending->ended == 1 ? "" : "s");
	if (ending->left > 0)
		text_addf(out, "%zu flow%s of the proxy over UDP end%s\n",
		    ending->left, ending->left == 1 ? "" : "s",
		    ending->left == 1 ? "s by itself" : " by themselves");
	if (ending->rc < 0)
		text_addf(
		    out, "not all could be ended: %s\n", strerror(-ending->rc));
	else if (ending->ended == 0 && ending->left == 0)
		text_addz(out, "no such flow lives\n");
}

int
flow_list_end(
    const struct generation *current, struct str words, struct text *out)
{
	struct ending ending = { .court = flows_court_of(current) };
	int rc = flow_filter_parse(words, current->policy, &ending.filter, out);

	if (rc == 0 && ending.filter.is_any) {
		text_addz(out, "which flow?");
		rc = -EINVAL;
	}
	if (rc < 0) {
		text_addc(out, '\n');
		return rc;
	}
	rc = conntrack_ender_open(&ending.ender);
	if (rc == 0)
		rc = conntrack_read(end_one, &ending);
	conntrack_ender_close(ending.ender);
	ending.rc = rc < 0 ? rc : ending.rc;
	add_ending(&ending, out);
	if (ending.rc < 0)
		return ending.rc == -EINVAL ? -EIO : ending.rc;
	return ending.ended > 0 || ending.left > 0 ? 0 : -ENOENT;
}
