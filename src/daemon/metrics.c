/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/metrics: the snapshot of the gateway that console/metrics writes.
 */
#include "daemon/gateway.h"

#include "console/metrics.h"
#include "daemon/kernel_counters.h"
#include "daemon/process_facts.h"
#include "version.h"

#include <errno.h>
#include <unistd.h>

/* Where a rule speaks of one zone. */
static struct str
zone_of(const struct policy *policy, const struct policy_endpoint *endpoint)
{
	bool one = endpoint->zones != 0 &&
		   (endpoint->zones & (endpoint->zones - 1)) == 0;

	return one ? policy_zone_name(
			 policy, (uint8_t)__builtin_ctzll(endpoint->zones))
		   : (struct str){ NULL, 0 };
}

static void
take_rules(const struct gateway *gateway,
    const struct kernel_counters *counters, struct metrics_snapshot *snapshot)
{
	const struct policy *policy = gateway->current->policy;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		struct metrics_rule *one = &snapshot->rules[i];
		char name[FIREWALL_COUNTER_BYTES];

		firewall_counter_name(rule, name);
		const struct kernel_counter *counter =
		    kernel_counters_find(counters, name);
		*one = (struct metrics_rule){ .line = rule->line,
			.nth = rule->nth,
			.name = rule->label,
			.from = zone_of(policy, &rule->from),
			.to = zone_of(policy, &rule->to),
			.verdict = rule->report
				       ? "report"
				       : policy_verdict_word(rule->verdict) };
		if (counter != NULL)
			one->firewall =
			    (struct metrics_amount){ counter->packets,
				    counter->bytes };
		early_drop_counted(&gateway->early.drop, i, &one->early.packets,
		    &one->early.bytes);
	}
	snapshot->rule_count = policy->rule_count;
}

static void
take_lists(
    const struct generation *generation, struct metrics_snapshot *snapshot)
{
	const struct policy *policy = generation->policy;

	for (size_t i = 0; i < policy->group_count; i++) {
		const struct policy_group *group = policy->groups[i];

		if (!group->is_list)
			continue;
		const struct watched_list *watched =
		    list_watch_find(&generation->lists, group);
		snapshot->lists[snapshot->list_count++] =
		    (struct metrics_list){ .name = group->name,
			    .entries = group->entries,
			    .read = snapshot_find(
				&generation->snapshot, group->file)
					->read,
			    .has_problem =
				watched != NULL && watched->problem.len > 0 };
	}
}

static void
take_kernel(
    const struct kernel_counters *counters, struct metrics_snapshot *snapshot)
{
	for (const struct kernel_counter *one = counters->all; one != NULL;
	     one = one->next)
		if (!str_starts(one->name, STR("rule.")))
			snapshot->kernel[snapshot->kernel_count++] =
			    (struct metrics_kernel){ one->name,
				    { one->packets, one->bytes } };
}

static void
take_process(struct metrics_snapshot *snapshot, pid_t pid, const char *name)
{
	struct metrics_process *one =
	    &snapshot->processes[snapshot->process_count];

	if (process_facts_read(pid, name, one) == 0)
		snapshot->process_count++;
}

static void
take_state(struct gateway *gateway, struct metrics_snapshot *snapshot)
{
	int64_t values[COUNTER_CELLS] = { 0 };

	snapshot->version = GATEHOUSE_VERSION;
	snapshot->generation = gateway->current->number;
	snapshot->since = gateway->since;
	snapshot->proxy_answers = gateway->child.pid != 0 &&
				  child_count(&gateway->child, values) == 0;
	snapshot->counters_known =
	    gateway->child.pid == 0 || snapshot->proxy_answers;
	snapshot->proxy_starts = gateway->child.starts;
	snapshot->bans = gateway->bans.bans.count + gateway->caught.bans.count;
	snapshot->early_bans = early_drop_banned(&gateway->early.drop);
	snapshot->quotas = gateway->quotas.book.count;
	for (unsigned i = 0; i < COUNTER_CELLS; i++)
		snapshot->cells[i] = values[i] + counter_get_cell(i);
	take_process(snapshot, getpid(), "gatehoused");
	if (gateway->child.pid != 0)
		take_process(snapshot, gateway->child.pid, "gatehouse-proxy");
}

static size_t
count_kernel(const struct kernel_counters *counters)
{
	size_t count = 0;

	for (const struct kernel_counter *one = counters->all; one != NULL;
	     one = one->next)
		count++;
	return count;
}

/* One more than there may be: of nothing no memory is to be had. */
static int
find_room(struct arena *arena, const struct policy *policy, size_t kernel,
    struct metrics_snapshot *ret)
{
	ret->rules =
	    arena_alloc(arena, (policy->rule_count + 1) * sizeof(*ret->rules));
	ret->lists =
	    arena_alloc(arena, (policy->group_count + 1) * sizeof(*ret->lists));
	ret->kernel = arena_alloc(arena, (kernel + 1) * sizeof(*ret->kernel));
	return ret->rules == NULL || ret->lists == NULL || ret->kernel == NULL
		   ? -ENOMEM
		   : 0;
}

int
gateway_metrics(struct gateway *gateway, struct text *out)
{
	struct kernel_counters counters;
	struct metrics_snapshot snapshot = { 0 };

	kernel_counters_read(&counters);
	if (counters.all == NULL) { /* the ruleset always has some */
		kernel_counters_fini(&counters);
		return -EIO;
	}
	int rc = find_room(&counters.arena, gateway->current->policy,
	    count_kernel(&counters), &snapshot);
	if (rc == 0) {
		take_rules(gateway, &counters, &snapshot);
		take_lists(gateway->current, &snapshot);
		take_kernel(&counters, &snapshot);
		take_state(gateway, &snapshot);
		metrics_write(&snapshot, out);
	}
	kernel_counters_fini(&counters);
	return rc < 0 || out->full ? -ENOMEM : 0;
}
