/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/first_policy.h"

#include "daemon/apply.h"
#include "daemon/apply_order.h"
#include "daemon/gateway.h"
#include "daemon/policies.h"

#include <errno.h>

/* A policy without zones: only what needs no rule passes. */
#define CLOSED_PATH "closed.policy"
static const char closed_text[] = "drop any -> any log as \"no policy\"\n";

/* The policy's first error; else what the world said, behind the warnings. */
static void
take_reason(const struct text *words, int rc, struct text *ret)
{
	struct str rest = text_str(words), reason = { 0 };

	while (rest.len > 0) {
		struct str line = str_cut(&rest, '\n');
		reason = line;
		if (str_holds(line, "error: "))
			break;
	}
	text_clear(ret);
	if (reason.len > 0)
		text_add(ret, reason);
	else
		text_addz(ret, strerror(-rc));
}

static int
restore(struct policies *policies, struct text *words)
{
	struct last_good_policy policy;

	if (policies->last_good.dir == NULL)
		return -ENOENT;
	int rc = last_good_read(&policies->last_good, &policy, words);
	if (rc < 0) {
		text_addc(words, '\n');
		return rc;
	}
	if (history_waits_for(
		&policies->history, policy.path, &policy.snapshot))
		history_confirm(&policies->history, NULL);
	rc = gateway_bring_kept(
	    policies->gateway, policy.path, &policy.snapshot, words);
	if (rc == 0) {
		policies->fallback.kind = FALLBACK_LAST_GOOD;
		policies->fallback.since = policy.since;
	}
	last_good_policy_fini(&policy);
	return rc;
}

static int
close_all(struct policies *policies, struct text *words)
{
	struct snapshot files = SNAPSHOT_EMPTY;
	const struct snapshot_kept file = { CLOSED_PATH, STR(closed_text), 0 };
	int rc = snapshot_keep(&files, &file);

	if (rc == 0)
		rc = gateway_bring_kept(
		    policies->gateway, CLOSED_PATH, &files, words);
	snapshot_fini(&files);
	if (rc == 0)
		policies->fallback.kind = FALLBACK_CLOSED;
	return rc;
}

/* The gateway before this one died while a policy waited to be confirmed. */
static int
refuse_unconfirmed(struct policies *policies, struct text *words)
{
	const struct history_entry *entry =
	    history_at(&policies->history, HISTORY_WAITING);

	if (entry == NULL)
		return 0;
	text_addf(words, "policy %u (%s) was not confirmed before the end\n",
	    entry->id, entry->files.path);
	return -EPERM;
}

int
first_policy_bring(
    struct policies *policies, const char *path, struct text *words)
{
	const struct apply_order order = { .path = path };

	policies->gateway->booting = true;
	int rc = refuse_unconfirmed(policies, words);
	if (rc == 0)
		rc = apply_policy(policies, &order, words);
	if (rc < 0) {
		take_reason(words, rc, &policies->fallback.because);
		/* What the world says has no line of its own yet. */
		if (words->len > 0 && words->at[words->len - 1] != '\n')
			text_addc(words, '\n');
		rc = restore(policies, words);
		if (rc < 0)
			rc = close_all(policies, words);
		if (rc == 0) {
			history_undo(&policies->history);
			fallback_tell(&policies->fallback);
		}
	}
	policies->gateway->booting = false;
	return rc;
}
