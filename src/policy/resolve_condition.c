/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/resolve_condition: what a rule asks besides where from, where to and
 * which service, and how much of it may pass.
 */
#include "policy/manual.h"
#include "policy/path_pattern.h"
#include "policy/resolve.h"

/* RFC 9110, 9.1: a method is a token and its case matters. */
static bool
is_method(struct str word)
{
	for (size_t i = 0; i < word.len; i++)
		if (!(word.at[i] >= 'A' && word.at[i] <= 'Z') &&
		    word.at[i] != '-')
			return false;
	return word.len > 0;
}

/* Every letter in capitals, if that makes a method of it. */
static void
hint_method(struct resolver *resolver, struct str word)
{
	char capitals[32];
	struct str method = { capitals, word.len };

	if (word.len > sizeof(capitals))
		return;
	for (size_t i = 0; i < word.len; i++) {
		char c = word.at[i];
		capitals[i] = (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
	}
	if (is_method(method))
		report_hint(
		    resolver->report, "did you mean '%.*s'?", STR_ARG(method));
}

static bool
resolve_methods(struct resolver *resolver, const struct syntax_word *words,
    struct policy_rule *rule)
{
	rule->methods = arena_array(
	    resolver->arena, syntax_count(words), sizeof(*rule->methods));
	if (rule->methods == NULL)
		return false;
	for (; words != NULL; words = words->next) {
		if (!is_method(words->text)) {
			report_error(resolver->report, words->place,
			    "a method is written in capitals, like GET or "
			    "CONNECT");
			hint_method(resolver, words->text);
			return false;
		}
		rule->methods[rule->method_count++] = words->text;
	}
	return true;
}

static void
report_no_begin(struct resolver *resolver, const struct syntax_word *word)
{
	report_error(
	    resolver->report, word->place, "a path begins with '/' or '*'");
	if (str_starts(word->text, STR("^")))
		report_hint(resolver->report,
		    "a path is no regular expression: '*' is any text, as in "
		    "\"/admin*\"");
	else if (word->text.len > 0)
		report_hint(resolver->report, "did you mean \"/%.*s\"?",
		    STR_ARG(word->text));
}

static bool
check_path(struct resolver *resolver, const struct syntax_word *word)
{
	struct text better = TEXT_EMPTY;
	const char *fault;

	if (!str_starts(word->text, STR("/")) &&
	    !str_starts(word->text, STR("*"))) {
		report_no_begin(resolver, word);
		return false;
	}
	fault = path_pattern_fault(word->text, &better);
	if (fault != NULL)
		report_error(resolver->report, word->place, "%s", fault);
	if (fault != NULL && better.len > 0)
		report_hint(resolver->report, "did you mean \"%.*s\"?",
		    STR_ARG(text_str(&better)));
	text_fini(&better);
	return fault == NULL;
}

static bool
resolve_paths(struct resolver *resolver, const struct syntax_word *words,
    struct policy_rule *rule)
{
	rule->paths = arena_array(
	    resolver->arena, syntax_count(words), sizeof(*rule->paths));
	if (rule->paths == NULL)
		return false;
	for (; words != NULL; words = words->next) {
		if (!check_path(resolver, words))
			return false;
		rule->paths[rule->path_count++] = words->text;
	}
	return true;
}

static void
report_no_scheme(struct resolver *resolver, const struct syntax_word *word)
{
	struct nearest nearest;

	report_error(resolver->report, word->place,
	    "a scheme is http or https, not '%.*s'", STR_ARG(word->text));
	nearest_begin(&nearest, word->text);
	for (unsigned i = 0; i < POLICY_SCHEME_COUNT; i++)
		nearest_offer(&nearest,
		    str_of(policy_scheme_word((enum policy_scheme)i)));
	/* ftp is a scheme as well, and no misspelt http. */
	if (nearest.distance < 2)
		resolve_hint_nearest(resolver, &nearest);
}

static bool
resolve_schemes(struct resolver *resolver, const struct syntax_word *words,
    struct policy_rule *rule)
{
	enum policy_scheme scheme;
	bool good = true;

	for (; words != NULL; words = words->next) {
		if (policy_scheme_find(words->text, &scheme)) {
			rule->schemes |= 1u << scheme;
			continue;
		}
		report_no_scheme(resolver, words);
		good = false;
	}
	return good;
}

/* Names are compared as they are written; they come from a password file. */
static bool
resolve_users(struct resolver *resolver, const struct syntax_word *words,
    struct policy_rule *rule)
{
	rule->users = arena_array(
	    resolver->arena, syntax_count(words), sizeof(*rule->users));
	if (rule->users == NULL)
		return false;
	for (; words != NULL; words = words->next)
		rule->users[rule->user_count++] = words->text;
	return true;
}

/* RFC 9110, 5.6.2 */
static bool
is_token(struct str word)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < word.len; i++)
		if (!ascii_is_alpha(word.at[i]) &&
		    !ascii_is_digit(word.at[i]) &&
		    (word.at[i] == '\0' || strchr(marks, word.at[i]) == NULL))
			return false;
	return word.len > 0;
}

static bool
resolve_header(struct resolver *resolver, const struct syntax_header *syntax,
    struct policy_header *ret)
{
	if (!is_token(syntax->name.text)) {
		report_error(resolver->report, syntax->name.place,
		    "no header field can be called '%.*s'",
		    STR_ARG(syntax->name.text));
		if (str_find(syntax->name.text, ':') ==
		    syntax->name.text.len - 1)
			report_hint(resolver->report,
			    "a colon does not belong to the name");
		return false;
	}
	ret->name = syntax->name.text;
	ret->values = arena_array(resolver->arena, syntax_count(syntax->values),
	    sizeof(*ret->values));
	if (ret->values == NULL)
		return false;
	for (const struct syntax_word *word = syntax->values; word != NULL;
	     word = word->next)
		ret->values[ret->value_count++] = word->text;
	return true;
}

static bool
resolve_headers(struct resolver *resolver, const struct syntax_header *syntax,
    struct policy_rule *rule)
{
	bool good = true;

	rule->headers = arena_array(
	    resolver->arena, syntax_count(syntax), sizeof(*rule->headers));
	if (rule->headers == NULL)
		return false;
	for (; syntax != NULL; syntax = syntax->next)
		good &= resolve_header(
		    resolver, syntax, &rule->headers[rule->header_count++]);
	return good;
}

/* RFC 9110, 8.3.1: two tokens, of which `*` may be any part. */
static bool
is_media_type(struct str word)
{
	struct str subtype = word, type = str_cut(&subtype, '/');

	return is_token(type) && is_token(subtype);
}

static void
report_no_type(struct resolver *resolver, const struct syntax_word *word)
{
	struct str type = word->text;

	report_error(resolver->report, word->place,
	    "a media type is written like image/png or video/*");
	if (type.len > 0 && str_find(type, '/') == type.len - 1)
		type.len--;
	if (str_starts(type, STR(".")))
		report_hint(resolver->report,
		    "how a file's name ends is asked of the path: "
		    "path \"*%.*s\"",
		    STR_ARG(type));
	else if (is_token(type))
		report_hint(
		    resolver->report, "did you mean '%.*s/*'?", STR_ARG(type));
}

/* RFC 9110, 8.3.1: media types know no case, so rules are in lower case. */
static bool
resolve_types(struct resolver *resolver, const struct syntax_word *words,
    struct policy_rule *rule)
{
	rule->types = arena_array(
	    resolver->arena, syntax_count(words), sizeof(*rule->types));
	if (rule->types == NULL)
		return false;
	for (; words != NULL; words = words->next) {
		struct str type = arena_lower(resolver->arena, words->text);
		if (type.at == NULL)
			return false;
		if (!is_media_type(type)) {
			report_no_type(resolver, words);
			return false;
		}
		rule->types[rule->type_count++] = type;
	}
	return true;
}

static void
report_no_hours(struct resolver *resolver, const struct syntax_word *word)
{
	resolve_unknown(resolver, word, "a set of hours", 1u << SYMBOL_HOURS);
	if (!hours_looks_like(word->text))
		return;
	report_hint(resolver->report,
	    "give them a name above: hours office = mon-fri 08:00-18:00");
	report_see(resolver->report, MANUAL_HOURS);
}

static bool
resolve_during(struct resolver *resolver, const struct syntax_word *words,
    struct policy_rule *rule)
{
	bool good = true;

	if (words == NULL)
		return true;
	rule->during = arena_new(resolver->arena, struct hours);
	if (rule->during == NULL)
		return false;
	for (; words != NULL; words = words->next) {
		const struct symbol *symbol =
		    resolve_find(resolver, words->text);
		if (symbol == NULL || symbol->kind != SYMBOL_HOURS) {
			report_no_hours(resolver, words);
			good = false;
			continue;
		}
		symbol->hours->used = true;
		hours_add_all(rule->during, &symbol->hours->hours);
	}
	return good;
}

/* ---- how much passes ---- */

/* NULL: nothing is limited. */
static const struct syntax_word *
first_amount(const struct syntax_rule *syntax, const struct policy_rule *rule)
{
	if (rule->limit.count > 0)
		return &syntax->limit.amount;
	if (rule->connections > 0)
		return &syntax->connections.amount;
	if (syntax->bandwidths != NULL)
		return &syntax->bandwidths->amount;
	return rule->quota.bytes > 0 ? &syntax->quota.amount : NULL;
}

/* What is refused anyway has nothing that could be limited. */
static bool
check_limited(struct resolver *resolver, const struct syntax_rule *syntax,
    const struct policy_rule *rule)
{
	const struct syntax_word *amount = first_amount(syntax, rule);

	if (amount == NULL ||
	    (rule->verdict == POLICY_VERDICT_ALLOW && !rule->report))
		return true;
	if (rule->report) {
		report_error(resolver->report, amount->place,
		    "a report decides nothing, so nothing is limited");
		return false;
	}
	report_error(resolver->report, amount->place,
	    "only what a rule allows can be limited");
	report_hint(resolver->report,
	    "limit the rule that allows: what is beyond is refused there");
	return false;
}

static bool
check_each(struct resolver *resolver, const struct syntax_limit *syntax,
    const struct policy_rule *rule)
{
	if (syntax->each != POLICY_EACH_USER || rule->user_count > 0)
		return true;
	report_error(resolver->report, syntax->amount.place,
	    "'per user' goes with 'user': nobody else says who he is");
	report_hint(resolver->report,
	    "write 'user NAME, ...' as well, or 'per source'");
	return false;
}

/* Nobody has done wrong by what he may do. */
static bool
check_ban(struct resolver *resolver, const struct syntax_rule *syntax,
    const struct policy_rule *rule)
{
	const struct syntax_word *time = &syntax->ban.time;

	if (rule->ban.count == 0 ||
	    (rule->verdict != POLICY_VERDICT_ALLOW && !rule->report))
		return true;
	report_error(resolver->report, time->place,
	    rule->report ? "a report decides nothing, so nobody is banned"
			 : "only what a rule refuses can be a reason to ban");
	report_see(resolver->report, MANUAL_BANS);
	return false;
}

bool
resolve_conditions(struct resolver *resolver, const struct syntax_rule *syntax,
    struct policy_rule *rule)
{
	const char *before = report_topic(resolver->report, MANUAL_CONDITIONS);
	bool good = resolve_schemes(resolver, syntax->schemes, rule);

	good &= resolve_methods(resolver, syntax->methods, rule);
	good &= resolve_paths(resolver, syntax->paths, rule);
	good &= resolve_users(resolver, syntax->users, rule);
	good &= resolve_headers(resolver, syntax->headers, rule);
	good &= resolve_types(resolver, syntax->types, rule);
	good &= resolve_during(resolver, syntax->during, rule);
	(void)report_topic(resolver->report, MANUAL_RATES);
	good &= resolve_limit(resolver, &syntax->limit, &rule->limit);
	good &= resolve_connections(resolver, &syntax->connections, rule);
	good &= resolve_amounts(resolver, syntax, rule);
	good = good && check_limited(resolver, syntax, rule) &&
	       check_each(resolver, &syntax->limit, rule) &&
	       check_each(resolver, &syntax->connections, rule);
	good &= resolve_ban(resolver, &syntax->ban, &rule->ban);
	good = good && check_ban(resolver, syntax, rule);
	(void)report_topic(resolver->report, before);
	return good;
}
