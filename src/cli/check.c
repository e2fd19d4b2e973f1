/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/certificates.h"
#include "cli/command.h"

#include "daemon/interfaces.h"
#include "daemon/pam_service.h"
#include "policy/analyse.h"
#include "policy/analyse_return.h"
#include "policy/trial.h"

#include <stdio.h>

static void
print_json(bool ok, bool with_notes, const struct report *report,
    const struct trial *trial)
{
	struct text out = TEXT_EMPTY;
	struct json json = JSON_ON(&out);

	json_object_begin(&json);
	json_name(&json, "ok");
	json_put_bool(&json, ok);
	json_name(&json, "errors");
	report_json(report, REPORT_ERROR, &json);
	json_name(&json, "warnings");
	report_json(report, REPORT_WARNING, &json);
	if (with_notes) {
		json_name(&json, "notes");
		report_json(report, REPORT_NOTE, &json);
	}
	json_name(&json, "tests");
	json_object_begin(&json);
	json_name(&json, "passed");
	json_put_integer(&json, (int64_t)trial->passed);
	json_name(&json, "failed");
	json_put_integer(&json, (int64_t)trial->failed);
	json_object_end(&json);
	json_object_end(&json);
	text_addc(&out, '\n');
	print_text(&out);
	text_fini(&out);
}

static void
print_summary(const char *path, const struct policy *policy,
    const struct report *report, const struct trial *trial)
{
	if (report->errors > 0) {
		(void)printf("%s: %zu error%s", path, report->errors,
		    report->errors == 1 ? "" : "s");
	} else {
		(void)printf("%s: good: %zu rule%s, %u zone%s", path,
		    policy->rule_count - 1,
		    policy->rule_count - 1 == 1 ? "" : "s", policy->zone_count,
		    policy->zone_count == 1 ? "" : "s");
	}
	if (report->warnings > 0)
		(void)printf(", %zu warning%s", report->warnings,
		    report->warnings == 1 ? "" : "s");
	if (trial->passed + trial->failed > 0)
		(void)printf("; tests: %zu passed, %zu failed", trial->passed,
		    trial->failed);
	(void)putchar('\n');
}

static enum status
check(const struct options *options)
{
	const char *path = options->words[0];
	struct policy *policy = NULL, *kept = NULL;
	struct trial trial = { 0, 0 };
	struct report report;

	report_init(&report);
	int rc = policy_load(path, &policy_files, &report, &policy, &kept);
	if (rc == 0) {
		certificates_check(policy, &report);
		policy_analyse(policy, &report);
		(void)policy_analyse_list(policy, options->verbose, &report);
		if (options->verbose)
			analyse_return(policy, &report);
		interfaces_check(policy, &report);
		pam_service_check(policy, &report);
		trial = policy_try(policy, &report);
	}
	report_sort(&report);
	if (options->json) {
		print_json(
		    report.errors == 0, options->verbose, &report, &trial);
	} else {
		print_report(&report);
		print_summary(path, policy, &report, &trial);
	}
	enum status status = report.errors == 0 ? STATUS_GOOD
			     : kept != NULL && kept->source.text.at == NULL
				 ? STATUS_WORLD
				 : STATUS_NO;
	report_fini(&report);
	policy_unref(policy);
	policy_unref(kept);
	return status;
}

const struct command command_check = {
	.name = "check",
	.usage = "[--json] [--verbose] FILE",
	.summary = "read a policy, look for mistakes, run its tests",
	.help =
	    "Reads the policy and every list it names, reports all errors at\n"
	    "once with their places, warns of what is probably not meant (a\n"
	    "name that nothing uses, a condition that can never be seen, a\n"
	    "rule that never matches, and the rules that take all of it, a\n"
	    "rule whose removal would change nothing, an interface that is "
	    "not\n"
	    "there), and runs the policy's own test blocks. Changes nothing\n"
	    "and needs no privilege.\n"
	    "\n"
	    "  -v, --verbose  notes as well: where rules that refuse and "
	    "rules\n"
	    "                 that allow overlap, and which zones lack a "
	    "masquerade\n"
	    "\n"
	    "  gatehouse check office.policy\n"
	    "  gatehouse check --json office.policy | jq .warnings\n"
	    "\n"
	    "Status 0: good, perhaps with warnings. 1: refused. 3: FILE "
	    "cannot\n"
	    "be read.\n",
	.takes = OPTION_JSON | OPTION_VERBOSE,
	.words_min = 1,
	.words_max = 1,
	.run = check,
};
