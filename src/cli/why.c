/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/control_client.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "cli/event_find.h"
#include "cli/event_flow.h"
#include "cli/event_policy.h"
#include "cli/event_words.h"
#include "cli/log_part.h"
#include "cli/member.h"
#include "daemon/control.h"
#include "daemon/runtime.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define WORDS_MAX 256

/* What the policy in force says of the flow. */
struct answer {
	bool is_given;
	const char *not_asked; /* why it is not asked for; NULL: it is */
	struct text flow;      /* as it was asked */
	struct text words; /* as `explain` gives them; or why it gives none */
	json_t *json;      /* the same, owned; NULL: none is given */
};

struct story {
	const struct options *options;
	json_t *event; /* owned */
	struct event_policy policy;
	struct answer answer;
};

/* ---- what the policy in force says ---- */

/* NULL if it is not understood; then `words` has why. */
static json_t *
explain(struct story *story, const char *form, struct text *words)
{
	struct control_fds none = { 0 };
	struct text question = TEXT_EMPTY;
	enum status status = STATUS_WORLD;
	json_t *root = NULL;

	text_addf(&question, "explain %s %s", form, story->answer.flow.at);
	text_clear(words);
	bool is_json = strcmp(form, "json") == 0;
	story->answer.is_given = question.len < CONTROL_LINE_BYTES_MAX &&
				 control_ask_fds(story->options->runtime,
				     question.at, &status, words, &none) &&
				 status == STATUS_GOOD;
	if (story->answer.is_given && is_json)
		root = json_loadb(words->at, words->len, 0, NULL);
	control_fds_fini(&none);
	text_fini(&question);
	return root;
}

/* The same verdict by the same line. */
static bool
is_same(const json_t *event, const json_t *answer)
{
	return str_eq(member_string(event, "verdict"),
		   member_string(answer, "verdict")) &&
	       member_inner_number(event, "rule", "line") ==
		   member_inner_number(answer, "rule", "line");
}

/*
 * An event does not say whether the proxy was asked by the client or took the
 * flow over: what tells the same story is what it was.
 */
static void
try_explicit(struct story *story)
{
	struct answer *answer = &story->answer;
	struct text words = TEXT_EMPTY;
	size_t len = answer->flow.len;

	if (is_same(story->event, answer->json) ||
	    !str_is(member_string(story->event, "enforcer"), "proxy"))
		return;
	text_addz(&answer->flow, " explicit");
	json_t *other = explain(story, "json", &words);
	if (other != NULL &&
	    (is_same(story->event, other) ||
		str_is(member_string(answer->json, "enforcer"), "firewall"))) {
		json_decref(answer->json);
		answer->json = other;
	} else {
		json_decref(other);
		text_cut(&answer->flow, len);
	}
	text_fini(&words);
}

static void
ask(struct story *story)
{
	struct answer *answer = &story->answer;

	answer->not_asked = "there is no memory for it";
	if (event_flow_write(story->event, &answer->flow, &answer->not_asked) <
	    0)
		return;
	answer->not_asked = NULL;
	answer->json = explain(story, "json", &answer->words);
	if (answer->json == NULL)
		return;
	try_explicit(story);
	(void)explain(story, "text", &answer->words);
}

/* ---- the story ---- */

static void
add_rule(const struct story *story, struct text *out)
{
	const json_t *event = story->event;
	struct str name = member_inner_string(event, "rule", "name");
	int64_t line = member_inner_number(event, "rule", "line");

	if (line < 0 && name.at == NULL)
		return;
	event_words_label("rule", out);
	if (line >= 0)
		text_addf(out, "line %" PRId64, line);
	if (story->policy.rule.len > 0)
		text_addf(out, ": %s", story->policy.rule.at);
	else if (name.at != NULL) {
		text_addz(out, line >= 0 ? ", " : "");
		log_part_quoted(out, name);
	}
	if (story->policy.rule.len > 0 && story->policy.has_changed)
		text_addf(out, " (of policy %s)", story->policy.history.at);
	text_addc(out, '\n');
}

static void
add_ids(const json_t *event, struct text *out)
{
	struct str flow = member_string(event, "flow");

	event_words_label("event", out);
	utf8_show_word(out, member_string(event, "id"));
	if (flow.at != NULL) {
		text_addz(out, " of flow ");
		utf8_show_word(out, flow);
	}
	text_addc(out, '\n');
}

static void
add_rule_now(const json_t *answer, struct text *out)
{
	int64_t line = member_inner_number(answer, "rule", "line");

	utf8_show_word(out, member_string(answer, "verdict"));
	if (line >= 0)
		text_addf(out, " by line %" PRId64, line);
}

/* Whether what it was is what it would be. */
static void
add_comparison(const struct story *story, struct text *out)
{
	const struct event_policy *policy = &story->policy;
	const json_t *answer = story->answer.json;
	bool same = is_same(story->event, answer);

	if (policy->has_changed) {
		text_addf(out,
		    "The policy has changed since: generation %" PRId64
		    " is in force since ",
		    policy->generation);
		event_words_time(policy->since, out);
		text_addz(out,
		    same ? "\nand says the same:\n\n" : ".\nNow it would be ");
	} else {
		text_addz(
		    out, same ? "The policy in force says the same:\n\n"
			      : "The policy is the same, but now it would be ");
	}
	if (!same) {
		add_rule_now(answer, out);
		text_addz(out, ":\n\n");
	}
}

/* It repeats what a peer has asked for. */
static void
add_lines(struct str lines, struct text *out)
{
	while (lines.len > 0) {
		utf8_show(out, str_cut(&lines, '\n'));
		text_addc(out, '\n');
	}
}

static void
add_answer(const struct story *story, struct text *out)
{
	const struct answer *answer = &story->answer;

	text_addc(out, '\n');
	if (!story->policy.is_known)
		text_addz(out, "No gateway runs that could say more.\n");
	else if (answer->not_asked != NULL)
		text_addf(out, "The policy in force is not asked: %s.\n",
		    answer->not_asked);
	else if (answer->json == NULL) {
		text_addz(out, "The policy in force does not know it:\n");
		add_lines(answer->words.len > 0 ? text_str(&answer->words)
						: STR("it gives no answer"),
		    out);
	} else {
		add_comparison(story, out);
		text_addz(out, "  ");
		utf8_show(out, text_str(&answer->flow));
		text_addz(out, "\n\n");
		add_lines(text_str(&answer->words), out);
	}
}

static void
print_words(const struct story *story)
{
	struct text out = TEXT_EMPTY;

	event_words(
	    story->event, clock_wall(), colour_wanted(STDOUT_FILENO), &out);
	add_rule(story, &out);
	add_ids(story->event, &out);
	add_answer(story, &out);
	print_text(&out);
	text_fini(&out);
}

static void
print_json(const struct story *story)
{
	const struct event_policy *policy = &story->policy;
	const struct answer *answer = &story->answer;
	json_t *root = json_object();

	(void)json_object_set(root, "event", story->event);
	(void)json_object_set_new(root, "rule_text",
	    policy->rule.len > 0 ? json_string(policy->rule.at) : json_null());
	(void)json_object_set_new(root, "policy_changed",
	    policy->is_known ? json_boolean(policy->has_changed) : json_null());
	(void)json_object_set_new(root, "flow",
	    answer->json != NULL ? json_string(answer->flow.at) : json_null());
	(void)json_object_set_new(root, "same",
	    answer->json != NULL
		? json_boolean(is_same(story->event, answer->json))
		: json_null());
	(void)json_object_set_new(root, "now",
	    answer->json != NULL ? json_incref(answer->json) : json_null());
	(void)json_dumpf(root, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	(void)putchar('\n');
	json_decref(root);
}

static void
tell(const struct options *options, json_t *event)
{
	struct story story = { .options = options, .event = event };

	event_policy_ask(options->runtime, event, &story.policy);
	if (story.policy.is_known)
		ask(&story);
	if (options->json)
		print_json(&story);
	else
		print_words(&story);
	json_decref(story.answer.json);
	text_fini(&story.answer.flow);
	text_fini(&story.answer.words);
	event_policy_fini(&story.policy);
}

/* ---- which event ---- */

/* False: complained. */
static bool
check(const char *path, int rc)
{
	if (rc == 0)
		return true;
	complain("cannot read %s: %s", path, strerror(-rc));
	return false;
}

static enum status
tell_found(const struct options *options, json_t *event)
{
	if (event == NULL) {
		complain("no event of the journal is meant");
		return STATUS_NO;
	}
	tell(options, event);
	return STATUS_GOOD;
}

static enum status
why_id(const struct options *options, const char *path)
{
	struct str head = str_of(options->words[0]);
	json_t *event = NULL, *other = NULL;
	enum status status = STATUS_WORLD;
	int64_t since, until;

	if (options->count > 1 || !event_id_span(head, &since, &until)) {
		complain("an event is named by its id or the first digits of "
			 "it, or by 'last' and words as 'log' takes them");
		return STATUS_USAGE;
	}
	if (check(path, event_find(path, head, &event, &other))) {
		status =
		    other == NULL ? tell_found(options, event) : STATUS_USAGE;
		if (other != NULL)
			complain("several ids begin with '%s'; say more of it",
			    options->words[0]);
	}
	json_decref(event);
	json_decref(other);
	return status;
}

/* The last that was refused, and that fits the words. */
static enum status
why_last(const struct options *options, const char *path)
{
	char refused[] = "refused";
	char *words[WORDS_MAX + 1] = { refused };
	enum status status = STATUS_USAGE;
	struct event_filter filter;
	struct text why = TEXT_EMPTY;
	json_t *event = NULL;

	for (int i = 1; i < options->count; i++)
		words[i] = options->words[i];
	int rc = event_filter_parse(
	    words, options->count, clock_wall(), &filter, &why);
	if (rc < 0)
		complain("%s", why.len > 0 ? why.at : strerror(-rc));
	else if (check(path, event_find_last(path, &filter, &event)))
		status = tell_found(options, event);
	else
		status = STATUS_WORLD;
	json_decref(event);
	event_filter_fini(&filter);
	text_fini(&why);
	return status;
}

static enum status
why(const struct options *options)
{
	char path[RUNTIME_PATH_BYTES];

	if (options->utc) {
		(void)setenv("TZ", "UTC0", 1);
		tzset();
	}
	runtime_path(options->runtime, RUNTIME_EVENTS, path);
	return strcmp(options->words[0], "last") == 0 ? why_last(options, path)
						      : why_id(options, path);
}

const struct command command_why = {
	.name = "why",
	.usage = "[--json] [--utc] [--file FILE] [--runtime DIR]\n"
		 "                     {EVENT-ID | last [WORD ...]}",
	.summary = "say why something happened, and if it would again",
	.help =
	    "Finds an event in the journal, tells it in words with the rule "
	    "that\n"
	    "decided, as it was written, and asks the gateway what it would "
	    "do with\n"
	    "such a flow now: it says so if the policy has changed since, and "
	    "if the\n"
	    "answer is another one.\n"
	    "\n"
	    "EVENT-ID is the 'id' of an event, as many of its first digits as "
	    "no\n"
	    "other begins with, or the 16 digits of a flow for the last event "
	    "of it.\n"
	    "'last' is the last that was refused; words choose as those of "
	    "'log' do.\n"
	    "\n"
	    "  gatehouse why 019ca9450a7b5e0c41d7\n"
	    "  gatehouse why last\n"
	    "  gatehouse why last from 10.0.0.4 to .example.org\n"
	    "\n"
	    "The rule of an older policy is shown where the gateway keeps "
	    "those\n"
	    "('gatehouse history'). Needs root. Status 1: no such event is "
	    "there. 2:\n"
	    "several are. 3: no journal is there.\n",
	.takes = OPTION_RUNTIME | OPTION_JSON | OPTION_UTC | OPTION_FILE,
	.words_min = 1,
	.words_max = WORDS_MAX,
	.run = why,
};
