/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/tally_kernel.h"

#include "daemon/kernel_counters.h"
#include "daemon/rule_hits.h"
#include "event/tally.h"
#include "firewall/compile.h"
#include "firewall/early_drop.h"
#include "firewall/log_prefix.h"
#include "firewall/packet.h"

#include <stdlib.h>

/* Lines beyond are taken for such as are not paired. */
#define LINES_MAX ((size_t)1 << 20)

/* Counters of what is refused by no rule. */
static const char *const own_refusals[] = { "ban", "handover.lost", "limited",
	"misrouted", "needs.proxy", "no.zone", "spoofed" };

#define OWN_REFUSALS (sizeof(own_refusals) / sizeof(own_refusals[0]))

_Static_assert(OWN_REFUSALS <= TALLY_KERNEL_OWN_MAX, "there is room");

void
tally_kernel_fini(struct tally_kernel *kernel)
{
	free(kernel->is_paired);
	*kernel = (struct tally_kernel){ 0 };
}

/* ---- zone pairs ---- */

static bool
is_one_zone(const struct policy_endpoint *endpoint)
{
	return endpoint->zones != 0 && endpoint->own == 0 &&
	       endpoint->group_count == 0 &&
	       (endpoint->zones & (endpoint->zones - 1)) == 0;
}

static bool
is_paired(const struct policy_rule *rule)
{
	return is_one_zone(&rule->from) && is_one_zone(&rule->to);
}

static struct str
zone_of(const struct policy *policy, const struct policy_endpoint *endpoint)
{
	return policy_zone_name(
	    policy, (uint8_t)__builtin_ctzll(endpoint->zones));
}

void
tally_kernel_follow(struct tally_kernel *kernel, const struct policy *policy)
{
	size_t last = 0;

	free(kernel->is_paired);
	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].line > last &&
		    policy->rules[i].line < LINES_MAX)
			last = policy->rules[i].line;
	kernel->is_paired = malloc((last + 1) * sizeof(*kernel->is_paired));
	kernel->line_count = kernel->is_paired != NULL ? last + 1 : 0;
	for (size_t i = 0; i < kernel->line_count; i++)
		kernel->is_paired[i] = i > 0;
	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].line < kernel->line_count &&
		    !is_paired(&policy->rules[i]))
			kernel->is_paired[policy->rules[i].line] = false;
}

/* ---- counters ---- */

static bool
is_refusal(const struct policy_rule *rule)
{
	return rule->verdict != POLICY_VERDICT_ALLOW;
}

static void
note(struct tally_kernel *kernel, size_t at, struct heavy_count more)
{
	const struct policy *policy = kernel->hits->policy;
	const struct policy_rule *rule = &policy->rules[at];
	struct tally *news = kernel->news;
	char room[TALLY_PAIR_BYTES];

	if (more.flows == 0)
		return;
	if (is_refusal(rule) && !rule->report)
		more.refused = more.flows;
	heavy_add(&news->kinds[TALLY_RULES],
	    rule_hit_key(&kernel->hits->items[at]), &more);
	if (rule->report)
		return;
	/* Of a flow that is allowed these are the bytes of its beginning. */
	if (!is_refusal(rule))
		more.bytes_in = 0;
	news->point
	    .figures[is_refusal(rule) ? SERIES_REFUSED : SERIES_ALLOWED] +=
	    more.flows;
	if (is_paired(rule))
		heavy_add(&news->kinds[TALLY_PAIRS],
		    tally_pair_key(zone_of(policy, &rule->from),
			zone_of(policy, &rule->to), room),
		    &more);
}

static void
look_at_rule(struct tally_kernel *kernel,
    const struct kernel_counters *counters, size_t at, int64_t wall)
{
	struct rule_hits *hits = kernel->hits;
	struct rule_amount now[RULE_COUNTER_COUNT] = { 0 };
	struct rule_amount *early = &now[RULE_COUNTER_EARLY];
	char name[FIREWALL_COUNTER_BYTES];

	firewall_counter_name(&hits->policy->rules[at], name);
	const struct kernel_counter *one = kernel_counters_find(counters, name);
	if (one != NULL)
		now[RULE_COUNTER_RULESET] =
		    (struct rule_amount){ one->packets, one->bytes };
	early_drop_counted(kernel->early, at, &early->packets, &early->bytes);
	note(kernel, at, rule_hits_see(hits, &hits->items[at], now, wall));
}

/* The figure grows by what is more than was seen. */
static void
add_more(struct tally_kernel *kernel, enum series_figure figure, uint64_t now,
    uint64_t *seen)
{
	kernel->news->point.figures[figure] +=
	    rule_hits_difference(now, *seen, kernel->hits->anew);
	*seen = now;
}

static void
look_at_own(struct tally_kernel *kernel, const struct kernel_counters *counters,
    size_t at)
{
	const struct kernel_counter *one =
	    kernel_counters_find(counters, own_refusals[at]);

	add_more(kernel, SERIES_REFUSED, one != NULL ? one->packets : 0,
	    &kernel->own[at]);
}

/* Of what the kernel itself has passed on. */
static void
look_at_bytes(
    struct tally_kernel *kernel, const struct kernel_counters *counters)
{
	static const struct {
		const char *name;
		enum series_figure figure;
	} rows[TALLY_KERNEL_WAYS] = {
		{ "forwarded.in", SERIES_BYTES_IN },
		{ "forwarded.out", SERIES_BYTES_OUT },
	};

	for (size_t i = 0; i < TALLY_KERNEL_WAYS; i++) {
		const struct kernel_counter *one =
		    kernel_counters_find(counters, rows[i].name);
		add_more(kernel, rows[i].figure, one != NULL ? one->bytes : 0,
		    &kernel->bytes[i]);
	}
}

void
tally_kernel_look(struct tally_kernel *kernel, int64_t wall)
{
	struct rule_hits *hits = kernel->hits;
	struct kernel_counters counters;

	if (hits->policy == NULL)
		return;
	kernel_counters_read(&counters);
	/* The ruleset always has some: else they could not be read. */
	for (size_t i = 0; counters.all != NULL && i < hits->count; i++)
		look_at_rule(kernel, &counters, i, wall);
	for (size_t i = 0; counters.all != NULL && i < OWN_REFUSALS; i++)
		look_at_own(kernel, &counters, i);
	if (counters.all != NULL) {
		look_at_bytes(kernel, &counters);
		add_more(kernel, SERIES_REFUSED,
		    early_drop_banned(kernel->early), &kernel->early_bans);
		hits->anew = false;
	}
	kernel_counters_fini(&counters);
}

/* ---- packets ---- */

void
tally_kernel_see(struct tally_kernel *kernel, const struct log_prefix *prefix,
    const struct packet *packet)
{
	bool refused = prefix->verdict != POLICY_VERDICT_ALLOW;
	/* What is allowed tells all of its bytes at its end. */
	struct heavy_count one = { 1, refused, refused ? packet->bytes : 0, 0 };
	struct str client = tally_client_key(&packet->source);
	char room[TALLY_PAIR_BYTES];

	if (kernel->news == NULL || prefix->reason == POLICY_REASON_REPORT)
		return;
	struct heavy *kinds = kernel->news->kinds;
	heavy_add(&kinds[TALLY_CLIENTS], client, &one);
	if (refused)
		heavy_add(&kinds[TALLY_REFUSED], client, &one);
	/* Of others the rule's counter tells. */
	if (prefix->rule_line >= kernel->line_count ||
	    !kernel->is_paired[prefix->rule_line])
		heavy_add(&kinds[TALLY_PAIRS],
		    tally_pair_key(prefix->zone_from, prefix->zone_to, room),
		    &one);
}
