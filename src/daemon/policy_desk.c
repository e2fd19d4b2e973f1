/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/policy_desk.h"

#include "daemon/apply.h"
#include "daemon/apply_order.h"
#include "daemon/exit_status.h"
#include "daemon/gateway.h"
#include "daemon/policies.h"
#include "daemon/policy_diff.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

static enum status
status_of(int rc)
{
	switch (-rc) {
	case 0:
		return STATUS_GOOD;
	case EINVAL:
	case EPERM:
	case ENOENT:
		return STATUS_NO;
	default:
		return STATUS_WORLD;
	}
}

/* The daemon's folder is not that of its client. */
static bool
take_path(struct str path, char ret[static PATH_MAX], struct text *out)
{
	if (path.len == 0 || path.len >= PATH_MAX || path.at[0] != '/') {
		text_addz(out, "it takes the whole path of a policy\n");
		return false;
	}
	(void)snprintf(ret, PATH_MAX, "%.*s", STR_ARG(path));
	return true;
}

/* ---- apply ---- */

static bool
take_seconds(struct str word, int64_t *ret)
{
	uint64_t seconds;

	if (str_number(word, CONFIRMATION_SECONDS_MAX, &seconds) < 0 ||
	    seconds < CONFIRMATION_SECONDS_MIN)
		return false;
	*ret = (int64_t)seconds * CLOCK_SECOND;
	return true;
}

static bool
is_words(struct str word)
{
	for (size_t i = 0; i < word.len; i++)
		if ((unsigned char)word.at[i] < ' ' || word.at[i] == 0x7f)
			return false;
	return word.len <= HISTORY_NAME_BYTES_MAX;
}

static bool
take_wish(struct str word, struct apply_order *ret)
{
	struct str value = word, name = str_cut(&value, '=');

	if (str_is(name, "confirm"))
		return take_seconds(value, &ret->confirm);
	if (str_is(name, "session"))
		return apply_order_session(ret, value);
	if (str_is(name, "by"))
		ret->who = value;
	else if (str_is(name, "as"))
		ret->name = value;
	else
		return false;
	return is_words(value);
}

static int
answer_apply(struct policy_desk *desk, struct str words, struct text *out)
{
	struct apply_order order = { .confirm = 0 };
	char path[PATH_MAX];

	while (words.len > 0 && words.at[0] != '/') {
		struct str word = str_cut(&words, '\t');
		if (take_wish(word, &order))
			continue;
		text_addf(
		    out, "apply: '%.*s' is not understood\n", STR_ARG(word));
		return STATUS_USAGE;
	}
	if (!take_path(words, path, out))
		return STATUS_USAGE;
	order.path = path;
	int rc = apply_policy(desk->policies, &order, out);
	if (rc < 0)
		text_addf(out, "%snothing has changed\n",
		    out->len > 0 && out->at[out->len - 1] != '\n' ? "\n" : "");
	return (int)status_of(rc);
}

static int
answer_count(struct policy_desk *desk, struct str path, struct text *out)
{
	char copy[PATH_MAX];
	struct flows_tally tally;

	if (!take_path(path, copy, out))
		return STATUS_USAGE;
	int rc = apply_count_flows(desk->policies->gateway, copy, &tally, out);
	if (rc == 0 && tally.rc < 0)
		text_addf(out,
		    "how many living flows would end is not known: %s\n",
		    strerror(-tally.rc));
	else if (rc == 0)
		text_addf(out, "would end %zu living flow%s\n", tally.forbidden,
		    tally.forbidden == 1 ? "" : "s");
	return (int)status_of(rc);
}

/* ---- files ---- */

/* The copies are sealed: whoever has one cannot change it. */
static int
give_files(struct policy_desk *desk, const char *path,
    const struct snapshot *snapshot, struct text *out)
{
	int rc = 0;

	text_addz(out, path);
	text_addc(out, '\0');
	for (size_t i = 0; rc == 0 && i < snapshot->count; i++) {
		text_addz(out, snapshot->items[i].path);
		text_addc(out, '\0');
		rc = control_attach(desk->control, snapshot->items[i].fd);
	}
	if (rc == 0)
		return STATUS_GOOD;
	text_clear(out);
	text_addz(out, rc == -E2BIG ? "the policy is of too many files\n"
				    : "not enough memory\n");
	return STATUS_WORLD;
}

/* The files of one that is kept; a sentence in out where there are none. */
static int
open_kept(struct policy_desk *desk, struct str word,
    struct last_good_policy *ret, struct text *out)
{
	struct history *history = &desk->policies->history;
	struct history_entry *entry = NULL;
	uint64_t id;

	if (history->good != NULL && str_number(word, UINT32_MAX, &id) == 0)
		entry = history_find(history, (uint32_t)id);
	if (entry == NULL) {
		text_addf(out, "no policy %.*s is kept\n", STR_ARG(word));
		return -ENOENT;
	}
	int rc = last_good_open_files(history->good, &entry->files, ret);
	if (rc < 0)
		text_addf(out, "policy %.*s cannot be read: %s\n",
		    STR_ARG(word),
		    rc == -EBADMSG ? "its files are torn, or were edited"
				   : strerror(-rc));
	return rc;
}

static int
answer_kept(struct policy_desk *desk, struct str word, struct text *out)
{
	policy_desk_close(desk);
	int rc = open_kept(desk, word, &desk->lent, out);

	return rc < 0 ? (int)status_of(rc)
		      : give_files(
			    desk, desk->lent.path, &desk->lent.snapshot, out);
}

static int
answer_diff(struct policy_desk *desk, struct str words, struct text *out)
{
	struct last_good_policy before = { 0 }, after = { 0 };
	struct str one = str_cut(&words, ' ');
	int rc = open_kept(desk, one, &before, out);

	if (rc == 0)
		rc = open_kept(desk, words, &after, out);
	if (rc == 0)
		rc = policy_diff_json(&before, &after, out);
	last_good_policy_fini(&before);
	last_good_policy_fini(&after);
	return (int)status_of(rc);
}

/* ---- confirm, rollback ---- */

static int
answer_change(int rc, struct text *out)
{
	if (out->len > 0 && out->at[out->len - 1] != '\n')
		text_addc(out, '\n');
	return (int)(rc == -EINVAL ? STATUS_USAGE : status_of(rc));
}

static int
answer_history(struct policy_desk *desk, struct text *out)
{
	if (desk->policies->history.good == NULL) {
		text_addz(out, "no policies are kept: that takes 'gatehouse "
			       "run --state DIR'\n");
		return STATUS_NO;
	}
	history_json(&desk->policies->history, out);
	return STATUS_GOOD;
}

bool
policy_desk_answer(struct policy_desk *desk, struct str line, struct text *out,
    int *ret_status)
{
	struct policies *policies = desk->policies;
	const struct generation *current = policies->gateway->current;
	struct str rest = line, verb = str_cut(&rest, ' ');

	if (str_is(verb, "apply"))
		*ret_status = answer_apply(desk, rest, out);
	else if (str_is(verb, "count"))
		*ret_status = answer_count(desk, rest, out);
	else if (str_is(line, "files"))
		*ret_status =
		    give_files(desk, current->path, &current->snapshot, out);
	else if (str_is(verb, "kept"))
		*ret_status = answer_kept(desk, rest, out);
	else if (str_is(verb, "diff"))
		*ret_status = answer_diff(desk, rest, out);
	else if (str_is(line, "history"))
		*ret_status = answer_history(desk, out);
	else if (str_is(line, "confirm"))
		*ret_status = answer_change(
		    confirmation_confirm(&policies->confirmation, out), out);
	else if (str_is(verb, "rollback"))
		*ret_status = answer_change(
		    confirmation_rollback(&policies->confirmation, rest, out),
		    out);
	else
		return false;
	return true;
}

void
policy_desk_close(struct policy_desk *desk)
{
	last_good_policy_fini(&desk->lent);
}
