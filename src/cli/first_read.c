/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/first_read.h"

#include "policy/policy.h"
#include "policy/trial.h"

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
	else if (policy_try(policy, &report).failed > 0)
		status = STATUS_NO;
	if (status != STATUS_GOOD)
		print_report(&report);
	report_fini(&report);
	policy_unref(policy);
	policy_unref(kept);
	return status;
}
