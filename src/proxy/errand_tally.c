/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/errand_tally: the account of an errand, for what happens over time.
 *
 * On every request's way: no lock, no memory, no system call.
 */
#include "proxy/errand_impl.h"

#include "proxy/worker.h"

static bool
place_of(const struct proxy_generation *generation,
    const struct policy_rule *rule, struct tally_rule *ret)
{
	const struct policy *policy = generation->policy;

	if (rule == NULL)
		return false;
	*ret = (struct tally_rule){ generation->number,
		(uint32_t)(rule - policy->rules) };
	return rule >= policy->rules &&
	       rule < policy->rules + policy->rule_count;
}

static struct str
zone_name(const struct policy *policy, bool known, uint8_t zone)
{
	return !known || zone == ZONE_NONE ? STR("")
					   : policy_zone_name(policy, zone);
}

void
errand_tally(const struct errand *errand, enum policy_verdict verdict)
{
	const struct policy *policy = errand->generation->policy;
	const struct flow *flow = &errand->flow;
	bool known = flow->known[POLICY_FACT_DESTINATION] == FLOW_KNOWN;
	struct tally_flow told = {
		.name = flow->name,
		.client = errand->client.address,
		.zone_from = zone_name(policy, true, flow->from_zone),
		.zone_to = zone_name(policy, known, flow->to_zone),
		.refused = verdict != POLICY_VERDICT_ALLOW,
		.request = errand->account.method.len > 0,
		.hit = errand->account.hit,
		.bytes_in = errand->account.bytes_in,
		.bytes_out = errand->account.bytes_out,
		.saved = errand->account.saved,
	};

	told.has_rule =
	    place_of(errand->generation, errand->answer.rule, &told.rule);
	struct tally *tally = tally_slot_begin(&errand->worker->tally);
	tally_add(tally, &told);
	tally_slot_end(&errand->worker->tally, tally);
}

void
errand_tally_report(const struct errand *errand, const struct policy_rule *rule)
{
	struct tally_rule place;

	if (!place_of(errand->generation, rule, &place))
		return;
	struct tally *tally = tally_slot_begin(&errand->worker->tally);
	tally_add_rule(tally, &place, &(struct heavy_count){ .flows = 1 });
	tally_slot_end(&errand->worker->tally, tally);
}
