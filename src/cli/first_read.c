/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/first_read.h"

#include "cli/certificates.h"
#include "policy/policy.h"
#include "policy/trial.h"

/* Nobody says later what is wrong with a certificate or a CA. */
static enum status
try(const struct policy *policy, struct report *report)
{
	certificates_check(policy, report);
	return report->errors > 0 || policy_try(policy, report).failed > 0
		   ? STATUS_NO
		   : STATUS_GOOD;
}

enum status
first_read(const char *path)
{
	struct policy *policy = NULL, *kept = NULL;
	enum status status = STATUS_GOOD;
	struct report report;

	report_init(&report);
	if (policy_load(path, &policy_files, &report, &policy, &kept) < 0)
		status = kept != NULL && kept->source.text.at == NULL
			     ? STATUS_WORLD
			     : STATUS_NO;
	else
		status = try(policy, &report);
	if (status != STATUS_GOOD || report.warnings > 0)
		print_report(&report);
	report_fini(&report);
	policy_unref(policy);
	policy_unref(kept);
	return status;
}
