/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/parse_rule_item.h"

#include "base/nearest.h"
#include "policy/bandwidth.h"
#include "policy/manual.h"
#include "policy/parse_ban.h"
#include "policy/words.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* A second one would take the first one's place without a word. */
static bool
refuse_second(struct reader *in, bool first)
{
	const struct token *token = reader_peek(in) - 1;

	if (first)
		return true;
	report_error(in->report, token->place, "'%.*s' stands here twice",
	    STR_ARG(token->text));
	return false;
}

static bool
parse_method(struct reader *in, struct syntax_rule *rule)
{
	return refuse_second(in, rule->methods == NULL) &&
	       reader_words(in, &rule->methods, "a method");
}

/* path string { "," string } */
static bool
parse_path(struct reader *in, struct syntax_rule *rule)
{
	return refuse_second(in, rule->paths == NULL) &&
	       reader_strings(
		   in, &rule->paths, "a path in quotes, like \"/admin/*\"");
}

static bool
parse_scheme(struct reader *in, struct syntax_rule *rule)
{
	return refuse_second(in, rule->schemes == NULL) &&
	       reader_words(in, &rule->schemes, "'http' or 'https'");
}

static bool
parse_user(struct reader *in, struct syntax_rule *rule)
{
	return refuse_second(in, rule->users == NULL) &&
	       reader_words(in, &rule->users, "the name of a user");
}

/* header NAME string { "," string }; several must all be there */
static bool
parse_header(struct reader *in, struct syntax_rule *rule)
{
	struct syntax_header **tail = &rule->headers;
	struct syntax_header *header =
	    arena_new(in->arena, struct syntax_header);

	if (header == NULL ||
	    !reader_word(in, &header->name,
		"the name of a header field, like User-Agent") ||
	    !reader_strings(
		in, &header->values, "its value in quotes, like \"*curl*\""))
		return false;
	while (*tail != NULL)
		tail = &(*tail)->next;
	*tail = header;
	return true;
}

static bool
parse_type(struct reader *in, struct syntax_rule *rule)
{
	return refuse_second(in, rule->types == NULL) &&
	       reader_words(in, &rule->types, "a media type, like image/*");
}

static bool
parse_during(struct reader *in, struct syntax_rule *rule)
{
	return refuse_second(in, rule->during == NULL) &&
	       reader_words(in, &rule->during, "the name of hours");
}

/* [ "per" "source" ] */
static bool
parse_per_source(struct reader *in, bool *ret)
{
	if (!reader_at_word(in, "per"))
		return true;
	(void)reader_take(in);
	*ret = true;
	if (!reader_at_word(in, "source")) {
		(void)reader_expected(in, "'source'");
		report_hint(in->report,
		    "a limit holds for all together, or 'per source'");
		return false;
	}
	(void)reader_take(in);
	return true;
}

/* [ "per" ( "source" | "user" ) ] */
static bool
parse_each(struct reader *in, enum policy_each *ret)
{
	if (!reader_at_word(in, "per"))
		return true;
	(void)reader_take(in);
	if (reader_at_word(in, "source")) {
		*ret = POLICY_EACH_SOURCE;
	} else if (reader_at_word(in, "user")) {
		*ret = POLICY_EACH_USER;
	} else {
		(void)reader_expected(in, "'source' or 'user'");
		report_hint(in->report,
		    "a limit holds for all together, 'per source' or 'per "
		    "user'");
		return false;
	}
	(void)reader_take(in);
	return true;
}

/* limit RATE [ "burst" NUMBER ] [ "per" ( "source" | "user" ) ] */
static bool
parse_limit(struct reader *in, struct syntax_rule *rule)
{
	struct syntax_limit *limit = &rule->limit;

	if (!refuse_second(in, limit->amount.text.at == NULL) ||
	    !reader_word(in, &limit->amount, "a rate, like 50/s"))
		return false;
	if (reader_at_word(in, "burst")) {
		(void)reader_take(in);
		if (!reader_word(in, &limit->burst, "how many at once"))
			return false;
	}
	return parse_each(in, &limit->each);
}

/* connections NUMBER [ "per" ( "source" | "user" ) ] */
static bool
parse_connections(struct reader *in, struct syntax_rule *rule)
{
	struct syntax_limit *limit = &rule->connections;

	return refuse_second(in, limit->amount.text.at == NULL) &&
	       reader_word(in, &limit->amount, "a number of connections") &&
	       parse_each(in, &limit->each);
}

static bool
at_direction(struct reader *in)
{
	return reader_at_word(in, policy_direction_word(POLICY_DIRECTION_UP)) ||
	       reader_at_word(in, policy_direction_word(POLICY_DIRECTION_DOWN));
}

/* bandwidth RATE [ "up" | "down" ] [ "per" "source" ] */
static bool
parse_bandwidth(struct reader *in, struct syntax_rule *rule)
{
	struct syntax_bandwidth **tail = &rule->bandwidths;
	struct syntax_bandwidth *one =
	    arena_new(in->arena, struct syntax_bandwidth);

	if (one == NULL ||
	    !reader_word(in, &one->amount, "a bandwidth, like 10Mbit/s"))
		return false;
	if (at_direction(in)) {
		one->direction = reader_word_of(reader_peek(in));
		(void)reader_take(in);
	}
	while (*tail != NULL)
		tail = &(*tail)->next;
	*tail = one;
	return parse_per_source(in, &one->per_source);
}

/* quota AMOUNT "per" PERIOD [ "per" "source" ] */
static bool
parse_quota(struct reader *in, struct syntax_rule *rule)
{
	static const char period[] = "hour, day, week or month";
	struct syntax_quota *quota = &rule->quota;

	if (!refuse_second(in, quota->amount.text.at == NULL) ||
	    !reader_word(in, &quota->amount, "an amount, like 10G"))
		return false;
	if (!reader_at_word(in, "per")) {
		(void)reader_expected(in, "'per' and a period");
		report_hint(in->report, "like quota %.*s per day",
		    STR_ARG(quota->amount.text));
		return false;
	}
	(void)reader_take(in);
	return reader_word(in, &quota->period, period) &&
	       parse_per_source(in, &quota->per_source);
}

static bool
parse_ban(struct reader *in, struct syntax_rule *rule)
{
	return refuse_second(in, rule->ban.time.text.at == NULL) &&
	       parse_ban_clause(in, &rule->ban);
}

static bool
parse_as(struct reader *in, struct syntax_rule *rule)
{
	return refuse_second(in, rule->label.text.at == NULL) &&
	       reader_string(in, &rule->label, "the rule's name in quotes");
}

static bool
parse_log(struct reader *in, struct syntax_rule *rule)
{
	if (!refuse_second(in, rule->log.text.at == NULL))
		return false;
	rule->log = reader_word_of(reader_peek(in) - 1);
	return true;
}

static bool
parse_direct(struct reader *in, struct syntax_rule *rule)
{
	if (!refuse_second(in, rule->direct.text.at == NULL))
		return false;
	rule->direct = reader_word_of(reader_peek(in) - 1);
	return true;
}

/* inspect [ "unless" "pinned" ] */
static bool
parse_inspect(struct reader *in, struct syntax_rule *rule)
{
	if (!refuse_second(in, rule->inspect.text.at == NULL))
		return false;
	rule->inspect = reader_word_of(reader_peek(in) - 1);
	if (!reader_at_word(in, "unless"))
		return true;
	(void)reader_take(in);
	if (!reader_at_word(in, "pinned")) {
		(void)reader_expected(in, "'pinned'");
		report_hint(in->report,
		    "what else is not to be opened is a rule above");
		return false;
	}
	rule->pinned = reader_word_of(reader_take(in));
	return true;
}

static bool
parse_via(struct reader *in, struct syntax_rule *rule)
{
	return refuse_second(in, rule->via.text.at == NULL) &&
	       reader_word(in, &rule->via, "the name of a parent");
}

static const struct {
	const char *word;
	bool (*parse)(struct reader *, struct syntax_rule *);
	const char *manual;
} rule_items[] = {
	{ "scheme", parse_scheme, MANUAL_CONDITIONS },
	{ "method", parse_method, MANUAL_CONDITIONS },
	{ "path", parse_path, MANUAL_CONDITIONS },
	{ "user", parse_user, MANUAL_CONDITIONS },
	{ "header", parse_header, MANUAL_CONDITIONS },
	{ "type", parse_type, MANUAL_CONDITIONS },
	{ "during", parse_during, MANUAL_CONDITIONS },
	{ "limit", parse_limit, MANUAL_RATES },
	{ "connections", parse_connections, MANUAL_RATES },
	{ "bandwidth", parse_bandwidth, MANUAL_BANDWIDTH },
	{ "quota", parse_quota, MANUAL_BANDWIDTH },
	{ "ban", parse_ban, MANUAL_BANS },
	{ "log", parse_log, MANUAL_OPTIONS },
	{ "as", parse_as, MANUAL_OPTIONS },
	{ "direct", parse_direct, MANUAL_OPTIONS },
	{ "inspect", parse_inspect, MANUAL_INSPECTION },
	{ "via", parse_via, MANUAL_PARENTS },
};

/* Words of rules that stand at one place only, which is not this one. */
static const struct {
	const char *word;
	const char *hint;
	const char *manual;
} misplaced[] = {
	{ "except", "it stands right behind what it takes something out of",
	    MANUAL_EXCEPTIONS },
	{ "burst", "it stands behind the rate of a limit: limit 50/s burst 100",
	    MANUAL_RATES },
	{ "per",
	    "'per source' stands behind a limit: limit 50/s per source, "
	    "connections 10 per source",
	    MANUAL_RATES },
	{ "unless", "it stands right behind 'inspect': inspect unless pinned",
	    MANUAL_INSPECTION },
	{ "report", "it stands before the verdict: report reject ...",
	    MANUAL_REPORTS },
	{ "hours", "a rule holds 'during' hours that have a name",
	    MANUAL_HOURS },
	{ "at", "a rule holds 'during' hours that have a name", MANUAL_HOURS },
	{ "for", "what a rule holds for stands before '->'", MANUAL_RULES },
};

static const char rule_item_what[] =
    "a service, a condition, an option or the end of the line";

static bool
refuse_misplaced(struct reader *in)
{
	for (size_t i = 0; i < COUNT_OF(misplaced); i++) {
		if (!reader_at_word(in, misplaced[i].word))
			continue;
		(void)reader_expected(in, rule_item_what);
		report_hint(in->report, "%s", misplaced[i].hint);
		report_see(in->report, misplaced[i].manual);
		return false;
	}
	return true;
}

void
syntax_offer_rule_items(struct nearest *nearest)
{
	for (size_t i = 0; i < COUNT_OF(rule_items); i++)
		nearest_offer(nearest, str_of(rule_items[i].word));
}

static struct nearest
nearest_rule_item(struct str word)
{
	struct nearest nearest;

	nearest_begin(&nearest, word);
	syntax_offer_rule_items(&nearest);
	return nearest;
}

static bool
is_rule_item(struct str word)
{
	return nearest_rule_item(word).distance == 0;
}

/*
 * No service has a text behind it, nor what a limit has: the word before such
 * things is a misspelt condition or limit, and that is where the mistake is.
 */
static bool
refuse_misspelt(struct reader *in)
{
	const struct token *token = reader_peek(in);
	struct nearest nearest = nearest_rule_item(token->text);

	if (nearest.best.at == NULL)
		return true;
	bool text = token[1].kind == TOKEN_STRING;
	bool name_and_text =
	    token[1].kind == TOKEN_WORD && !is_rule_item(token[1].text) &&
	    token[2].kind == TOKEN_STRING && str_is(nearest.best, "header");
	bool amount =
	    token[1].kind == TOKEN_WORD && token[2].kind == TOKEN_WORD &&
	    (str_is(token[2].text, "per") || str_is(token[2].text, "burst")) &&
	    (str_is(nearest.best, "limit") ||
		str_is(nearest.best, "connections") ||
		str_is(nearest.best, "bandwidth") ||
		str_is(nearest.best, "quota"));
	bool ban = token[1].kind == TOKEN_WORD && token[2].kind == TOKEN_WORD &&
		   str_is(token[2].text, "after") &&
		   str_is(nearest.best, "ban");
	if (!text && !name_and_text && !amount && !ban)
		return true;
	report_error(in->report, token->place,
	    "no condition or option is called '%.*s'", STR_ARG(token->text));
	report_hint(in->report, "did you mean '%.*s'?", STR_ARG(nearest.best));
	return false;
}

bool
parse_rule_item(struct reader *in, struct syntax_rule *rule)
{
	const struct token *token = reader_peek(in);

	if (token->kind == TOKEN_OPEN)
		return reader_services(in, &rule->services);
	if (token->kind != TOKEN_WORD) {
		(void)reader_expected(in, rule_item_what);
		if (token->kind == TOKEN_STRING)
			report_hint(
			    in->report, "a rule's name stands behind 'as'");
		return false;
	}
	for (size_t i = 0; i < COUNT_OF(rule_items); i++) {
		if (!str_is(token->text, rule_items[i].word))
			continue;
		(void)reader_take(in);
		const char *before =
		    report_topic(in->report, rule_items[i].manual);
		bool good = rule_items[i].parse(in, rule);
		(void)report_topic(in->report, before);
		return good;
	}
	return refuse_misplaced(in) && refuse_misspelt(in) &&
	       reader_services(in, &rule->services);
}
