/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/event_policy.h"

#include "base/clock.h"
#include "cli/control_client.h"
#include "cli/member.h"
#include "cli/running.h"
#include "policy/policy.h"

#include <inttypes.h>

/* NULL where no gateway is, or it does not know the answer. */
static json_t *
ask(const char *runtime, const char *question)
{
	struct text answer = TEXT_EMPTY;
	struct control_fds none = { 0 };
	enum status status;
	json_t *root = NULL;

	if (control_ask_fds(runtime, question, &status, &answer, &none) &&
	    status == STATUS_GOOD)
		root = json_loadb(answer.at, answer.len, 0, NULL);
	control_fds_fini(&none);
	text_fini(&answer);
	return root;
}

/* The policy's rule with the event's line, if it has its verdict and name: or
 * the policy is another one. */
static const struct policy_rule *
find_rule(const struct policy *policy, const json_t *event)
{
	struct str verdict = member_string(event, "verdict");
	struct str name = member_inner_string(event, "rule", "name");
	int64_t line = member_inner_number(event, "rule", "line");

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		if (rule->line == line && str_eq(rule->label, name) &&
		    (rule->report ||
			str_is(verdict, policy_verdict_word(rule->verdict)) ||
			rule->verdict == POLICY_VERDICT_ALLOW))
			return rule;
	}
	return NULL;
}

static void
read_rule(struct running *running, const json_t *event, struct text *ret)
{
	struct policy *policy = running_read(running);
	const struct policy_rule *rule =
	    policy != NULL ? find_rule(policy, event) : NULL;

	if (rule != NULL)
		text_add(ret, rule->text);
	policy_unref(policy);
}

/* The id of the policy that came into force last before the event, or -1. */
static int64_t
find_kept(const json_t *history, int64_t time)
{
	const json_t *policy;
	int64_t best = -1, best_began = INT64_MIN, began;
	size_t i;

	json_array_foreach(json_object_get(history, "policies"), i, policy)
	{
		if (clock_parse(member_string(policy, "began"), &began) < 0 ||
		    began > time || began < best_began)
			continue;
		best_began = began;
		best = member_number(policy, "id");
	}
	return best;
}

static void
read_kept(const char *runtime, const json_t *event, int64_t time,
    struct event_policy *ret)
{
	struct running running = RUNNING_EMPTY;
	json_t *history = ask(runtime, "history");
	int64_t id = find_kept(history, time);

	json_decref(history);
	if (id < 0)
		return;
	text_addf(&ret->history, "%" PRId64, id);
	if (running_get_kept(runtime, ret->history.at, &running))
		read_rule(&running, event, &ret->rule);
	running_fini(&running);
}

static void
read_running(const char *runtime, const json_t *event, struct event_policy *ret)
{
	struct running running = RUNNING_EMPTY;

	if (running_get(runtime, &running))
		read_rule(&running, event, &ret->rule);
	running_fini(&running);
}

void
event_policy_ask(
    const char *runtime, const json_t *event, struct event_policy *ret)
{
	json_t *status = ask(runtime, "status");
	int64_t time;

	*ret = EVENT_POLICY_EMPTY;
	ret->generation = member_number(status, "generation");
	ret->is_known =
	    clock_parse(member_string(status, "since"), &ret->since) == 0 &&
	    clock_parse(member_string(event, "time"), &time) == 0;
	json_decref(status);
	if (!ret->is_known)
		return;
	ret->has_changed = time < ret->since;
	if (member_inner_number(event, "rule", "line") < 0)
		return;
	if (ret->has_changed)
		read_kept(runtime, event, time, ret);
	else
		read_running(runtime, event, ret);
}

void
event_policy_fini(struct event_policy *policy)
{
	text_fini(&policy->rule);
	text_fini(&policy->history);
	*policy = EVENT_POLICY_EMPTY;
}
