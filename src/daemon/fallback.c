/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/fallback.h"

#include "daemon/gateway.h"
#include "event/event.h"

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
restore(struct gateway *gateway, struct text *words)
{
	struct last_good_policy policy;

	if (gateway->last_good.dir == NULL)
		return -ENOENT;
	int rc = last_good_read(&gateway->last_good, &policy, words);
	if (rc < 0) {
		text_addc(words, '\n');
		return rc;
	}
	if (history_waits_for(&gateway->history, policy.path, &policy.snapshot))
		history_confirm(&gateway->history, NULL);
	rc = gateway_bring_kept(gateway, policy.path, &policy.snapshot, words);
	if (rc == 0) {
		gateway->fallback.kind = FALLBACK_LAST_GOOD;
		gateway->fallback.since = policy.since;
	}
	last_good_policy_fini(&policy);
	return rc;
}

static int
close_all(struct gateway *gateway, struct text *words)
{
	struct snapshot files = SNAPSHOT_EMPTY;
	const struct snapshot_kept file = { CLOSED_PATH, STR(closed_text), 0 };
	int rc = snapshot_keep(&files, &file);

	if (rc == 0)
		rc = gateway_bring_kept(gateway, CLOSED_PATH, &files, words);
	snapshot_fini(&files);
	if (rc == 0)
		gateway->fallback.kind = FALLBACK_CLOSED;
	return rc;
}

static void
add_what(const struct fallback *fallback, struct text *out)
{
	char since[CLOCK_TEXT_BYTES];

	if (fallback->kind == FALLBACK_LAST_GOOD) {
		clock_format(fallback->since, since);
		text_addf(out, "the last good policy of %s is in force", since);
	} else {
		text_addz(out, "all is blocked, for there is no policy");
	}
}

static void
tell(const struct fallback *fallback)
{
	struct text reason = TEXT_EMPTY;
	struct event event = { .kind = EVENT_KIND_POLICY };

	add_what(fallback, &reason);
	text_addf(
	    &reason, ", because %.*s", STR_ARG(text_str(&fallback->because)));
	gateway_say("%s", reason.at != NULL ? reason.at : "no memory");
	event.reason = reason.at;
	event_emit(&event);
	text_fini(&reason);
}

/* The gateway before this one died while a policy waited to be confirmed. */
static int
refuse_unconfirmed(struct gateway *gateway, struct text *words)
{
	const struct history_entry *entry =
	    history_at(&gateway->history, HISTORY_WAITING);

	if (entry == NULL)
		return 0;
	text_addf(words, "policy %u (%s) was not confirmed before the end\n",
	    entry->id, entry->files.path);
	return -EPERM;
}

int
fallback_start(struct gateway *gateway, const char *path, struct text *words)
{
	const struct apply_order order = { .path = path };

	gateway->booting = true;
	int rc = refuse_unconfirmed(gateway, words);
	if (rc == 0)
		rc = gateway_apply(gateway, &order, words);
	if (rc < 0) {
		take_reason(words, rc, &gateway->fallback.because);
		/* What the world says has no line of its own yet. */
		if (words->len > 0 && words->at[words->len - 1] != '\n')
			text_addc(words, '\n');
		rc = restore(gateway, words);
		if (rc < 0)
			rc = close_all(gateway, words);
		if (rc == 0) {
			history_undo(&gateway->history);
			tell(&gateway->fallback);
		}
	}
	gateway->booting = false;
	return rc;
}

void
fallback_end(struct fallback *fallback)
{
	fallback->kind = FALLBACK_NONE;
	text_clear(&fallback->because);
}

void
fallback_fini(struct fallback *fallback)
{
	text_fini(&fallback->because);
	*fallback = (struct fallback){ 0 };
}

void
fallback_json(const struct fallback *fallback, struct json *json)
{
	static const char *const kinds[] = {
		[FALLBACK_LAST_GOOD] = "last good",
		[FALLBACK_CLOSED] = "closed",
	};
	struct text what = TEXT_EMPTY;

	if (fallback->kind == FALLBACK_NONE) {
		json_put_null(json);
		return;
	}
	add_what(fallback, &what);
	json_object_begin(json);
	json_name(json, "kind");
	json_put_stringz(json, kinds[fallback->kind]);
	json_name(json, "words");
	json_put_string(json, text_str(&what));
	json_name(json, "because");
	json_put_string(json, text_str(&fallback->because));
	json_object_end(json);
	text_fini(&what);
}
