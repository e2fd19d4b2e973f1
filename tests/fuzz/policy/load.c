/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy from any bytes.  What stands behind the first two NULs is the
 * content of every list.  Besides not crashing:
 * - a policy comes out exactly if no error is reported;
 * - every finding points into a text, and the report can be shown;
 * - each rule has a line of the policy, none before the one above it, and the
 *   last one is built in and decides everything;
 * - the policy's own tests can be run, and its rules be described.
 */
#include "policy/analyse.h"
#include "policy/describe.h"
#include "policy/explain.h"
#include "policy/trial.h"

#include "base/must.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	struct str policy;
	struct str list;
};

static int
read_input(void *context, const char *path, size_t bytes_max, struct text *ret)
{
	const struct input *input = context;

	text_clear(ret);
	if (strcmp(path, "missing") == 0)
		return -ENOENT;
	struct str s = strcmp(path, "p") == 0 ? input->policy : input->list;
	if (s.len > bytes_max)
		return -EFBIG;
	text_add(ret, s);
	return 0;
}

static struct input
cut_input(const uint8_t *data, size_t size)
{
	struct str all = { (const char *)data, size };

	for (size_t i = 0; i + 1 < size; i++)
		if (data[i] == 0 && data[i + 1] == 0)
			return (struct input){ { all.at, i },
				str_skip(all, i + 2) };
	return (struct input){ all, { NULL, 0 } };
}

static void
check_report(const struct report *report)
{
	struct text out = TEXT_EMPTY;
	struct json json = JSON_ON(&out);

	for (size_t i = 0; i < report->count; i++) {
		struct place place = report->items[i].place;
		if (place.source == NULL)
			continue;
		must(place.at <= place.source->text.len);
		must(place.len <= place.source->text.len - place.at);
		must(report->items[i].message.len > 0);
	}
	report_render(report, true, &out);
	report_json(report, REPORT_ERROR, &json);
	text_fini(&out);
}

static void
check_rules(const struct policy *policy)
{
	struct text out = TEXT_EMPTY;
	uint32_t line = 1;

	must(policy->rule_count > 0);
	for (size_t i = 0; i + 1 < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		must(rule->line >= line);
		must(rule->line == place_line(rule->place).line);
		line = rule->line;
		describe_rule(rule, &out);
		describe_endpoint(policy, &rule->from, &out);
		describe_endpoint(policy, &rule->to, &out);
		describe_services(&rule->services, &out);
		text_clear(&out);
	}
	must(policy->rules[policy->rule_count - 1].line == 0);
	text_fini(&out);
}

static void
check_cases(const struct policy *policy, struct report *report)
{
	for (size_t i = 0; i < policy->case_count; i++) {
		struct explanation explanation;
		must(explain_flow(
			 policy, &policy->cases[i].flow, &explanation) == 0);
		explain_fini(&explanation);
	}
	struct trial trial = policy_try(policy, report);
	must(trial.passed + trial.failed == policy->case_count);
	must(trial.failed == report->errors);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = cut_input(data, size);
	struct policy_loader loader = { .read = read_input, .context = &input };
	struct policy *policy = NULL, *kept = NULL;
	struct report report;

	report_init(&report);
	int rc = policy_load("p", &loader, &report, &policy, &kept);
	must((rc == 0) == (report.errors == 0));
	if (rc == 0) {
		must(policy != NULL && kept == NULL);
		check_rules(policy);
		policy_analyse(policy, &report);
		check_cases(policy, &report);
	}
	report_sort(&report);
	check_report(&report);
	report_fini(&report);
	policy_unref(policy);
	policy_unref(kept);
	return 0;
}
