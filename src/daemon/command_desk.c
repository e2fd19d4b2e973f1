/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/command_desk.h"

#include "daemon/ban_desk.h"
#include "daemon/exit_status.h"
#include "daemon/flow_list.h"
#include "daemon/gateway.h"
#include "daemon/handover.h"
#include "daemon/name_list.h"
#include "daemon/policies.h"
#include "daemon/status.h"
#include "daemon/tally_desk.h"

#include <errno.h>

/* Takes what follows its word; a status. */
typedef int (*answer_fn)(struct command_desk *desk, struct str rest,
    struct text *out, struct control_more *ret_more);

/* FORM FLOW */
static int
answer_explain(struct command_desk *desk, struct str rest, struct text *out,
    struct control_more *ret_more)
{
	static const char *const forms[] = {
		[GATEWAY_TEXT] = "text",
		[GATEWAY_COLOUR] = "colour",
		[GATEWAY_JSON] = "json",
	};
	struct str word = str_cut(&rest, ' ');

	(void)ret_more;
	for (unsigned i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (!str_is(word, forms[i]))
			continue;
		int rc = gateway_explain(
		    desk->gateway, rest, (enum gateway_form)i, out);
		return rc == 0         ? STATUS_GOOD
		       : rc == -EINVAL ? STATUS_USAGE
				       : STATUS_WORLD;
	}
	text_addz(out, "explain takes text, colour or json, and a flow\n");
	return STATUS_USAGE;
}

static int
answer_change(int rc, struct text *out)
{
	text_addc(out, '\n');
	if (rc == 0)
		return STATUS_GOOD;
	if (rc == -EINVAL)
		return STATUS_USAGE;
	return rc == -EPERM || rc == -ENOENT ? STATUS_NO : STATUS_WORLD;
}

static int
answer_ban(struct command_desk *desk, struct str rest, struct text *out,
    struct control_more *ret_more)
{
	(void)ret_more;
	return answer_change(
	    ban_desk_add(desk->gateway, rest, false, out), out);
}

static int
answer_force(struct command_desk *desk, struct str rest, struct text *out,
    struct control_more *ret_more)
{
	(void)ret_more;
	return answer_change(ban_desk_add(desk->gateway, rest, true, out), out);
}

/* Who is banned there already for what he did is let go. */
static int
answer_session(struct command_desk *desk, struct str word, struct text *out,
    struct control_more *ret_more)
{
	(void)ret_more;
	if (!ban_exempt_note(&desk->gateway->exempt, word)) {
		text_addz(out, "session ADDRESS\n");
		return STATUS_USAGE;
	}
	caught_keeper_sift(&desk->gateway->caught);
	return STATUS_GOOD;
}

static int
answer_unban(struct command_desk *desk, struct str rest, struct text *out,
    struct control_more *ret_more)
{
	(void)ret_more;
	return answer_change(ban_desk_remove(desk->gateway, rest, out), out);
}

static int
answer_bans(struct command_desk *desk, struct str rest, struct text *out,
    struct control_more *ret_more)
{
	(void)rest;
	(void)ret_more;
	ban_desk_list(desk->gateway, out);
	return STATUS_GOOD;
}

static int
answer_names(struct command_desk *desk, struct str rest, struct text *out,
    struct control_more *ret_more)
{
	(void)rest;
	(void)out;
	return name_list_begin(desk->gateway, ret_more) == 0 ? STATUS_GOOD
							     : STATUS_WORLD;
}

static int
answer_quotas(struct command_desk *desk, struct str rest, struct text *out,
    struct control_more *ret_more)
{
	(void)rest;
	(void)ret_more;
	quota_keeper_list(&desk->gateway->quotas, out);
	return STATUS_GOOD;
}

static int
answer_reset(struct command_desk *desk, struct str rest, struct text *out,
    struct control_more *ret_more)
{
	(void)ret_more;
	return answer_change(
	    quota_keeper_reset(&desk->gateway->quotas, rest, out), out);
}

static int
answer_flows(struct command_desk *desk, struct str words, struct text *out,
    struct control_more *ret_more)
{
	int rc = flow_list_begin(desk->gateway->current, words, out, ret_more);

	return rc == 0         ? STATUS_GOOD
	       : rc == -EINVAL ? STATUS_USAGE
			       : STATUS_WORLD;
}

static int
answer_end(struct command_desk *desk, struct str words, struct text *out,
    struct control_more *ret_more)
{
	int rc = flow_list_end(desk->gateway->current, words, out);

	(void)ret_more;
	return rc == 0         ? STATUS_GOOD
	       : rc == -EINVAL ? STATUS_USAGE
	       : rc == -ENOENT ? STATUS_NO
			       : STATUS_WORLD;
}

/* The kind of a purge as the command line says it. */
static const char *const purge_words[] = {
	[CACHE_PURGE_KEY] = "url",
	[CACHE_PURGE_PREFIX] = "prefix",
	[CACHE_PURGE_HOST] = "host",
	[CACHE_PURGE_TAG] = "tag",
	[CACHE_PURGE_ALL] = "all",
};

static bool
read_purge(struct str words, struct channel_purge *ret)
{
	struct str kind = str_cut(&words, ' ');

	*ret = (struct channel_purge){ 0 };
	while (ret->kind <= CACHE_PURGE_ALL &&
	       !str_is(kind, purge_words[ret->kind]))
		ret->kind++;
	if (ret->kind > CACHE_PURGE_ALL || words.len >= sizeof(ret->what) ||
	    (words.len == 0) != (ret->kind == CACHE_PURGE_ALL))
		return false;
	if (words.len > 0)
		memcpy(ret->what, words.at, words.len);
	return true;
}

static int
answer_purge(struct command_desk *desk, struct str words, struct text *out,
    struct control_more *ret_more)
{
	struct child *child = &desk->gateway->child;
	struct channel_purge purge;

	(void)ret_more;
	if (!read_purge(words, &purge)) {
		text_addz(
		    out, "purge url|prefix|host|tag WHAT, or purge all\n");
		return STATUS_USAGE;
	}
	if (child->pid == 0) {
		text_addz(
		    out, "the policy has no proxy, so there is no cache\n");
		return STATUS_NO;
	}
	int64_t count = child_purge(child, &purge);
	if (count < 0) {
		text_addf(
		    out, "the proxy could not: %s\n", strerror((int)-count));
		return STATUS_WORLD;
	}
	text_addf(out, "%lld\n", (long long)count);
	return STATUS_GOOD;
}

static int
answer_status(struct command_desk *desk, struct str rest, struct text *out,
    struct control_more *ret_more)
{
	(void)rest;
	(void)ret_more;
	status_write(desk->policies, out);
	return STATUS_GOOD;
}

static int
answer_metrics(struct command_desk *desk, struct str rest, struct text *out,
    struct control_more *ret_more)
{
	int rc = gateway_metrics(desk->gateway, out);

	(void)rest;
	(void)ret_more;
	if (rc == 0)
		return STATUS_GOOD;
	text_clear(out);
	text_addz(out, rc == -EIO ? "the kernel does not tell what it counted\n"
				  : "there is no memory for it\n");
	return STATUS_WORLD;
}

static int
answer_hand_over(struct command_desk *desk, struct str rest, struct text *out,
    struct control_more *ret_more)
{
	(void)rest;
	(void)ret_more;
	if (desk->policies->confirmation.waits) {
		text_addz(
		    out, "the policy in force is to be confirmed first\n");
		return STATUS_NO;
	}
	return handover_begin(
	    desk->handover, desk->gateway, desk->control, out);
}

static int
answer_stop(struct command_desk *desk, struct str rest, struct text *out,
    struct control_more *ret_more)
{
	(void)rest;
	(void)out;
	(void)ret_more;
	desk->removes = true;
	loop_stop(desk->gateway->loop);
	return STATUS_GOOD;
}

/* A blank at the end: something follows. */
static const struct command {
	struct str word;
	answer_fn answer;
} commands[] = {
	{ STR_INIT("ban "), answer_ban },
	{ STR_INIT("bans"), answer_bans },
	{ STR_INIT("end "), answer_end },
	{ STR_INIT("explain "), answer_explain },
	{ STR_INIT("flows "), answer_flows },
	{ STR_INIT("force "), answer_force },
	{ STR_INIT("hand over"), answer_hand_over },
	{ STR_INIT("metrics"), answer_metrics },
	{ STR_INIT("names"), answer_names },
	{ STR_INIT("purge "), answer_purge },
	{ STR_INIT("quotas"), answer_quotas },
	{ STR_INIT("reset "), answer_reset },
	{ STR_INIT("session "), answer_session },
	{ STR_INIT("status"), answer_status },
	{ STR_INIT("stop"), answer_stop },
	{ STR_INIT("unban "), answer_unban },
};

static bool
is_said(const struct command *command, struct str line)
{
	bool has_more = str_ends(command->word, STR(" "));

	return has_more ? str_starts(line, command->word)
			: str_eq(line, command->word);
}

int
command_desk_answer(void *context, struct str line, struct text *out,
    struct control_more *ret_more)
{
	struct command_desk *desk = context;
	int status;

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (is_said(&commands[i], line))
			return commands[i].answer(desk,
			    str_skip(line, commands[i].word.len), out,
			    ret_more);
	desk->policy_desk.policies = desk->policies;
	desk->policy_desk.control = desk->control;
	if (policy_desk_answer(&desk->policy_desk, line, out, &status) ||
	    tally_desk_answer(
		&desk->gateway->tally, line, out, ret_more, &status))
		return status;
	text_addz(out,
	    "apply WORDS, ban or force RANGE SECONDS BECAUSE, bans, confirm, "
	    "count PATH, diff ID ID, explain FORM FLOW, files, flows WORDS, "
	    "end WORDS, hand over, history, kept ID, metrics, names, "
	    "purge KIND WHAT, "
	    "quotas, report SECONDS, reset RULE SOURCE, rollback ID, rules, "
	    "series STEP COUNT, session ADDRESS, status, stop, "
	    "top WHAT SECONDS COUNT and unban RANGE are understood\n");
	return STATUS_USAGE;
}

void
command_desk_close(struct command_desk *desk)
{
	control_close(&desk->control);
	policy_desk_close(&desk->policy_desk);
}
