/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/confirmation.h"

#include "daemon/apply_order.h"
#include "daemon/gateway.h"
#include "daemon/history.h"
#include "daemon/interim.h"
#include "daemon/last_good.h"
#include "daemon/notice.h"
#include "event/event.h"

#include <errno.h>
#include <stdlib.h>

/* To everybody: the journal and standard error. */
static void
tell(const struct text *reason)
{
	const struct event event = {
		.kind = EVENT_KIND_POLICY,
		.reason = reason->at,
	};

	notice_say("%s", reason->at != NULL ? reason->at : "no memory");
	event_emit(&event);
}

static void
add_policy(uint32_t id, const char *path, struct text *out)
{
	if (id != 0)
		text_addf(out, "policy %u (%s)", id, path);
	else
		text_addf(out, "the policy %s", path);
}

static int64_t
seconds_left(const struct confirmation *confirmation)
{
	int64_t left = confirmation->due - clock_now();

	return left > 0 ? (left + CLOCK_SECOND - 1) / CLOCK_SECOND : 0;
}

static void
forget(struct confirmation *confirmation)
{
	loop_timer_cancel(&confirmation->timer);
	free(confirmation->path);
	snapshot_fini(&confirmation->files);
	fallback_fini(&confirmation->fallback);
	confirmation->path = NULL;
	confirmation->waits = false;
	confirmation->id = 0;
}

/* ---- waiting ---- */

static int
hold_what_is(struct confirmation *confirmation)
{
	struct gateway *gateway = confirmation->gateway;

	if (gateway->current == NULL)
		return -ENOENT;
	confirmation->path = strdup(gateway->current->path);
	return confirmation->path == NULL
		   ? -ENOMEM
		   : snapshot_copy(
			 &gateway->current->snapshot, &confirmation->files);
}

int
confirmation_prepare(struct confirmation *confirmation, struct generation *next,
    const struct apply_order *order, struct text *words)
{
	struct history_news news = {
		.path = next->path,
		.snapshot = &next->snapshot,
		.rules = next->policy->rule_count,
		.since = clock_wall(),
		.who = order->who,
		.name = order->name,
	};
	int64_t id = hold_what_is(confirmation);

	if (id == 0)
		id = history_wait(confirmation->history, &news);
	if (id < 0) {
		text_addf(words,
		    "that the policy comes back unless the new one is "
		    "confirmed cannot be promised: %s\n",
		    last_good_why((int)id));
		forget(confirmation);
		interim_end(confirmation->interim);
		return (int)id;
	}
	confirmation->id = (uint32_t)id;
	confirmation->waits = true;
	return 0;
}

void
confirmation_abandon(struct confirmation *confirmation)
{
	history_forget_waiting(confirmation->history);
	forget(confirmation);
	interim_end(confirmation->interim);
}

/* ---- back ---- */

/* What was in force before is so again. */
static int
undo(struct confirmation *confirmation, const char *because, struct text *words)
{
	struct gateway *gateway = confirmation->gateway;
	struct text reason = TEXT_EMPTY, why = TEXT_EMPTY;
	int rc;

	add_policy(confirmation->id, gateway->current->path, &reason);
	rc = gateway_bring_kept(
	    gateway, confirmation->path, &confirmation->files, &why);
	if (rc < 0) {
		text_addf(&reason,
		    " %s, and what was in force before cannot come back: %.*s",
		    because, STR_ARG(str_trim(text_str(&why))));
	} else {
		text_addf(
		    &reason, " %s; what was in force before is again", because);
		fallback_fini(confirmation->now);
		*confirmation->now = confirmation->fallback;
		confirmation->fallback = (struct fallback){ 0 };
		history_undo(confirmation->history);
		forget(confirmation);
		interim_end(confirmation->interim);
	}
	tell(&reason);
	text_addf(words, "%s\n", reason.at != NULL ? reason.at : "no memory");
	text_fini(&reason);
	text_fini(&why);
	return rc;
}

static void
on_due(struct loop_timer *timer)
{
	struct confirmation *confirmation = timer->context;
	struct text words = TEXT_EMPTY;

	if (undo(confirmation, "was not confirmed in time", &words) < 0)
		loop_timer_arm(confirmation->gateway->loop, timer,
		    clock_now() + CONFIRMATION_RETRY);
	text_fini(&words);
}

void
confirmation_begin(struct confirmation *confirmation, int64_t within)
{
	struct gateway *gateway = confirmation->gateway;

	confirmation->fallback = *confirmation->now;
	*confirmation->now = (struct fallback){ 0 };
	confirmation->due = clock_now() + within;
	confirmation->timer.fn = on_due;
	confirmation->timer.context = confirmation;
	loop_timer_arm(gateway->loop, &confirmation->timer, confirmation->due);
}

int
confirmation_refuse_another(
    struct confirmation *confirmation, struct text *words)
{
	const struct gateway *gateway = confirmation->gateway;

	if (!confirmation->waits)
		return 0;
	add_policy(confirmation->id, gateway->current->path, words);
	text_addf(words,
	    " waits to be confirmed, %lld s more: 'gatehouse confirm' keeps "
	    "it, 'gatehouse rollback' takes it back\n",
	    (long long)seconds_left(confirmation));
	return -EPERM;
}

/* ---- commands ---- */

/* The last good one first: whatever dies then, that is what comes back. */
int
confirmation_confirm(struct confirmation *confirmation, struct text *out)
{
	struct gateway *gateway = confirmation->gateway;
	struct last_good *good = confirmation->good;
	struct snapshot *snapshot = &gateway->current->snapshot;
	struct text reason = TEXT_EMPTY;
	int rc = 0;

	if (!confirmation->waits) {
		text_addz(out, "no policy waits to be confirmed");
		return -ENOENT;
	}
	if (good->dir != NULL)
		rc = last_good_keep(
		    good, gateway->current->path, snapshot, gateway->since);
	if (rc < 0) {
		text_addf(out, "it waits still: %s",
		    good->problem.at != NULL ? good->problem.at : "no memory");
		return rc;
	}
	add_policy(confirmation->id, gateway->current->path, &reason);
	text_addz(&reason, " is confirmed");
	forget(confirmation);
	history_confirm(confirmation->history, snapshot);
	interim_end(confirmation->interim);
	tell(&reason);
	text_add(out, text_str(&reason));
	text_fini(&reason);
	return 0;
}

static int
find_kept(struct confirmation *confirmation, struct str word, struct text *out,
    struct history_entry **ret)
{
	struct history *history = confirmation->history;
	uint64_t id = 0;

	if (history->good == NULL) {
		text_addz(out, "no policies are kept: that takes 'gatehouse "
			       "run --state DIR'");
		return -ENOENT;
	}
	if (word.len > 0 && str_number(word, UINT32_MAX, &id) < 0) {
		text_addf(out, "'%.*s' is no id; 'gatehouse history' has them",
		    STR_ARG(word));
		return -EINVAL;
	}
	*ret = word.len > 0 ? history_find(history, (uint32_t)id)
			    : history_before(history);
	if (*ret == NULL && word.len > 0)
		text_addf(out, "no policy %.*s is kept", STR_ARG(word));
	else if (*ret == NULL)
		text_addz(out, "no policy of before is kept");
	else if ((*ret)->state == HISTORY_IN_FORCE)
		text_addf(out, "policy %u is in force", (*ret)->id);
	else
		return 0;
	return -ENOENT;
}

static int
bring_back(struct confirmation *confirmation, uint32_t id, struct text *out)
{
	struct history_entry *entry = history_find(confirmation->history, id);
	struct last_good *good = confirmation->good;
	struct last_good_policy policy;
	struct text why = TEXT_EMPTY;
	int rc = last_good_open_files(good, &entry->files, &policy);

	if (rc == 0) {
		rc = gateway_bring_kept(
		    confirmation->gateway, policy.path, &policy.snapshot, &why);
		last_good_policy_fini(&policy);
	}
	if (rc < 0)
		text_addf(out, "policy %u cannot come back: %s", id,
		    why.len > 0      ? why.at
		    : rc == -EBADMSG ? "its files are torn, or were edited"
				     : strerror(-rc));
	text_fini(&why);
	return rc;
}

int
confirmation_rollback(
    struct confirmation *confirmation, struct str word, struct text *out)
{
	struct gateway *gateway = confirmation->gateway;
	struct history_entry *entry = NULL;
	struct text reason = TEXT_EMPTY;

	/* Who means the one that waits gets no other back if he is late. */
	bool is_waiting_meant = str_is(word, "waiting");
	if (confirmation->waits && (word.len == 0 || is_waiting_meant))
		return undo(confirmation, "was taken back", out);
	if (is_waiting_meant) {
		text_addz(out, "no policy waits to be confirmed");
		return -ENOENT;
	}
	int rc = confirmation_refuse_another(confirmation, out);
	if (rc == 0)
		rc = find_kept(confirmation, word, out, &entry);
	if (rc < 0)
		return rc;
	uint32_t id = entry->id;
	rc = bring_back(confirmation, id, out);
	if (rc < 0)
		return rc;
	fallback_end(confirmation->now);
	(void)last_good_keep(confirmation->good, gateway->current->path,
	    &gateway->current->snapshot, gateway->since);
	history_return(confirmation->history, id);
	add_policy(id, gateway->current->path, &reason);
	text_addz(&reason, " is in force again");
	tell(&reason);
	text_add(out, text_str(&reason));
	text_fini(&reason);
	return 0;
}

void
confirmation_close(struct confirmation *confirmation, bool stays)
{
	struct text words = TEXT_EMPTY;

	if (confirmation->waits && stays)
		(void)undo(
		    confirmation, "was not confirmed before the end", &words);
	forget(confirmation);
	interim_end(confirmation->interim);
	text_fini(&words);
}

void
confirmation_json(const struct confirmation *confirmation, struct json *json)
{
	const struct gateway *gateway = confirmation->gateway;
	int64_t left = seconds_left(confirmation);
	char due[CLOCK_TEXT_BYTES];

	if (!confirmation->waits) {
		json_put_null(json);
		return;
	}
	clock_format(clock_wall() + confirmation->due - clock_now(), due);
	json_object_begin(json);
	json_name(json, "policy");
	json_put_stringz(json, gateway->current->path);
	json_name(json, "id");
	if (confirmation->id != 0)
		json_put_integer(json, confirmation->id);
	else
		json_put_null(json);
	json_name(json, "due");
	json_put_stringz(json, due);
	json_name(json, "seconds");
	json_put_integer(json, left);
	json_name(json, "back_to");
	json_put_stringz(json, confirmation->path);
	json_object_end(json);
}
