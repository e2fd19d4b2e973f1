/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/status.h"

#include "base/json.h"
#include "daemon/capabilities.h"
#include "daemon/gateway.h"
#include "daemon/kernel_counters.h"
#include "daemon/policies.h"
#include "firewall/foreign.h"
#include "proxy/limits.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* How many the proxy decided by the rule, since it stands in the policy. */
static int64_t
proxy_flows(const struct gateway *gateway, size_t at)
{
	const struct rule_hits *hits = &gateway->tally.hits;

	return at < hits->count ? (int64_t)hits->items[at].flows : 0;
}

static void
write_rule(struct json *json, const struct gateway *gateway,
    const struct kernel_counters *counters, size_t at)
{
	const struct policy_rule *rule = &gateway->current->policy->rules[at];
	char name[FIREWALL_COUNTER_BYTES];
	uint64_t packets, bytes;

	firewall_counter_name(rule, name);
	const struct kernel_counter *counter =
	    kernel_counters_find(counters, name);
	early_drop_counted(&gateway->early.drop, at, &packets, &bytes);
	packets += counter != NULL ? counter->packets : 0;
	bytes += counter != NULL ? counter->bytes : 0;
	json_object_begin(json);
	json_name(json, "line");
	json_put_integer(json, rule->line);
	json_name(json, "name");
	json_put_string(json, rule->label);
	json_name(json, "text");
	json_put_string(json, rule->text);
	json_name(json, "packets");
	json_put_integer(json, (int64_t)packets);
	json_name(json, "bytes");
	json_put_integer(json, (int64_t)bytes);
	json_name(json, "flows");
	json_put_integer(json, proxy_flows(gateway, at));
	json_object_end(json);
}

/* What was refused early counts where the ruleset would have counted it. */
static int64_t
count_of(const struct gateway *gateway, const struct kernel_counter *counter)
{
	uint64_t early = str_is(counter->name, "ban")
			     ? early_drop_banned(&gateway->early.drop)
			     : 0;

	return (int64_t)(counter->packets + early);
}

static void
write_kernel(struct json *json, const struct gateway *gateway)
{
	const struct policy *policy = gateway->current->policy;
	struct kernel_counters counters;

	kernel_counters_read(&counters);
	json_name(json, "rules");
	json_array_begin(json);
	for (size_t i = 0; i < policy->rule_count; i++)
		write_rule(json, gateway, &counters, i);
	json_array_end(json);
	json_name(json, "kernel");
	json_object_begin(json);
	for (const struct kernel_counter *one = counters.all; one != NULL;
	     one = one->next) {
		if (str_starts(one->name, STR("rule.")))
			continue;
		json_name(json, one->name.at);
		json_put_integer(json, count_of(gateway, one));
	}
	json_object_end(json);
	kernel_counters_fini(&counters);
}

/* Whether it answers. */
static bool
write_proxy(struct json *json, struct gateway *gateway)
{
	int64_t values[COUNTER_CELLS] = { 0 };
	bool answers = gateway->child.pid != 0 &&
		       child_count(&gateway->child, values) == 0;

	json_name(json, "proxy");
	json_object_begin(json);
	json_name(json, "pid");
	json_put_integer(json, gateway->child.pid);
	json_name(json, "answers");
	json_put_bool(json, answers);
	json_name(json, "starts");
	json_put_integer(json, gateway->child.starts);
	json_object_end(json);
	json_name(json, "counters");
	json_object_begin(json);
	for (unsigned i = 0; i < COUNTER_COUNT; i++) {
		json_name(json, counter_name((enum counter)i));
		json_put_integer(
		    json, values[i] + counter_get((enum counter)i));
	}
	json_object_end(json);
	return answers;
}

/* "problem" is why the file on the disk is not what is in force. */
static void
write_list(struct json *json, const struct generation *generation,
    const struct policy_group *group)
{
	const struct snapshot_file *file =
	    snapshot_find(&generation->snapshot, group->file);
	const struct watched_list *watched =
	    list_watch_find(&generation->lists, group);
	char read[CLOCK_TEXT_BYTES];

	clock_format(file->read, read);
	json_object_begin(json);
	json_name(json, "name");
	json_put_string(json, group->name);
	json_name(json, "file");
	json_put_string(json, group->file);
	json_name(json, "entries");
	json_put_integer(json, (int64_t)group->entries);
	json_name(json, "read");
	json_put_stringz(json, read);
	json_name(json, "refresh");
	if (watched != NULL)
		json_put_integer(json, group->refresh / CLOCK_SECOND);
	else
		json_put_null(json);
	json_name(json, "problem");
	json_put_stringz(json, watched != NULL && watched->problem.len > 0
				   ? watched->problem.at
				   : NULL);
	json_object_end(json);
}

static void
write_lists(struct json *json, const struct generation *generation)
{
	const struct policy *policy = generation->policy;

	json_name(json, "lists");
	json_array_begin(json);
	for (size_t i = 0; i < policy->group_count; i++)
		if (policy->groups[i]->is_list)
			write_list(json, generation, policy->groups[i]);
	json_array_end(json);
}

static void
write_foreign(struct json *json)
{
	struct foreign foreign;

	json_name(json, "foreign");
	if (foreign_read(&foreign) == 0)
		foreign_json(&foreign, ~0u, json);
	else
		json_put_null(json);
	foreign_fini(&foreign);
}

static void
write_last_good(struct json *json, const struct last_good *good)
{
	char since[CLOCK_TEXT_BYTES];

	json_name(json, "last_good");
	if (good->dir == NULL && good->problem.len == 0) {
		json_put_null(json);
		return;
	}
	clock_format(good->kept, since);
	json_object_begin(json);
	json_name(json, "folder");
	json_put_stringz(json, good->dir);
	json_name(json, "since");
	json_put_stringz(json, good->kept != 0 ? since : NULL);
	json_name(json, "problem");
	json_put_stringz(json, good->problem.len > 0 ? good->problem.at : NULL);
	json_object_end(json);
}

/* What a proxy has said is of none that runs no more; and it has no
 * capability, or it would not have begun. */
static void
write_sandbox(struct json *json, const struct gateway *gateway)
{
	json_name(json, "sandbox");
	json_object_begin(json);
	json_name(json, "proxy");
	if (gateway->child.pid != 0)
		sandbox_json(&gateway->child.sandbox, 0, json);
	else
		json_put_null(json);
	json_name(json, "daemon");
	sandbox_json(&gateway->sandbox, capabilities_now(), json);
	json_object_end(json);
}

struct pins_writer {
	struct json *json;
	const struct policy *policy;
};

/* A proxy that is about to change over may speak of zones of another policy. */
static void
write_pins(void *context, const struct channel_pins *pins)
{
	const struct pins_writer *writer = context;
	struct json *json = writer->json;

	for (uint32_t i = 0; i < pins->count; i++) {
		if (pins->items[i].zone >= writer->policy->zone_count)
			continue;
		json_object_begin(json);
		json_name(json, "zone");
		json_put_string(
		    json, writer->policy->zones[pins->items[i].zone].name);
		json_name(json, "name");
		json_put_stringz(json, pins->items[i].name);
		json_name(json, "seconds");
		json_put_integer(json, pins->items[i].seconds);
		json_object_end(json);
	}
}

static void
write_pinned(struct json *json, struct gateway *gateway, bool answers)
{
	struct pins_writer writer = { json, gateway->current->policy };

	json_name(json, "pinned");
	if (!writer.policy->inspects) {
		json_put_null(json);
		return;
	}
	json_object_begin(json);
	json_name(json, "max");
	json_put_integer(json, PROXY_PINS_MAX);
	json_name(json, "entries");
	json_array_begin(json);
	if (answers)
		(void)child_list_pins(&gateway->child, write_pins, &writer);
	json_array_end(json);
	json_object_end(json);
}

void
status_write(struct policies *policies, struct text *out)
{
	struct gateway *gateway = policies->gateway;
	struct json json = JSON_ON(out);
	char since[CLOCK_TEXT_BYTES];

	clock_format(gateway->since, since);
	json_object_begin(&json);
	json_name(&json, "policy");
	json_put_stringz(&json, gateway->current->path);
	json_name(&json, "generation");
	json_put_integer(&json, gateway->current->number);
	json_name(&json, "since");
	json_put_stringz(&json, since);
	json_name(&json, "pid");
	json_put_integer(&json, getpid());
	bool answers = write_proxy(&json, gateway);
	if (answers && gateway->tally.is_open)
		tally_keeper_refresh(&gateway->tally);
	json_name(&json, "pam");
	pam_keeper_json(&gateway->pam, &json);
	write_sandbox(&json, gateway);
	write_last_good(&json, &policies->last_good);
	json_name(&json, "fallback");
	fallback_json(&policies->fallback, &json);
	json_name(&json, "confirmation");
	confirmation_json(&policies->confirmation, &json);
	write_lists(&json, gateway->current);
	json_name(&json, "journal");
	journal_keeper_json(&gateway->journal, answers, &json);
	json_name(&json, "bans");
	json_put_integer(&json,
	    (int64_t)(gateway->bans.bans.count + gateway->caught.bans.count));
	json_name(&json, "names");
	json_put_integer(&json, (int64_t)gateway->names.names.count);
	write_pinned(&json, gateway, answers);
	write_kernel(&json, gateway);
	json_name(&json, "early_drop");
	early_drop_json(&gateway->early.drop, &json);
	write_foreign(&json);
	json_object_end(&json);
	text_addc(out, '\n');
}
