/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/event_filter.h"

#include "base/clock.h"
#include "base/vec.h"
#include "cli/event_value.h"
#include "cli/moment.h"
#include "policy/words.h"

#include <errno.h>
#include <stdlib.h>

struct reading {
	char *const *words;
	int count, at;
	int64_t now;
	struct event_filter *filter;
	struct text *why;
};

static int
fail_alone(struct reading *reading, struct str word)
{
	text_addf(reading->why, "nothing stands behind '%.*s'", STR_ARG(word));
	return -EINVAL;
}

static struct str
take_word(struct reading *reading)
{
	return reading->at < reading->count
		   ? str_of(reading->words[reading->at++])
		   : (struct str){ NULL, 0 };
}

/* ---- values ---- */

/* Which key has this value, where the word before it leaves it open. */
typedef const struct event_key *(*key_of_fn)(struct str value);

static const struct event_key *
key(const char *name)
{
	return event_key_find(str_of(name));
}

static const struct event_key *
key_of_from(struct str value)
{
	return event_value_is_address(value) ? key("source") : key("zone.from");
}

/* A zone's name has no dot, and a domain has one. */
static const struct event_key *
key_of_to(struct str value)
{
	if (event_value_is_address(value))
		return key("destination");
	return str_find(value, '.') < value.len ? key("name") : key("zone.to");
}

static const struct event_key *
key_of_rule(struct str value)
{
	uint64_t line;

	return str_number(value, UINT32_MAX, &line) == 0 ? key("rule.line")
							 : key("rule.name");
}

static const struct event_key *
key_of_by(struct str value)
{
	(void)value;
	return key("enforcer");
}

static const struct {
	const char *word;
	key_of_fn key_of;
} prepositions[] = {
	{ "from", key_of_from },
	{ "to", key_of_to },
	{ "rule", key_of_rule },
	{ "by", key_of_by },
};

#define PREPOSITIONS (sizeof(prepositions) / sizeof(prepositions[0]))

static key_of_fn
find_preposition(struct str word)
{
	for (size_t i = 0; i < PREPOSITIONS; i++)
		if (str_is(word, prepositions[i].word))
			return prepositions[i].key_of;
	return NULL;
}

/* ---- terms ---- */

static int
begin_term(struct reading *reading, bool except)
{
	struct event_term term = { except, reading->filter->values.count, 0 };

	return VEC_ADD(&reading->filter->terms, term);
}

static int
add_value(struct reading *reading, const struct event_key *of,
    enum event_relation relation, struct str text)
{
	struct event_filter *filter = reading->filter;
	struct event_value value;

	int rc = event_value_parse(
	    of, relation, text, reading->now, &value, reading->why);
	if (rc == 0)
		rc = VEC_ADD(&filter->values, value);
	if (rc == 0)
		filter->terms.items[filter->terms.count - 1].count++;
	return rc;
}

/* The alternatives of a term; a comma at a word's end goes on in the next. */
static int
add_values(struct reading *reading, const struct event_key *of,
    key_of_fn key_of, enum event_relation relation, struct str words)
{
	int rc = 0;

	while (rc == 0 && words.at != NULL) {
		struct str one = str_cut(&words, ',');
		if (one.len == 0 && words.at == NULL)
			words = take_word(reading);
		else
			rc = add_value(reading,
			    key_of != NULL ? key_of(one) : of, relation, one);
	}
	return rc;
}

/* Texts of the journal hold commas. */
static int
add_whole(struct reading *reading, const struct event_key *of,
    enum event_relation relation, struct str value)
{
	if (of->kind == EVENT_KEY_TEXT && str_find(value, ' ') < value.len)
		return add_value(reading, of, relation, value);
	return add_values(reading, of, NULL, relation, value);
}

static int
read_behind(struct reading *reading, struct str word, bool except,
    const struct event_key *of, key_of_fn key_of)
{
	struct str value = take_word(reading);
	int rc = begin_term(reading, except);

	if (rc < 0)
		return rc;
	if (value.len == 0)
		return fail_alone(reading, word);
	return of != NULL ? add_whole(reading, of, EVENT_RELATION_IS, value)
			  : add_values(reading, NULL, key_of, EVENT_RELATION_IS,
				value);
}

/* ---- since, until ---- */

/* `yesterday 14:30` is two words. */
static int
read_moment(struct reading *reading, struct str word, int64_t *ret)
{
	struct str value = take_word(reading), next;
	struct text joined = TEXT_EMPTY;
	int rc = 0;

	text_add(&joined, value);
	if (moment_is_day(value) && reading->at < reading->count) {
		next = str_of(reading->words[reading->at]);
		if (moment_is_time(next)) {
			text_addf(&joined, " %.*s", STR_ARG(next));
			reading->at++;
		}
	}
	if (value.len == 0) {
		rc = fail_alone(reading, word);
	} else if (moment_parse(text_str(&joined), reading->now, ret) < 0) {
		text_addf(reading->why, "'%.*s' is no time; %s are",
		    STR_ARG(value), moment_forms);
		rc = -EINVAL;
	}
	text_fini(&joined);
	return rc;
}

/* ---- bare words ---- */

static bool
is_hexadecimal(struct str word)
{
	for (size_t i = 0; i < word.len; i++)
		if (!ascii_is_digit(word.at[i]) &&
		    (word.at[i] < 'a' || word.at[i] > 'f'))
			return false;
	return true;
}

static const struct event_key *
key_of_bare(struct str word)
{
	enum policy_protocol protocol;
	enum policy_verdict verdict;

	if (policy_verdict_find(word, &verdict) &&
	    verdict != POLICY_VERDICT_UNDECIDED)
		return key("verdict");
	if (policy_protocol_find(word, &protocol))
		return key("protocol");
	if (word.len == 16 && is_hexadecimal(word))
		return key("flow");
	if (word.len == 20 && is_hexadecimal(word))
		return key("id");
	return NULL;
}

/* The kernel's own word for ICMP of IPv6 is another than the policy's. */
static int
read_bare(struct reading *reading, struct str word, bool except)
{
	const struct event_key *of = key_of_bare(word);
	int rc = begin_term(reading, except);

	if (rc < 0)
		return rc;
	if (str_is(word, "refused"))
		return add_values(reading, key("verdict"), NULL,
		    EVENT_RELATION_IS, STR("reject,drop"));
	if (str_is(word, "icmp"))
		return add_values(reading, key("protocol"), NULL,
		    EVENT_RELATION_IS, STR("icmp,icmpv6"));
	return add_values(reading, of, NULL, EVENT_RELATION_IS, word);
}

static int
fail_unknown(struct reading *reading, struct str word)
{
	static const char *const others[] = { "since", "until", "except",
		"refused", "allow", "reject", "drop" };
	struct nearest nearest;

	text_addf(reading->why,
	    "'%.*s' is no key of events and no word for them", STR_ARG(word));
	nearest_begin(&nearest, word);
	for (size_t i = 0; i < PREPOSITIONS; i++)
		nearest_offer(&nearest, str_of(prepositions[i].word));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		nearest_offer(&nearest, str_of(others[i]));
	event_key_offer(&nearest);
	if (nearest.best.at != NULL)
		text_addf(reading->why, "; did you mean '%.*s'?",
		    STR_ARG(nearest.best));
	return -EINVAL;
}

/* ---- words ---- */

/* KEY=VALUE and the like; from=VALUE too. */
static int
read_relation(struct reading *reading, struct str word, bool except)
{
	enum event_relation relation;
	struct str value = word;
	struct str name = event_relation_cut(&value, &relation);
	const struct event_key *of = event_key_find(name);
	key_of_fn key_of = find_preposition(name);

	if (of == NULL && key_of == NULL)
		return fail_unknown(reading, name);
	if (value.len == 0)
		return fail_alone(reading, word);
	bool is_not = relation == EVENT_RELATION_IS_NOT;
	int rc = begin_term(reading, except != is_not);
	if (rc < 0)
		return rc;
	relation = is_not ? EVENT_RELATION_IS : relation;
	return of != NULL ? add_whole(reading, of, relation, value)
			  : add_values(reading, NULL, key_of, relation, value);
}

static int
read_term(struct reading *reading, struct str word, bool except)
{
	enum event_relation relation;
	struct str rest = word;

	if (find_preposition(word) != NULL)
		return read_behind(
		    reading, word, except, NULL, find_preposition(word));
	if (key_of_bare(word) != NULL || str_is(word, "refused"))
		return read_bare(reading, word, except);
	if (event_key_find(word) != NULL)
		return read_behind(
		    reading, word, except, event_key_find(word), NULL);
	if (event_relation_cut(&rest, &relation).len < word.len)
		return read_relation(reading, word, except);
	return fail_unknown(reading, word);
}

static int
read_word(struct reading *reading)
{
	struct str word = take_word(reading);

	if (str_is(word, "since"))
		return read_moment(reading, word, &reading->filter->since);
	if (str_is(word, "until"))
		return read_moment(reading, word, &reading->filter->until);
	if (!str_is(word, "except"))
		return read_term(reading, word, false);
	struct str next = take_word(reading);
	if (next.len == 0)
		return fail_alone(reading, word);
	return read_term(reading, next, true);
}

int
event_filter_parse(char *const *words, int count, int64_t now,
    struct event_filter *ret, struct text *reterr_why)
{
	struct reading reading = { words, count, 0, now, ret, reterr_why };
	int rc = 0;

	*ret = EVENT_FILTER_ALL;
	while (rc == 0 && reading.at < count)
		rc = read_word(&reading);
	return rc;
}

void
event_filter_fini(struct event_filter *filter)
{
	free(filter->values.items);
	free(filter->terms.items);
	*filter = EVENT_FILTER_ALL;
}

/* ---- which fit ---- */

static bool
fits_term(const struct event_filter *filter, const struct event_term *term,
    const json_t *event)
{
	for (size_t i = 0; i < term->count; i++)
		if (event_value_fits(
			&filter->values.items[term->first + i], event))
			return !term->except;
	return term->except;
}

static bool
fits_time(const struct event_filter *filter, const json_t *event)
{
	int64_t wall;

	if (filter->since == INT64_MIN && filter->until == INT64_MAX)
		return true;
	return event_value_time(json_object_get(event, "time"), &wall) &&
	       wall >= filter->since && wall < filter->until;
}

bool
event_filter_fits(const struct event_filter *filter, const json_t *event)
{
	if (!fits_time(filter, event))
		return false;
	for (size_t i = 0; i < filter->terms.count; i++)
		if (!fits_term(filter, &filter->terms.items[i], event))
			return false;
	return true;
}
