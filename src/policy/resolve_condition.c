/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/resolve_condition: what a rule asks besides where from, where to and
 * which service, and how much of it may pass.
 */
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
			return false;
		}
		rule->methods[rule->method_count++] = words->text;
	}
	return true;
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
		if (!str_starts(words->text, STR("/")) &&
		    !str_starts(words->text, STR("*"))) {
			report_error(resolver->report, words->place,
			    "a path begins with '/' or '*'");
			return false;
		}
		rule->paths[rule->path_count++] = words->text;
	}
	return true;
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
		report_error(resolver->report, words->place,
		    "a scheme is http or https, not '%.*s'",
		    STR_ARG(words->text));
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

/* In the arena; NULL if it is full. */
static struct str
lowered(struct arena *arena, struct str text)
{
	char *lower = arena_alloc(arena, text.len + 1);

	if (lower == NULL)
		return (struct str){ NULL, 0 };
	for (size_t i = 0; i < text.len; i++)
		lower[i] = ascii_lower(text.at[i]);
	lower[text.len] = '\0';
	return (struct str){ lower, text.len };
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
		struct str type = lowered(resolver->arena, words->text);
		if (type.at == NULL)
			return false;
		if (str_find(type, '/') == type.len) {
			report_error(resolver->report, words->place,
			    "a media type is written like image/png or "
			    "video/*");
			return false;
		}
		rule->types[rule->type_count++] = type;
	}
	return true;
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
			resolve_unknown(resolver, words, "a set of hours",
			    1u << SYMBOL_HOURS);
			good = false;
			continue;
		}
		symbol->hours->used = true;
		hours_add_all(rule->during, &symbol->hours->hours);
	}
	return good;
}

/* ---- how much passes ---- */

static bool
parse_rate(struct str text, struct policy_limit *ret)
{
	static const struct {
		const char *word;
		uint32_t seconds;
	} units[] = { { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } };
	struct str unit = text, number = str_cut(&unit, '/');
	uint64_t count;

	if (str_number(number, POLICY_RATE_MAX, &count) < 0 || count == 0)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!str_is(unit, units[i].word))
			continue;
		ret->count = (uint32_t)count;
		ret->seconds = units[i].seconds;
		return true;
	}
	return false;
}

static bool
check_refill(struct resolver *resolver, const struct syntax_limit *syntax,
    const struct policy_limit *limit)
{
	if ((uint64_t)limit->burst * limit->seconds <=
	    limit->count * POLICY_REFILL_SECONDS_MAX)
		return true;
	report_error(resolver->report, syntax->burst.place,
	    "at this rate a burst of %u takes more than a year to come back",
	    limit->burst);
	return false;
}

static bool
resolve_limit(struct resolver *resolver, const struct syntax_limit *syntax,
    struct policy_limit *ret)
{
	uint64_t burst = 0;

	if (syntax->amount.text.at == NULL)
		return true;
	if (!parse_rate(syntax->amount.text, ret)) {
		report_error(resolver->report, syntax->amount.place,
		    "a rate is written like 50/s, 20/m, 100/h or 1000/d");
		return false;
	}
	if (syntax->burst.text.at != NULL &&
	    (str_number(syntax->burst.text, POLICY_RATE_MAX, &burst) < 0 ||
		burst == 0)) {
		report_error(resolver->report, syntax->burst.place,
		    "a burst is a number, 1 to %d", POLICY_RATE_MAX);
		return false;
	}
	/* Without a word, a second's worth may come at once; 5 at least, for
	 * programs open several connections together. */
	ret->burst = burst > 0                             ? (uint32_t)burst
		     : ret->seconds == 1 && ret->count > 5 ? ret->count
							   : 5;
	ret->per_source = syntax->per_source;
	return check_refill(resolver, syntax, ret);
}

static bool
resolve_connections(struct resolver *resolver,
    const struct syntax_limit *syntax, struct policy_rule *rule)
{
	uint64_t count;

	if (syntax->amount.text.at == NULL)
		return true;
	if (str_number(syntax->amount.text, POLICY_RATE_MAX, &count) < 0 ||
	    count == 0) {
		report_error(resolver->report, syntax->amount.place,
		    "connections are counted: 1 to %d", POLICY_RATE_MAX);
		return false;
	}
	rule->connections = (uint32_t)count;
	rule->connections_per_source = syntax->per_source;
	return true;
}

/* What is refused anyway has nothing that could be limited. */
static bool
check_limited(struct resolver *resolver, const struct syntax_rule *syntax,
    const struct policy_rule *rule)
{
	const struct syntax_word *amount = rule->limit.count > 0
					       ? &syntax->limit.amount
					       : &syntax->connections.amount;

	if (amount->text.at == NULL ||
	    (rule->verdict == POLICY_VERDICT_ALLOW && !rule->report))
		return true;
	report_error(resolver->report, amount->place,
	    "only what a rule allows can be limited");
	return false;
}

bool
resolve_conditions(struct resolver *resolver, const struct syntax_rule *syntax,
    struct policy_rule *rule)
{
	bool good = resolve_schemes(resolver, syntax->schemes, rule);

	good &= resolve_methods(resolver, syntax->methods, rule);
	good &= resolve_paths(resolver, syntax->paths, rule);
	good &= resolve_users(resolver, syntax->users, rule);
	good &= resolve_headers(resolver, syntax->headers, rule);
	good &= resolve_types(resolver, syntax->types, rule);
	good &= resolve_during(resolver, syntax->during, rule);
	good &= resolve_limit(resolver, &syntax->limit, &rule->limit);
	good &= resolve_connections(resolver, &syntax->connections, rule);
	return good && check_limited(resolver, syntax, rule);
}

/* ---- hours ---- */

static bool
add_span(struct resolver *resolver, const struct syntax_span *syntax,
    struct hours *hours)
{
	unsigned first = 0, end = HOURS_DAY_MINUTES;
	uint8_t days = 0x7f; /* all seven */
	const char *why;

	if (syntax->days.text.at != NULL &&
	    hours_days_parse(syntax->days.text, &days, &why) < 0) {
		report_error(resolver->report, syntax->days.place, "%s", why);
		return false;
	}
	if (syntax->times.text.at != NULL &&
	    hours_span_parse(syntax->times.text, &first, &end, &why) < 0) {
		report_error(resolver->report, syntax->times.place, "%s", why);
		return false;
	}
	hours_add(hours, days, first, end);
	return true;
}

static void
resolve_one_hours(struct resolver *resolver, const struct syntax_hours *syntax)
{
	struct policy *policy = resolver->policy;
	struct policy_hours *hours = &policy->hours[policy->hours_count];
	struct symbol *symbol =
	    resolve_define(resolver, &syntax->name, SYMBOL_HOURS, false);

	if (symbol == NULL)
		return;
	policy->hours_count++;
	symbol->hours = hours;
	hours->name = syntax->name.text;
	hours->place = syntax->name.place;
	for (const struct syntax_span *span = syntax->spans; span != NULL;
	     span = span->next)
		if (!add_span(resolver, span, &hours->hours))
			return;
}

void
resolve_hours(struct resolver *resolver, const struct syntax *syntax)
{
	struct policy *policy = resolver->policy;

	policy->hours = arena_array(resolver->arena,
	    syntax_count(syntax->hours), sizeof(*policy->hours));
	if (policy->hours == NULL)
		return;
	for (const struct syntax_hours *hours = syntax->hours; hours != NULL;
	     hours = hours->next)
		resolve_one_hours(resolver, hours);
}
