/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/top_flows.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "cli/event_flow.h"
#include "cli/log_part.h"
#include "cli/member.h"

#include <errno.h>
#include <stdlib.h>

#define DNS_PORT 53

/* Of one list; a flow takes some 300. */
#define ARENA_BYTES_MAX ((size_t)256 << 20)

static int64_t
in_rate(const void *row)
{
	return ((const struct top_flow *)row)->in_rate;
}

static int64_t
out_rate(const void *row)
{
	return ((const struct top_flow *)row)->out_rate;
}

static int64_t
bytes(const void *row)
{
	const struct top_flow *flow = row;

	return flow->in < 0 || flow->out < 0 ? -1 : flow->in + flow->out;
}

static int64_t
age(const void *row)
{
	return ((const struct top_flow *)row)->age_ms;
}

static struct str
from(const void *row)
{
	return ((const struct top_flow *)row)->from;
}

static struct str
to(const void *row)
{
	return ((const struct top_flow *)row)->to;
}

static struct str
protocol(const void *row)
{
	return ((const struct top_flow *)row)->protocol;
}

static struct str
rule(const void *row)
{
	return ((const struct top_flow *)row)->rule;
}

static struct str
by(const void *row)
{
	return ((const struct top_flow *)row)->by;
}

/* There are more of these than of all others, and nobody looks for them. */
static bool
is_lookup(const void *row)
{
	return ((const struct top_flow *)row)->is_lookup;
}

static const struct top_column columns[] = {
	{ "IN/s", TOP_FORM_SIZE, 5, 0, 3, in_rate, NULL },
	{ "OUT/s", TOP_FORM_SIZE, 6, 0, 2, out_rate, NULL },
	{ "BYTES", TOP_FORM_SIZE, 6, 0, 4, bytes, NULL },
	{ "AGE", TOP_FORM_DURATION, 6, 0, 6, age, NULL },
	{ "PROT", TOP_FORM_WORDS, 4, 0, 5, NULL, protocol },
	{ "FROM", TOP_FORM_WORDS, 18, 2, 0, NULL, from },
	{ "TO", TOP_FORM_WORDS, 20, 3, 0, NULL, to },
	{ "RULE", TOP_FORM_WORDS, 4, 1, 7, NULL, rule },
	{ "BY", TOP_FORM_WORDS, 8, 0, 8, NULL, by },
};

const struct top_kind top_flows_kind = {
	columns,
	sizeof(columns) / sizeof(columns[0]),
	1,
	is_lookup,
};

/* ---- life ---- */

static void
list_init(struct top_flow_list *list)
{
	*list = (struct top_flow_list){ 0 };
	arena_init(&list->arena, ARENA_BYTES_MAX);
}

static void
list_fini(struct top_flow_list *list)
{
	arena_fini(&list->arena);
	free(list->flows.items);
}

void
top_flows_init(struct top_flows *flows)
{
	list_init(&flows->now);
	list_init(&flows->next);
}

void
top_flows_fini(struct top_flows *flows)
{
	list_fini(&flows->now);
	list_fini(&flows->next);
}

void
top_flows_begin(struct top_flows *flows, int64_t now)
{
	list_fini(&flows->next);
	list_init(&flows->next);
	flows->next.begun = now;
}

/* ---- reading ---- */

/* The text into the arena, without the blank before it. */
static struct str
keep(struct top_flow_list *list, struct text *text)
{
	struct str kept = arena_str(&list->arena, str_trim(text_str(text)));

	text_clear(text);
	return kept;
}

static struct str
keep_to(struct top_flow_list *list, const json_t *flow, struct text *text)
{
	utf8_show_word(text, member_inner_string(flow, "zone", "to"));
	text_addc(text, ' ');
	log_part_host_port(text, flow);
	return keep(list, text);
}

/* "12 name" */
static struct str
keep_rule(struct top_flow_list *list, const json_t *flow, struct text *text)
{
	int64_t line = member_inner_number(flow, "rule", "line");
	struct str name = member_inner_string(flow, "rule", "name");

	if (line >= 0)
		text_add_number(text, (uint64_t)line);
	if (name.at != NULL) {
		text_addc(text, ' ');
		utf8_show(text, name);
	}
	return keep(list, text);
}

static struct str
keep_word(struct top_flow_list *list, struct str word, struct text *text)
{
	utf8_show_word(text, word);
	return keep(list, text);
}

static void
read_flow(struct top_flow_list *list, const json_t *json, struct top_flow *flow,
    struct text *text)
{
	const char *why;
	double ms = json_number_value(json_object_get(json, "duration_ms"));

	flow->name = keep_word(list, member_string(json, "flow"), text);
	log_part_client(text, json);
	flow->from = keep(list, text);
	flow->to = keep_to(list, json, text);
	flow->rule = keep_rule(list, json, text);
	flow->protocol = keep_word(list, member_string(json, "protocol"), text);
	flow->by = keep_word(list, member_string(json, "enforcer"), text);
	flow->source = keep_word(list, member_string(json, "source"), text);
	if (event_flow_write(json, text, &why) < 0)
		text_clear(text);
	flow->asked = keep(list, text);
	flow->is_lookup =
	    str_is(member_inner_string(json, "zone", "from"), "self") &&
	    member_number(json, "port") == DNS_PORT;
	flow->in = member_inner_number(json, "bytes", "in");
	flow->out = member_inner_number(json, "bytes", "out");
	flow->age_ms = ms > 0 && ms < 1e15 ? (int64_t)ms : -1;
	flow->in_rate = flow->out_rate = -1;
}

void
top_flows_add(struct top_flows *flows, struct str line)
{
	struct top_flow_list *list = &flows->next;
	json_t *json = json_loadb(line.at, line.len, 0, NULL);
	struct text text = TEXT_EMPTY;
	struct top_flow flow;

	if (str_hex64(member_string(json, "flow"), &flow.id) == 0) {
		if (list->flows.count < TOP_FLOWS_MAX)
			read_flow(list, json, &flow, &text);
		if (list->flows.count >= TOP_FLOWS_MAX || list->arena.full ||
		    VEC_ADD(&list->flows, flow) < 0)
			list->left_out++;
	}
	text_fini(&text);
	json_decref(json);
}

/* ---- rates ---- */

static int
by_id(const void *a, const void *b)
{
	const struct top_flow *one = a, *other = b;

	return (one->id > other->id) - (one->id < other->id);
}

/* A flow that is new has moved all of its bytes since then. */
static int64_t
rate(int64_t now, int64_t before, int64_t elapsed)
{
	if (now < 0 || before < 0 || now < before || elapsed <= 0)
		return -1;
	return (int64_t)((double)(now - before) * (double)CLOCK_SECOND /
			 (double)elapsed);
}

/* What the proxy carries is there twice, under ids of their own. */
static void
set_rates(struct top_flow_list *next, const struct top_flow_list *before)
{
	int64_t elapsed = next->begun - before->begun;

	for (size_t i = 0; i < next->flows.count; i++) {
		struct top_flow *flow = &next->flows.items[i];
		const struct top_flow *old =
		    before->flows.count == 0
			? NULL
			: bsearch(flow, before->flows.items,
			      before->flows.count, sizeof(*flow), by_id);
		if (old == NULL &&
		    (flow->age_ms < 0 || flow->age_ms > elapsed / CLOCK_MS))
			continue;
		flow->in_rate =
		    rate(flow->in, old != NULL ? old->in : 0, elapsed);
		flow->out_rate =
		    rate(flow->out, old != NULL ? old->out : 0, elapsed);
	}
}

void
top_flows_commit(struct top_flows *flows)
{
	struct top_flow_list *next = &flows->next;

	if (next->flows.count > 0)
		qsort(next->flows.items, next->flows.count,
		    sizeof(*next->flows.items), by_id);
	if (flows->now.begun != 0)
		set_rates(next, &flows->now);
	list_fini(&flows->now);
	flows->now = *next;
	list_init(next);
}
