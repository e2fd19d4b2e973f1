/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/event_value.h"

#include "base/clock.h"
#include "base/nearest.h"
#include "cli/moment.h"
#include "policy/duration.h"
#include "policy/resolve.h"
#include "policy/size.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* ---- relations ---- */

static const struct {
	const char *mark;
	enum event_relation relation;
} relations[] = {
	/* The longer ones first. */
	{ "!=", EVENT_RELATION_IS_NOT },
	{ "<=", EVENT_RELATION_AT_MOST },
	{ ">=", EVENT_RELATION_AT_LEAST },
	{ "=", EVENT_RELATION_IS },
	{ "<", EVENT_RELATION_LESS },
	{ ">", EVENT_RELATION_MORE },
};

struct str
event_relation_cut(struct str *rest, enum event_relation *ret_relation)
{
	struct str whole = *rest;

	*ret_relation = EVENT_RELATION_IS;
	for (size_t at = 0; at < whole.len; at++)
		for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]);
		     i++) {
			struct str mark = str_of(relations[i].mark);
			if (!str_starts(str_skip(whole, at), mark))
				continue;
			*ret_relation = relations[i].relation;
			*rest = str_skip(whole, at + mark.len);
			return (struct str){ whole.at, at };
		}
	*rest = (struct str){ NULL, 0 };
	return whole;
}

/* ---- reading ---- */

struct wanted {
	const struct event_key *key;
	enum event_relation relation;
	struct str text;
	int64_t now;
	struct text *why;
};

static int
fail(const struct wanted *wanted, const char *what)
{
	text_addf(wanted->why, "%s: '%.*s' is no %s", wanted->key->name,
	    STR_ARG(wanted->text), what);
	return -EINVAL;
}

/* Digits, a point and digits. */
static bool
parse_decimal(struct str text, double *ret)
{
	char copy[32], *end;

	if (text.len == 0 || text.len >= sizeof(copy))
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!ascii_is_digit(text.at[i]) && text.at[i] != '.')
			return false;
	memcpy(copy, text.at, text.len);
	copy[text.len] = '\0';
	*ret = strtod(copy, &end);
	return *end == '\0' && end != copy;
}

static bool
parse_amount(const struct event_key *key, struct str text, double *ret)
{
	const char *why;
	uint64_t bytes;

	if (parse_decimal(text, ret))
		return true;
	if (key->kind != EVENT_KEY_BYTES || size_parse(text, &bytes, &why) < 0)
		return false;
	*ret = (double)bytes;
	return true;
}

/* Everything that stands so to this number. */
static void
set_bounds(enum event_relation relation, double number, struct event_value *ret)
{
	ret->first = number;
	ret->last = number;
	ret->is_open =
	    relation == EVENT_RELATION_LESS || relation == EVENT_RELATION_MORE;
	if (relation == EVENT_RELATION_LESS ||
	    relation == EVENT_RELATION_AT_MOST)
		ret->first = -INFINITY;
	if (relation == EVENT_RELATION_MORE ||
	    relation == EVENT_RELATION_AT_LEAST)
		ret->last = INFINITY;
}

static int
parse_number(const struct wanted *wanted, struct event_value *ret)
{
	struct str to = wanted->text, from = str_cut(&to, '-');
	double number;

	if (wanted->relation == EVENT_RELATION_IS && to.at != NULL &&
	    parse_amount(wanted->key, from, &ret->first) &&
	    parse_amount(wanted->key, to, &ret->last) &&
	    ret->first <= ret->last)
		return 0;
	if (!parse_amount(wanted->key, wanted->text, &number))
		return fail(wanted, "number, and no range of them");
	set_bounds(wanted->relation, number, ret);
	return 0;
}

static int
parse_time(const struct wanted *wanted, struct event_value *ret)
{
	int64_t wall;

	if (moment_parse(wanted->text, wanted->now, &wall) < 0) {
		(void)fail(wanted, "time; ");
		text_addf(wanted->why, "%s are", moment_forms);
		return -EINVAL;
	}
	/* Microseconds, of which a double holds those of two centuries. */
	int64_t microseconds = wall / 1000;
	set_bounds(wanted->relation, (double)microseconds, ret);
	return 0;
}

static int
parse_word(const struct wanted *wanted)
{
	const struct event_key *key = wanted->key;
	struct nearest nearest;

	nearest_begin(&nearest, wanted->text);
	for (size_t i = 0; i < EVENT_KEY_WORDS_MAX && key->words[i] != NULL;
	     i++) {
		if (str_is(wanted->text, key->words[i]))
			return 0;
		nearest_offer(&nearest, str_of(key->words[i]));
	}
	(void)fail(wanted, key->name);
	if (nearest.best.at != NULL)
		text_addf(wanted->why, "; did you mean '%.*s'?",
		    STR_ARG(nearest.best));
	return -EINVAL;
}

static int
parse_address(const struct wanted *wanted, struct event_value *ret)
{
	const char *why = "";

	if (address_range_parse(wanted->text, &ret->range, &why) == 0)
		return 0;
	return fail(wanted, "address, prefix or range");
}

static int
parse_by_kind(const struct wanted *wanted, struct event_value *ret)
{
	switch (wanted->key->kind) {
	case EVENT_KEY_NUMBER:
	case EVENT_KEY_BYTES:
		return parse_number(wanted, ret);
	case EVENT_KEY_TIME:
		return parse_time(wanted, ret);
	case EVENT_KEY_WORD:
		return parse_word(wanted);
	case EVENT_KEY_ADDRESS:
		return parse_address(wanted, ret);
	case EVENT_KEY_NAME:
		/* 10.0.0.300 is no domain either. */
		return resolve_looks_like_address(wanted->text)
			   ? fail(wanted, "address and no domain")
			   : 0;
	case EVENT_KEY_TEXT:
		break;
	}
	return 0;
}

static bool
has_order(const struct event_key *key)
{
	return key->kind == EVENT_KEY_NUMBER || key->kind == EVENT_KEY_BYTES ||
	       key->kind == EVENT_KEY_TIME;
}

int
event_value_parse(const struct event_key *key, enum event_relation relation,
    struct str text, int64_t now, struct event_value *ret,
    struct text *reterr_why)
{
	struct wanted wanted = { key, relation, text, now, reterr_why };

	*ret = (struct event_value){ .key = key, .text = text };
	if (relation != EVENT_RELATION_IS && !has_order(key)) {
		text_addf(reterr_why,
		    "%s has no order; only numbers and times have", key->name);
		return -EINVAL;
	}
	ret->is_any = str_is(text, "*");
	if (text.len == 0)
		return fail(&wanted, "value");
	return ret->is_any ? 0 : parse_by_kind(&wanted, ret);
}

bool
event_value_is_address(struct str text)
{
	struct address_range range;
	const char *why;

	return address_range_parse(text, &range, &why) == 0;
}

bool
event_value_time(const json_t *value, int64_t *ret)
{
	return json_is_string(value) &&
	       clock_parse((struct str){ json_string_value(value),
			       json_string_length(value) },
		   ret) == 0;
}

/* ---- what fits ---- */

/* `*` stands for any characters; letters of ASCII are alike. */
static bool
fits_pattern(struct str pattern, struct str text)
{
	struct str star = { NULL, 0 }, again = { NULL, 0 };
	bool has_star = false;

	while (text.len > 0) {
		if (pattern.len > 0 && pattern.at[0] == '*') {
			star = pattern = str_skip(pattern, 1);
			again = text;
			has_star = true;
		} else if (pattern.len > 0 && ascii_lower(pattern.at[0]) ==
						  ascii_lower(text.at[0])) {
			pattern = str_skip(pattern, 1);
			text = str_skip(text, 1);
		} else if (has_star) {
			pattern = star;
			text = again = str_skip(again, 1);
		} else {
			return false;
		}
	}
	while (pattern.len > 0 && pattern.at[0] == '*')
		pattern = str_skip(pattern, 1);
	return pattern.len == 0;
}

/* .example.com is example.com and all under it. */
static bool
fits_name(struct str pattern, struct str name)
{
	if (pattern.at[0] != '.')
		return fits_pattern(pattern, name);
	if (str_eq_nocase(str_skip(pattern, 1), name))
		return true;
	return name.len > pattern.len &&
	       str_eq_nocase(pattern, str_skip(name, name.len - pattern.len));
}

static bool
fits_range(const struct address_range *range, struct str text)
{
	struct address address;

	return address_parse(text, &address) == 0 &&
	       address_range_has(range, address);
}

static bool
fits_number(const struct event_value *value, const json_t *of)
{
	double number = json_number_value(of);
	int64_t wall;

	if (value->key->kind == EVENT_KEY_TIME) {
		if (!event_value_time(of, &wall))
			return false;
		int64_t microseconds = wall / 1000;
		number = (double)microseconds;
	} else if (!json_is_number(of)) {
		return false;
	}
	if (value->is_open)
		return number > value->first && number < value->last;
	return number >= value->first && number <= value->last;
}

bool
event_value_fits(const struct event_value *value, const json_t *event)
{
	const json_t *of = event_key_value(value->key, event);

	if (of == NULL || value->is_any)
		return of != NULL;
	if (has_order(value->key))
		return fits_number(value, of);
	if (!json_is_string(of))
		return false;
	struct str text = { json_string_value(of), json_string_length(of) };
	if (value->key->kind == EVENT_KEY_ADDRESS)
		return fits_range(&value->range, text);
	return value->key->kind == EVENT_KEY_NAME
		   ? fits_name(value->text, text)
		   : fits_pattern(value->text, text);
}
