/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/policy_diff.h"

#include "base/clock.h"
#include "base/json.h"
#include "daemon/policy_text_diff.h"
#include "policy/diff.h"

#include <errno.h>

/* It was good once; what is odd about it was said then. */
static struct policy *
load(struct last_good_policy *kept)
{
	struct policy_loader loader = snapshot_player(&kept->snapshot);
	struct policy *policy = NULL, *rest = NULL;
	struct report report;

	report_init(&report);
	(void)policy_load(kept->path, &loader, &report, &policy, &rest);
	report_fini(&report);
	policy_unref(rest);
	return policy;
}

/* An object a line becomes the members of an array. */
static const char *
add_changes(
    const struct policy *before, const struct policy *after, struct text *out)
{
	struct diff_bounds bounds = { .classes_max = POLICY_DIFF_CLASSES_MAX,
		.deadline = clock_now() + POLICY_DIFF_PATIENCE };
	struct text lines = TEXT_EMPTY;
	struct diff diff;
	int rc = policy_diff_within(before, after, &bounds, &diff);
	bool all = diff.untold == 0;

	if (rc == 0)
		rc = diff_json(&diff, &lines);
	if (rc == 0 && lines.len > 0)
		text_cut(&lines, lines.len - 1);
	for (struct str rest = text_str(&lines); rc == 0 && rest.len > 0;) {
		text_add(out, str_cut(&rest, '\n'));
		text_addz(out, rest.len > 0 ? "," : "");
	}
	diff_fini(&diff);
	text_fini(&lines);
	return rc == -ETIME || rc == -E2BIG ? "it takes too long to find out"
	       : rc < 0 ? "there is not enough memory to compare them"
	       : all    ? NULL
			: "there are more";
}

int
policy_diff_json(struct last_good_policy *before,
    struct last_good_policy *after, struct text *out)
{
	struct policy *old = load(before), *new = load(after);
	const char *unknown = "one of them is no policy of this version";
	struct text text = TEXT_EMPTY;
	struct json json = JSON_ON(out);
	int rc = policy_text_diff(&before->snapshot, &after->snapshot, &text);

	json_object_begin(&json);
	json_name(&json, "changes");
	json_array_begin(&json);
	if (old != NULL && new != NULL)
		unknown = add_changes(old, new, out);
	json_array_end(&json);
	json_name(&json, "unknown");
	json_put_stringz(&json, unknown);
	json_name(&json, "text");
	json_put_stringz(&json, text.at != NULL ? text.at : "");
	json_object_end(&json);
	text_addc(out, '\n');
	policy_unref(old);
	policy_unref(new);
	text_fini(&text);
	return rc < 0 || !out->full ? rc : -ENOMEM;
}
