/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must be true of whatever is imported: it reads as a policy, whose form
 * does not change when it is formed again, and of which every line that was
 * counted is either translated or not.
 */
#ifndef GATEHOUSE_FUZZ_IMPORT_IMPORTED_H
#define GATEHOUSE_FUZZ_IMPORT_IMPORTED_H

#include "import/import.h"
#include "policy/format.h"

#include "base/must.h"

#include <errno.h>

/* A small file may be blown up; one that is larger costs the fuzzer time. */
#define INPUT_BYTES_MAX 2000

static inline void
check_form(const struct text *policy)
{
	struct source source = { .name = STR("imported"),
		.text = text_str(policy) };
	struct text once = TEXT_EMPTY;
	struct report report;

	report_init(&report);
	must(policy_format(&source, &report, &once) == 0);
	report_fini(&report);
	text_fini(&once);
}

static inline void
import_as(enum import_kind kind, const uint8_t *data, size_t size)
{
	struct import_file file = {
		.name = NULL, .text = { (const char *)data, size }, .kind = kind
	};
	struct text policy = TEXT_EMPTY;
	struct import_tally tally = { 0 };

	if (size > INPUT_BYTES_MAX)
		return;
	(void)import_kind_guess(file.text);
	int rc = import_files(&file, 1, &policy, &tally);
	must(rc == 0 || rc == -EINVAL || rc == -E2BIG || rc == -ENOMEM);
	must(tally.translated <= tally.lines);
	if (rc == 0)
		check_form(&policy);
	text_fini(&policy);
}

#endif
