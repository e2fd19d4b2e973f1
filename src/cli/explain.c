/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include "policy/describe.h"
#include "policy/explain.h"
#include "policy/flow_text.h"

#include "base/vec.h"

#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const match_words[] = {
	[POLICY_MATCH_NO] = "no",
	[POLICY_MATCH_MIGHT] = "might",
	[POLICY_MATCH_YES] = "match",
};

/*
 * On the gateway itself the host knows which addresses are its own.  Elsewhere
 * (a laptop, CI) its addresses mean nothing, so they count only if one of the
 * policy's interfaces is here.
 */
struct own_addresses {
	struct address *items;
	size_t count, room;
};

static bool
is_policy_interface(const struct policy *policy, const char *name)
{
	for (uint8_t i = 0; i < policy->zone_count; i++)
		for (size_t j = 0; j < policy->zones[i].interface_count; j++)
			if (str_is(policy->zones[i].interfaces[j], name))
				return true;
	return false;
}

static bool
is_gateway(const struct policy *policy, const struct ifaddrs *one)
{
	while (one != NULL && !is_policy_interface(policy, one->ifa_name))
		one = one->ifa_next;
	return one != NULL;
}

/* Those of interfaces in no zone end at the gateway as well. */
static void
read_own_addresses(const struct policy *policy, struct own_addresses *own)
{
	struct ifaddrs *all;

	if (getifaddrs(&all) < 0)
		return;
	const struct ifaddrs *one = is_gateway(policy, all) ? all : NULL;
	for (; one != NULL; one = one->ifa_next) {
		if (one->ifa_addr == NULL)
			continue;
		struct address_port at = address_from_sockaddr(one->ifa_addr);
		if (at.address.family != ADDRESS_NONE)
			(void)VEC_ADD(own, at.address);
	}
	freeifaddrs(all);
}

static void
json_rule(struct json *json, const struct policy_rule *rule)
{
	if (rule == NULL || rule->line == 0) {
		json_put_null(json);
		return;
	}
	json_object_begin(json);
	json_name(json, "line");
	json_put_integer(json, rule->line);
	json_name(json, "name");
	json_put_string(json, rule->label);
	json_object_end(json);
}

static void
json_path(struct json *json, const struct explanation *explanation)
{
	json_array_begin(json);
	for (size_t i = 0; i < explanation->steps.count; i++) {
		const struct explanation_step *step =
		    &explanation->steps.items[i];
		json_object_begin(json);
		json_name(json, "rule");
		json_rule(json, step->rule);
		json_name(json, "text");
		json_put_string(json, step->rule->text);
		json_name(json, "match");
		json_put_stringz(json, match_words[step->match]);
		json_name(json, "because");
		json_put_string(json, step->because);
		json_object_end(json);
	}
	json_array_end(json);
}

static void
print_json(const struct explanation *explanation)
{
	const struct policy_answer *answer = &explanation->answer;
	bool undecided = answer->verdict == POLICY_VERDICT_UNDECIDED;
	struct text out = TEXT_EMPTY;
	struct json json = JSON_ON(&out);

	json_object_begin(&json);
	json_name(&json, "verdict");
	json_put_stringz(&json, policy_verdict_word(answer->verdict));
	json_name(&json, "phase");
	json_put_stringz(&json, policy_phase_word(answer->phase));
	json_name(&json, "enforcer");
	json_put_stringz(&json, explanation->by_proxy ? "proxy" : "firewall");
	json_name(&json, "rule");
	json_rule(&json, answer->rule);
	json_name(&json, "reason");
	json_put_stringz(&json, answer->reason);
	json_name(&json, "hangs_on");
	json_put_stringz(
	    &json, undecided ? policy_fact_word(answer->hangs_on) : NULL);
	json_name(&json, "path");
	json_path(&json, explanation);
	json_object_end(&json);
	text_addc(&out, '\n');
	print_text(&out);
	text_fini(&out);
}

static void
print_verdict(const struct explanation *explanation)
{
	static const char *const colours[] = { "\033[1;32m", "\033[1;31m",
		"\033[1;31m", "\033[1;33m" };
	const struct policy_answer *answer = &explanation->answer;
	bool colour = colour_wanted(STDOUT_FILENO);
	struct text out = TEXT_EMPTY;

	text_addf(&out, "%s%s%s", colour ? colours[answer->verdict] : "",
	    policy_verdict_word(answer->verdict), colour ? "\033[0m" : "");
	if (answer->verdict == POLICY_VERDICT_UNDECIDED)
		text_addf(&out, ": it hangs on the %s, which is not given\n",
		    policy_fact_word(answer->hangs_on));
	else
		text_addf(&out, " by the %s in phase %s: ",
		    explanation->by_proxy ? "proxy" : "firewall",
		    policy_phase_word(answer->phase));
	if (answer->rule != NULL)
		describe_rule(answer->rule, &out);
	else if (answer->reason != NULL)
		text_addz(&out, answer->reason);
	if (answer->verdict != POLICY_VERDICT_UNDECIDED)
		text_addc(&out, '\n');
	print_text(&out);
	text_fini(&out);
}

static void
print_step(const struct explanation_step *step)
{
	if (step->rule->line == 0)
		(void)printf("\n  last   %.*s\n", STR_ARG(step->rule->text));
	else
		(void)printf("\n  %-5u  %.*s\n", step->rule->line,
		    STR_ARG(step->rule->text));
	if (step->match == POLICY_MATCH_YES)
		(void)puts(step->rule->report
			       ? "         matches, reports, goes on"
			       : "         matches");
	else
		(void)printf("         %s: %.*s\n",
		    step->match == POLICY_MATCH_NO ? "no" : "might",
		    STR_ARG(step->because));
}

static enum status
explain_text(const struct policy *policy, const char *text, bool json)
{
	struct source source = { .name = STR("flow"), .text = str_of(text) };
	struct own_addresses own = { 0 };
	struct explanation explanation;
	struct report report;
	struct arena arena;
	struct flow flow;

	report_init(&report);
	arena_init(&arena, (size_t)1 << 20);
	read_own_addresses(policy, &own);
	struct policy_own known = { own.items, own.count };
	int rc = flow_parse(&source, policy, &known, &arena, &report, &flow);
	if (rc < 0) {
		print_report(&report);
	} else if (explain_flow(policy, &flow, &explanation) == 0) {
		if (json)
			print_json(&explanation);
		else
			print_verdict(&explanation);
		for (size_t i = 0; !json && i < explanation.steps.count; i++)
			print_step(&explanation.steps.items[i]);
		explain_fini(&explanation);
	}
	free(own.items);
	arena_fini(&arena);
	report_fini(&report);
	return rc < 0 ? STATUS_USAGE : STATUS_GOOD;
}

static enum status
explain(const struct options *options)
{
	struct policy *policy = NULL, *kept = NULL;
	enum status status = STATUS_NO;
	struct report report;

	report_init(&report);
	if (policy_load(
		options->words[0], &policy_files, &report, &policy, &kept) == 0)
		status = explain_text(policy, options->words[1], options->json);
	else
		print_report(&report);
	if (kept != NULL && kept->source.text.at == NULL)
		status = STATUS_WORLD;
	report_fini(&report);
	policy_unref(policy);
	policy_unref(kept);
	return status;
}

const struct command command_explain = {
	.name = "explain",
	.usage = "[--json] FILE 'FLOW'",
	.summary = "say what becomes of a flow, and why",
	.help =
	    "Gives the verdict, who enforces it (firewall or proxy), in which\n"
	    "phase and by which rule, and for every rule above that one why "
	    "it\n"
	    "did not match. Nothing is sent and nothing asked of the network.\n"
	    "\n"
	    "FLOW is\n"
	    "\n"
	    "  [ZONE] SOURCE -> [ZONE] DESTINATION [PROTOCOL [PORT]] [FACT "
	    "...]\n"
	    "\n"
	    "where DESTINATION is an address, self, a domain or a URL, and "
	    "FACT\n"
	    "is `address A` (what the name resolves to), `method M`, "
	    "`user U`,\n"
	    "`header NAME VALUE`, `type T` (of the answer), `at mon 09:30`, "
	    "or\n"
	    "`explicit` (asked of the explicit proxy).\n"
	    "\n"
	    "  gatehouse explain office.policy "
	    "'lan 10.0.0.4 -> https://example.com/'\n"
	    "  gatehouse explain office.policy "
	    "'guest 10.0.9.4 -> 10.0.0.200 tcp 9100'\n"
	    "  gatehouse explain office.policy "
	    "'lan 10.0.0.4 -> example.com tcp 25 explicit'\n"
	    "\n"
	    "Status 0: answered, whatever the verdict. 1: the policy is "
	    "refused.\n"
	    "2: the flow is not understood. 3: FILE cannot be read.\n",
	.takes = OPTION_JSON,
	.words_min = 2,
	.words_max = 2,
	.run = explain,
};
