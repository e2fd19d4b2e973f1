/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/diff_json: what another policy would change, an object a line.
 */
#include "policy/diff_impl.h"
#include "policy/diff_statement.h"
#include "policy/explain_print.h"

#include <errno.h>

/* A member that a flow can have any of is null. */
static int
json_side(struct diff *diff, const struct diff_class *class, const char *name,
    enum space_dimension dimension, struct json *json)
{
	struct text words = TEXT_EMPTY;
	int rc = region_say(
	    &diff->space, &class->region, dimension, REGION_ALL, &words);

	json_name(json, name);
	json_put_string(
	    json, words.len > 0 ? text_str(&words) : (struct str){ NULL, 0 });
	text_fini(&words);
	return rc;
}

static void
json_parent(const struct policy_rule *rule, struct json *json)
{
	json_name(json, "parent");
	if (rule == NULL || rule->parent == NULL)
		json_put_null(json);
	else
		json_put_string(json, rule->parent->name);
}

static void
json_report(void *context, const struct policy_rule *rule)
{
	struct json *json = context;

	json_put_integer(json, rule->line);
}

static void
json_reports(const struct meaning *meaning,
    const struct meaning_outcome *outcome, struct json *json)
{
	json_name(json, "reports");
	json_array_begin(json);
	meaning_outcome_reports(meaning, outcome, json_report, json);
	json_array_end(json);
}

static void
json_outcome(const struct meaning *meaning,
    const struct meaning_outcome *outcome, const struct meaning_outcome *other,
    const char *name, struct json *json)
{
	struct text words = TEXT_EMPTY;

	json_name(json, name);
	json_object_begin(json);
	json_name(json, "verdict");
	json_put_stringz(json, policy_verdict_word(meaning_verdict(outcome)));
	json_name(json, "enforcer");
	json_put_stringz(
	    json, meaning_is_by_proxy(outcome) ? "proxy" : "firewall");
	json_name(json, "opened");
	json_put_bool(json, outcome->carriage == MEANING_OPENED);
	json_name(json, "log");
	json_put_bool(json, outcome->rule != NULL && outcome->rule->log);
	json_name(json, "rule");
	explain_rule_json(outcome->rule, json);
	json_parent(outcome->rule, json);
	json_reports(meaning, outcome, json);
	diff_say_outcome(meaning, outcome, other, &words);
	json_name(json, "text");
	json_put_string(json, text_str(&words));
	json_object_end(json);
	text_fini(&words);
}

static int
json_class(struct diff *diff, const struct diff_class *class, struct text *out)
{
	static const struct {
		const char *name;
		enum space_dimension dimension;
	} members[] = {
		{ "from", SPACE_SOURCE },
		{ "to", SPACE_DESTINATION },
		{ "service", SPACE_SERVICE },
		{ "during", SPACE_TIME },
		{ "name", SPACE_NAME },
		{ "scheme", SPACE_SCHEME },
		{ "method", SPACE_METHOD },
		{ "path", SPACE_PATH },
		{ "user", SPACE_USER },
		{ "header", SPACE_HEADER },
		{ "type", SPACE_TYPE },
		{ "way", SPACE_MODE },
	};
	struct json json = JSON_ON(out);
	int rc = 0;

	json_object_begin(&json);
	json_name(&json, "kind");
	json_put_stringz(&json, "flows");
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]) && rc == 0;
	     i++)
		rc = json_side(
		    diff, class, members[i].name, members[i].dimension, &json);
	json_outcome(
	    &diff->before, &class->before, &class->after, "before", &json);
	json_outcome(
	    &diff->after, &class->after, &class->before, "after", &json);
	json_object_end(&json);
	text_addc(out, '\n');
	return rc;
}

static int
json_interface(
    struct diff *diff, const struct diff_interface *one, struct text *out)
{
	struct json json = JSON_ON(out);
	struct text words = TEXT_EMPTY;

	int rc = diff_say_sources(diff, one->sources, REGION_ALL, &words);
	json_object_begin(&json);
	json_name(&json, "kind");
	json_put_stringz(&json, "interface");
	json_name(&json, "interface");
	json_put_string(&json, one->name);
	json_name(&json, "from");
	json_put_string(&json, text_str(&words));
	json_name(&json, "taken");
	json_put_bool(&json, one->taken);
	json_object_end(&json);
	text_addc(out, '\n');
	text_fini(&words);
	return rc;
}

static void
json_statement(void *context, struct str statement, bool is_new)
{
	struct text *out = context;
	struct json json = JSON_ON(out);

	json_object_begin(&json);
	json_name(&json, "kind");
	json_put_stringz(&json, "statement");
	json_name(&json, "statement");
	json_put_string(&json, statement);
	json_name(&json, "present");
	json_put_bool(&json, is_new);
	json_object_end(&json);
	text_addc(out, '\n');
}

int
diff_json(struct diff *diff, struct text *out)
{
	int rc = 0;

	if (diff->statements > 0)
		rc = statement_diff(diff->before.policy, diff->after.policy,
		    json_statement, out);
	for (size_t i = 0; i < diff->interfaces.count && rc == 0; i++)
		rc = json_interface(diff, &diff->interfaces.items[i], out);
	for (size_t i = 0; i < diff->classes.count && rc == 0; i++)
		rc = json_class(diff, &diff->classes.items[i], out);
	return rc < 0 || !out->full ? rc : -ENOMEM;
}
