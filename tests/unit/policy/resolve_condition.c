/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/resolve_condition: conditions, limits and hours, right and wrong.
 */
#include "policy/resolve.h"

#include "memory.h"

#include <limits.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static const char head[] =
    "zone lan = int0 10.0.0.0/24\nzone wan = ext0\n"
    "hours office = mon-fri 08:00-18:00\nhours night = 22:00-06:00\n";

static struct policy *
with_head(const char *rules)
{
	struct text text = TEXT_EMPTY;

	text_addf(&text, "%s%s\n", head, rules);
	struct policy *policy = memory_policy(text.at);
	text_fini(&text);
	return policy;
}

static void
say_words(
    struct text *out, const char *what, const struct str *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		text_addf(
		    out, "%s%.*s", i == 0 ? what : "|", STR_ARG(words[i]));
}

static void
say_amounts(const struct policy_rule *rule, struct text *out)
{
	for (unsigned i = 0; i < POLICY_DIRECTION_COUNT; i++)
		for (unsigned j = 0; j < POLICY_SCOPE_COUNT; j++)
			if (rule->bandwidth.rates[i][j] > 0)
				text_addf(out, " %s %llu%s",
				    i == 0 ? "up" : "down",
				    (unsigned long long)
					rule->bandwidth.rates[i][j],
				    j > 0 ? " each" : "");
	if (rule->quota.bytes > 0)
		text_addf(out, " %llu a %s%s",
		    (unsigned long long)rule->quota.bytes,
		    policy_period_word(rule->quota.period),
		    rule->quota.per_source ? " each" : "");
}

/* All that the rule asks, in one order, one spelling. */
static void
say_rule(const struct policy_rule *rule, struct text *out)
{
	text_clear(out);
	if (rule->schemes != 0)
		text_addf(out, " schemes %u", rule->schemes);
	say_words(out, " methods ", rule->methods, rule->method_count);
	say_words(out, " paths ", rule->paths, rule->path_count);
	say_words(out, " users ", rule->users, rule->user_count);
	for (size_t i = 0; i < rule->header_count; i++) {
		text_addf(out, " %.*s", STR_ARG(rule->headers[i].name));
		say_words(out, "=", rule->headers[i].values,
		    rule->headers[i].value_count);
	}
	say_words(out, " types ", rule->types, rule->type_count);
	if (rule->limit.count > 0)
		text_addf(out, " %u in %u s, %u at once%s", rule->limit.count,
		    rule->limit.seconds, rule->limit.burst,
		    policy_each_words(rule->limit.each));
	if (rule->connections > 0)
		text_addf(out, " %u connections%s", rule->connections,
		    policy_each_words(rule->connections_each));
	say_amounts(rule, out);
	text_addz(out, "");
}

static void
what_a_rule_asks(void **state)
{
	static const struct {
		const char *text;
		const char *want;
	} rows[] = {
		{ "", "" },
		{ "scheme http", " schemes 1" },
		{ "scheme https, https", " schemes 2" },
		{ "scheme http, https", " schemes 3" },
		/* The second is the service. */
		{ "scheme http https", " schemes 1" },
		{ "method GET, M-SEARCH", " methods GET|M-SEARCH" },
		{ "path \"/a\", \"*.exe\"", " paths /a|*.exe" },
		{ "user alice, Bob", " users alice|Bob" },
		{ "header User-Agent \"*curl*\", \"*wget*\"",
		    " User-Agent=*curl*|*wget*" },
		{ "header A \"1\" tcp 80 header a \"\" header B \"3\"",
		    " A=1 a= B=3" },
		{ "header X_y-9.z \"x\"", " X_y-9.z=x" },
		{ "type image/*, Text/HTML, */*",
		    " types image/*|text/html|*/*" },
		/* A second's worth at once, but not less than five. */
		{ "limit 50/s", " 50 in 1 s, 50 at once" },
		{ "limit 5/s", " 5 in 1 s, 5 at once" },
		{ "limit 1/s", " 1 in 1 s, 5 at once" },
		{ "limit 20/m", " 20 in 60 s, 5 at once" },
		{ "limit 100/h per source",
		    " 100 in 3600 s, 5 at once per source" },
		{ "limit 1000000/d burst 1", " 1000000 in 86400 s, 1 at once" },
		{ "limit 1/d burst 366 per source",
		    " 1 in 86400 s, 366 at once per source" },
		{ "limit 31623/s burst 1000000",
		    " 31623 in 1 s, 1000000 at once" },
		{ "connections 1", " 1 connections" },
		{ "connections 1000000 per source limit 3/s burst 2",
		    " 3 in 1 s, 2 at once 1000000 connections per source" },
		{ "user eve limit 5/m per user connections 3 per user",
		    " users eve 5 in 60 s, 5 at once per user 3 connections "
		    "per user" },
		{ "bandwidth 1MB/s", " up 1000000 down 1000000" },
		{ "bandwidth 8Mbit/s down", " down 1000000" },
		{ "bandwidth 2MB/s up per source bandwidth 9MB/s bandwidth "
		  "1MB/s down per source",
		    " up 9000000 up 2000000 each down 9000000 down 1000000 "
		    "each" },
		{ "quota 1k per hour", " 1024 a hour" },
		{ "quota 2M per month per source", " 2097152 a month each" },
		{ "quota 3k per week bandwidth 1kB/s up tcp 80 log",
		    " up 1000 3072 a week" },
	};
	struct text rule = TEXT_EMPTY, got = TEXT_EMPTY;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		text_clear(&rule);
		text_addf(&rule, "allow lan -> wan %s", rows[i].text);
		struct policy *policy = with_head(rule.at);
		say_rule(&policy->rules[0], &got);
		assert_string_equal(got.at, rows[i].want);
		policy_unref(policy);
	}
	text_fini(&rule);
	text_fini(&got);
}

static void
what_is_wrong_with_a_rule(void **state)
{
	static const struct {
		const char *text;
		const char *errors;
	} rows[] = {
		{ "scheme ftp", "a scheme is http or https, not 'ftp'" },
		{ "scheme HTTP, gopher",
		    "a scheme is http or https, not 'HTTP'\n"
		    "a scheme is http or https, not 'gopher'" },
		{ "method get",
		    "a method is written in capitals, like GET or CONNECT" },
		{ "path \"admin\"", "a path begins with '/' or '*'" },
		{ "header A:B \"x\"", "no header field can be called 'A:B'" },
		{ "type image",
		    "a media type is written like image/png or video/*" },
		{ "during always", "no set of hours is called 'always'" },
		{ "during lan",
		    "expected a set of hours, but 'lan' is a zone" },
		{ "limit 50", "a rate needs its unit of time" },
		{ "limit 0/s", "a rate is 1 to 1000000 in its unit of time" },
		{ "limit 5/w",
		    "a rate's unit of time is s, m, h or d, not 'w'" },
		{ "limit 5/", "a rate needs its unit of time" },
		{ "limit 1000001/s",
		    "a rate is 1 to 1000000 in its unit of time" },
		{ "limit 05/s",
		    "a rate is written like 50/s, 20/m, 100/h or 1000/d" },
		{ "limit 5/s burst 0", "a burst is a number: 1 to 1000000" },
		{ "limit 5/s burst 1000001",
		    "a burst is a number: 1 to 1000000" },
		{ "limit 5/s burst -1", "a burst is a number: 1 to 1000000" },
		{ "limit 1/d burst 367",
		    "at this rate a burst of 367 takes more than a year to "
		    "come back" },
		{ "limit 2/h burst 1000000 per source",
		    "at this rate a burst of 1000000 takes more than a year to "
		    "come back" },
		{ "limit 5/s per user connections 3 per user",
		    "'per user' goes with 'user': nobody else says who he is" },
		{ "connections 3 per user",
		    "'per user' goes with 'user': nobody else says who he is" },
		{ "connections 0", "connections are counted: 1 to 1000000" },
		{ "connections many", "connections are counted: 1 to 1000000" },
		{ "connections 1000001",
		    "connections are counted: 1 to 1000000" },
		/* All at once. */
		{ "method get limit 5 during lan connections 0",
		    "a method is written in capitals, like GET or CONNECT\n"
		    "a rate needs its unit of time\n"
		    "expected a set of hours, but 'lan' is a zone\n"
		    "connections are counted: 1 to 1000000" },
	};
	struct text text = TEXT_EMPTY;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		text_clear(&text);
		text_addf(&text, "%sallow lan -> wan %s\n", head, rows[i].text);
		struct text got = memory_errors(text.at);
		assert_string_equal(got.at, rows[i].errors);
		text_fini(&got);
	}
	text_fini(&text);
}

static void
only_what_is_allowed_is_limited(void **state)
{
	static const char allowed[] = "only what a rule allows can be limited";
	static const char reported[] =
	    "a report decides nothing, so nothing is limited";
	static const struct {
		const char *rule;
		const char *want;
	} rows[] = {
		{ "reject lan -> wan limit 5/s", allowed },
		{ "drop lan -> wan connections 5", allowed },
		{ "reject lan -> wan limit 5/s connections 5", allowed },
		{ "report allow lan -> wan limit 5/s", reported },
		{ "report allow lan -> wan connections 5 per source",
		    reported },
	};
	struct text text = TEXT_EMPTY;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		text_clear(&text);
		text_addf(&text, "%s%s\n", head, rows[i].rule);
		struct text got = memory_errors(text.at);
		assert_string_equal(got.at, rows[i].want);
		text_fini(&got);
	}
	text_fini(&text);
	policy_unref(with_head("publish wan tcp 80 -> 10.0.0.7 limit 5/s "
			       "connections 3 per source during office"));
}

/* Of several hours each counts; no word asks for no hours. */
static void
during(void **state)
{
	struct policy *policy =
	    with_head("allow lan -> wan during office\n"
		      "allow lan -> wan during night, office\n"
		      "allow lan -> wan");
	const struct policy_rule *rules = policy->rules;

	(void)state;
	assert_true(hours_has(rules[0].during, 480));
	assert_false(hours_has(rules[0].during, 0));
	assert_true(hours_has(rules[1].during, 480));
	assert_true(hours_has(rules[1].during, 0));
	assert_false(hours_has(rules[1].during, 1080));
	assert_null(rules[2].during);
	assert_true(policy->hours[0].used && policy->hours[1].used);
	/* What a rule does with them stays with the rule. */
	assert_false(hours_has(&policy->hours[1].hours, 480));
	policy_unref(policy);
}

static void
hours_as_they_are_written(void **state)
{
	static const struct {
		const char *text;
		unsigned count; /* of minutes */
		unsigned in, out;
	} rows[] = {
		{ "mon", 1440, 0, 1440 },
		{ "mon-sun", 10080, 10079, UINT_MAX },
		{ "00:00-24:00", 10080, 5000, UINT_MAX },
		{ "12:00-13:00", 420, 720, 780 },
		{ "sat-sun, mon-fri 22:00-06:00", 2 * 1440 + 5 * 480 - 360,
		    5 * 1440 + 359, 0 },
		{ "{ sat 10:00-11:00, sun 10:00-12:00 }", 180, 6 * 1440 + 719,
		    5 * 1440 + 660 },
		{ "{\n sat 10:00-11:00\n sun\n}", 1500, 6 * 1440,
		    5 * 1440 + 660 },
		{ "mon 08:00-10:00, mon 09:00-11:00", 180, 659, 660 },
		{ "sun 23:59-00:01", 2, 0, 1 },
	};
	struct text text = TEXT_EMPTY;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		text_clear(&text);
		text_addf(&text,
		    "hours some = %s\nallow lan -> wan during some",
		    rows[i].text);
		struct policy *policy = with_head(text.at);
		const struct hours *hours = policy->rules[0].during;
		unsigned count = 0;
		for (unsigned m = 0; m < HOURS_WEEK_MINUTES; m++)
			count += hours_has(hours, m);
		assert_int_equal(count, rows[i].count);
		assert_true(hours_has(hours, rows[i].in));
		assert_true(
		    rows[i].out == UINT_MAX || !hours_has(hours, rows[i].out));
		policy_unref(policy);
	}
	text_fini(&text);
}

static void
hours_that_are_none(void **state)
{
	static const char days[] = "days are mon, tue, wed, thu, fri, sat and "
				   "sun, a range of them mon-fri";
	static const char times[] = "times are written 08:00-18:00";
	static const struct {
		const char *text;
		const char *errors;
	} rows[] = {
		{ "hours some = someday", days },
		{ "hours some = mon-someday", days },
		{ "hours some = mon 8:00-18:00", times },
		{ "hours some = mon 08:00-25:00", times },
		{ "hours some = 24:00-08:00", times },
		{ "hours some = mon 08:00-08:00",
		    "this span is empty; a whole day is 00:00-24:00" },
		{ "hours office = mon", "'office' is already a set of hours" },
		{ "hours lan = mon", "'lan' is already a zone" },
	};
	struct text text = TEXT_EMPTY;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		text_clear(&text);
		text_addf(&text, "%s%s\n", head, rows[i].text);
		struct text got = memory_errors(text.at);
		assert_string_equal(got.at, rows[i].errors);
		text_fini(&got);
	}
	text_fini(&text);
}

/* Which facts anybody needs to find out. */
static void
what_a_policy_asks_for(void **state)
{
	static const struct {
		const char *rule;
		uint32_t asks;
	} rows[] = {
#define FACT(name) (1u << POLICY_FACT_##name)
		{ "allow lan -> wan during office", FACT(TIME) },
		{ "allow lan -> wan scheme http", FACT(SCHEME) },
		{ "allow lan -> wan user alice", FACT(USER) },
		{ "allow lan -> wan header A \"1\"", FACT(HEADER) },
		{ "report drop lan -> wan type a/b", FACT(TYPE) },
		{ "allow lan -> any except example.com", FACT(NAME) },
		{ "allow lan -> example.com", FACT(NAME) },
		{ "allow lan -> any limit 5/s connections 5", 0 },
	};
	static const uint32_t asked = FACT(TIME) | FACT(SCHEME) | FACT(USER) |
				      FACT(HEADER) | FACT(TYPE) | FACT(NAME) |
				      FACT(METHOD) | FACT(PATH);

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct policy *policy = with_head(rows[i].rule);
		assert_int_equal(policy->asks & asked, rows[i].asks);
		policy_unref(policy);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_rule_asks),
		cmocka_unit_test(what_is_wrong_with_a_rule),
		cmocka_unit_test(only_what_is_allowed_is_limited),
		cmocka_unit_test(during),
		cmocka_unit_test(hours_as_they_are_written),
		cmocka_unit_test(hours_that_are_none),
		cmocka_unit_test(what_a_policy_asks_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
