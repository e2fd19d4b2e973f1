/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/explain: what becomes of a flow in the gateway that runs.
 *
 * The answer of `gatehouse explain`, given by what no file can tell: the policy
 * in force with its lists, who is banned, the gateway's own addresses, its
 * local time, and the base chains of other tables that can refuse what it
 * allows.
 */
#include "daemon/gateway.h"

#include "base/vec.h"
#include "firewall/foreign.h"
#include "policy/explain_print.h"
#include "policy/flow_text.h"

#include <errno.h>
#include <stdlib.h>

#define HOOK(hook) (1u << FOREIGN_##hook)

struct own_addresses {
	struct address *items;
	size_t count, room;
};

static int
read_own(const struct generation *generation, struct own_addresses *own)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < generation->own.count; i++)
		rc = VEC_ADD(own, generation->own.items[i].address);
	return rc;
}

static bool
is_published(const struct policy_answer *answer)
{
	return answer->rule != NULL && answer->rule->publish;
}

/*
 * The hooks that the flow passes.  What goes through the proxy ends at it and
 * begins there again.
 */
static unsigned
hooks_of(const struct flow *flow, const struct explanation *explanation)
{
	const struct policy_answer *answer = &explanation->answer;

	if (explanation->by_proxy)
		return HOOK(PREROUTING) | HOOK(INPUT) | HOOK(OUTPUT);
	if (flow->from_zone == ZONE_SELF)
		return HOOK(OUTPUT);
	bool ends_here = flow->to_zone == ZONE_SELF && !is_published(answer);
	return HOOK(PREROUTING) | (ends_here ? HOOK(INPUT) : HOOK(FORWARD));
}

/* What is refused is refused: only what is allowed hangs on others. */
static void
read_foreign(const struct explanation *explanation, struct foreign *ret)
{
	if (explanation->answer.verdict != POLICY_VERDICT_ALLOW ||
	    foreign_read(ret) < 0)
		ret->count = 0;
}

static void
add_chain(const struct foreign_chain *chain, struct text *out)
{
	text_addf(out,
	    "\n  note   chain %s of table %s %s can still refuse it\n"
	    "         hook %s, priority %d, policy %s, %u rule%s\n",
	    chain->name, chain->family, chain->table,
	    foreign_hook_word(chain->hook), chain->priority,
	    chain->drops ? "drop" : "accept", chain->rules,
	    chain->rules == 1 ? "" : "s");
}

static void
add_text(const struct gateway *gateway, const struct explanation *explanation,
    const struct foreign *foreign, unsigned hooks, bool colour,
    struct text *out)
{
	explain_verdict(explanation, colour, out);
	explain_steps(explanation, out);
	for (size_t i = 0; i < foreign->count; i++)
		if ((hooks >> foreign->items[i].hook & 1) != 0)
			add_chain(&foreign->items[i], out);
	text_addf(out, "\n  %s, generation %u\n", gateway->current->path,
	    gateway->current->number);
}

static void
add_json(const struct gateway *gateway, const struct explanation *explanation,
    const struct foreign *foreign, unsigned hooks, struct text *out)
{
	struct json json = JSON_ON(out);

	json_object_begin(&json);
	explain_json(explanation, &json);
	json_name(&json, "generation");
	json_put_integer(&json, gateway->current->number);
	json_name(&json, "foreign");
	foreign_json(foreign, hooks, &json);
	json_object_end(&json);
	text_addc(out, '\n');
}

/* "203.0.113.9 is banned until 2026-03-01T13:00:00.000000Z: too many tries" */
static void
add_ban(const struct ban *ban, struct text *out)
{
	char range[ADDRESS_RANGE_TEXT_BYTES], until[CLOCK_TEXT_BYTES];

	text_addf(
	    out, "%s is banned", address_range_format(&ban->range, range));
	clock_format(ban->until, until);
	if (ban->until != 0)
		text_addf(out, " until %s", until);
	if (ban->because[0] != '\0')
		text_addf(out, ": %s", ban->because);
}

/* A ban comes before the list: no rule was walked over. */
static int
explain_ban(const struct ban *ban, struct explanation *ret)
{
	struct text words = TEXT_EMPTY;

	*ret = (struct explanation){ 0 };
	arena_init(&ret->arena, (size_t)1 << 16);
	add_ban(ban, &words);
	ret->answer = (struct policy_answer){
		.verdict = POLICY_VERDICT_DROP,
		.phase = POLICY_PHASE_PACKET,
		.reason = arena_str(&ret->arena, text_str(&words)).at,
	};
	text_fini(&words);
	return ret->arena.full ? -ENOMEM : 0;
}

/* The ban that it meets; NULL: none. */
static const struct ban *
ban_of(const struct gateway *gateway, const struct flow *flow)
{
	const struct bans *bans = &gateway->bans.bans;
	const struct ban *ban = bans_cover(bans, flow->source);

	if (ban == NULL)
		ban = bans_cover(bans, flow->destination);
	return ban != NULL ? ban
			   : bans_cover(&gateway->caught.bans, flow->source);
}

static int
explain(const struct gateway *gateway, const struct flow *flow,
    struct explanation *ret)
{
	const struct ban *ban = ban_of(gateway, flow);

	return ban != NULL ? explain_ban(ban, ret)
			   : explain_flow(gateway->current->policy, flow, ret);
}

static int
answer(const struct gateway *gateway, const struct flow *flow,
    enum gateway_form form, struct text *out)
{
	struct explanation explanation;
	struct foreign foreign = FOREIGN_EMPTY;
	int rc = explain(gateway, flow, &explanation);

	if (rc == 0) {
		unsigned hooks = hooks_of(flow, &explanation);
		read_foreign(&explanation, &foreign);
		if (form == GATEWAY_JSON)
			add_json(gateway, &explanation, &foreign, hooks, out);
		else
			add_text(gateway, &explanation, &foreign, hooks,
			    form == GATEWAY_COLOUR, out);
	}
	foreign_fini(&foreign);
	explain_fini(&explanation);
	return rc;
}

static void
fill_in_time(struct flow *flow)
{
	if (flow->known[POLICY_FACT_TIME] != FLOW_NOT_GIVEN)
		return;
	flow->known[POLICY_FACT_TIME] = FLOW_KNOWN;
	flow->minute = hours_minute_of(clock_wall());
}

int
gateway_explain(struct gateway *gateway, struct str text,
    enum gateway_form form, struct text *out)
{
	struct source source = { .name = STR("flow"), .text = text };
	const struct generation *current = gateway->current;
	struct own_addresses own = { 0 };
	struct report report;
	struct arena arena;
	struct flow flow;

	report_init(&report);
	arena_init(&arena, (size_t)1 << 20);
	int rc = read_own(current, &own);
	struct policy_own known = { own.items, own.count };
	if (rc == 0)
		rc = flow_parse(
		    &source, current->policy, &known, &arena, &report, &flow);
	if (rc == 0) {
		fill_in_time(&flow);
		name_keeper_give(&gateway->names, &flow);
		rc = answer(gateway, &flow, form, out);
	}
	report_render(&report, form == GATEWAY_COLOUR, out);
	free(own.items);
	arena_fini(&arena);
	report_fini(&report);
	return rc;
}
