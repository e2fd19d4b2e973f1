/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/diff.h"

#include "policy/diff_statement.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

/* Outcomes of the two policies, as terminals of theirs. */
struct change {
	uint32_t before, after;
};

/* Flows that one limited rule of each policy counts. */
struct sharing {
	const struct policy_rule *before, *after;
};

struct comparison {
	struct diff *diff;
	uint32_t comparable; /* flows that both policies can meet */
	struct {
		struct sharing *items;
		size_t count, room;
	} sharings;
	struct {
		struct change *items;
		size_t count, room;
	} changes;
	int rc;
};

static bool
is_counted(const struct meaning_outcome *a, const struct meaning_outcome *b)
{
	return a->rule != NULL && b->rule != NULL &&
	       meaning_is_limited(a->rule) &&
	       meaning_limit_same(a->rule, b->rule);
}

static void
note_sharing(struct comparison *comparison, const struct meaning_outcome *a,
    const struct meaning_outcome *b)
{
	struct sharing one = { a->rule, b->rule };

	for (size_t i = comparison->sharings.count; i-- > 0;)
		if (comparison->sharings.items[i].before == one.before &&
		    comparison->sharings.items[i].after == one.after)
			return;
	if (VEC_ADD(&comparison->sharings, one) < 0)
		comparison->rc = -ENOMEM;
}

static bool
settle_sharing(void *context, uint32_t before, uint32_t after, uint32_t *ret)
{
	struct comparison *comparison = context;

	*ret = DIAGRAM_EMPTY;
	if (before == DIAGRAM_NOWHERE || after == DIAGRAM_NOWHERE)
		return true;
	if (!diagram_is_terminal(before) || !diagram_is_terminal(after))
		return false;
	struct meaning_outcome a =
	    meaning_outcome(&comparison->diff->before, before);
	struct meaning_outcome b =
	    meaning_outcome(&comparison->diff->after, after);
	if (is_counted(&a, &b))
		note_sharing(comparison, &a, &b);
	return true;
}

/*
 * Flows share a limit by their rule.  Where the flows of one rule are those of
 * two rules in the other policy, limits that read the same let other amounts
 * through.
 */
static bool
shares_alike(const struct comparison *comparison,
    const struct meaning_outcome *a, const struct meaning_outcome *b)
{
	if (!is_counted(a, b))
		return true;
	for (size_t i = 0; i < comparison->sharings.count; i++) {
		const struct sharing *one = &comparison->sharings.items[i];
		if ((one->before == a->rule) != (one->after == b->rule))
			return false;
	}
	return true;
}

/*
 * Who enforces a verdict and what hides its source are told only where that
 * alone changes; else they would cut a class in parts that read the same.
 */
static void
level(struct meaning_outcome *a, struct meaning_outcome *b)
{
	if (meaning_verdict(a) == meaning_verdict(b) && a->rule != NULL &&
	    b->rule != NULL && a->carriage != b->carriage)
		return;
	if (a->rule != NULL)
		a->carriage = MEANING_PACKETS;
	if (b->rule != NULL)
		b->carriage = MEANING_PACKETS;
}

static uint32_t
change_of(struct comparison *comparison, struct meaning_outcome a,
    struct meaning_outcome b)
{
	level(&a, &b);
	if (memcmp(a.reports, b.reports, sizeof(a.reports)) == 0) {
		meaning_outcome_forget_reports(&comparison->diff->before, &a);
		meaning_outcome_forget_reports(&comparison->diff->after, &b);
	}
	uint32_t before =
	    meaning_outcome_terminal(&comparison->diff->before, &a);
	uint32_t after = meaning_outcome_terminal(&comparison->diff->after, &b);
	struct change change = { before, after };
	size_t i = comparison->changes.count;

	/* Neighbours in the diagram are alike: the newest first. */
	while (i > 0 && (comparison->changes.items[i - 1].before != before ||
			    comparison->changes.items[i - 1].after != after))
		i--;
	if (i > 0)
		return DIAGRAM_TERMINAL | (uint32_t)(i - 1);
	if (VEC_ADD(&comparison->changes, change) < 0) {
		comparison->rc = -ENOMEM;
		return DIAGRAM_NOWHERE;
	}
	return DIAGRAM_TERMINAL | (uint32_t)(comparison->changes.count - 1);
}

static bool
settle_change(void *context, uint32_t before, uint32_t after, uint32_t *ret)
{
	struct comparison *comparison = context;

	if (before == DIAGRAM_NOWHERE || after == DIAGRAM_NOWHERE) {
		*ret = DIAGRAM_NOWHERE;
		return true;
	}
	if (!diagram_is_terminal(before) || !diagram_is_terminal(after))
		return false;
	struct meaning_outcome a =
	    meaning_outcome(&comparison->diff->before, before);
	struct meaning_outcome b =
	    meaning_outcome(&comparison->diff->after, after);
	*ret = meaning_outcome_same(&a, &b) && shares_alike(comparison, &a, &b)
		   ? DIAGRAM_NOWHERE
		   : change_of(comparison, a, b);
	return true;
}

static int
cut_change(struct comparison *comparison, uint32_t changes, size_t number)
{
	struct diff *diff = comparison->diff;
	struct diagram *d = &diff->space.diagram;
	const struct change *change = &comparison->changes.items[number];
	uint32_t set =
	    diagram_is(d, changes, DIAGRAM_TERMINAL | (uint32_t)number);
	uint32_t rest = set;

	while (rest != DIAGRAM_EMPTY && d->rc == 0) {
		struct diff_class class = {
			.before =
			    meaning_outcome(&diff->before, change->before),
			.after = meaning_outcome(&diff->after, change->after),
			.region = region_cut(
			    &diff->space, set, comparison->comparable, &rest),
		};
		if (diff->classes.count == DIFF_CLASSES_MAX)
			return -E2BIG;
		if (VEC_ADD(&diff->classes, class) < 0)
			return -ENOMEM;
	}
	return d->rc;
}

/* By the rules that decide; what none decides comes last. */
static int
by_rule(const struct policy_rule *a, const struct policy_rule *b)
{
	if (a == NULL || b == NULL)
		return (a == NULL) - (b == NULL);
	return (a > b) - (a < b);
}

static int
by_rules(const void *a, const void *b)
{
	const struct diff_class *x = a, *y = b;
	int order = by_rule(x->after.rule, y->after.rule);

	return order != 0 ? order : by_rule(x->before.rule, y->before.rule);
}

static bool
enters_by_one(const void *context, size_t cell)
{
	const struct space *space = context;
	const struct space_source *source = &space->sources.items[cell];

	return source->unprefixed &&
	       (source->zone[0] == ZONE_NONE || source->zone[1] == ZONE_NONE);
}

/*
 * What only one policy can meet is no change of its own.  Where an interface
 * or a listener comes or goes, that is said of the interface, or of the flows
 * to the listener, and of the flows that are intercepted no more.
 */
static uint32_t
comparable(struct diff *diff)
{
	struct space *space = &diff->space;
	struct diagram *d = &space->diagram;
	uint32_t set = diagram_minus(d, space->universe,
	    space_cells(space, SPACE_SOURCE, enters_by_one, space));

	set = diagram_minus(d, set, diff->before.unserved);
	return diagram_minus(d, set, diff->after.unserved);
}

static bool
has_limits(const struct policy *policy)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		if (meaning_is_limited(&policy->rules[i]))
			return true;
	return false;
}

static int
compare_flows(struct diff *diff)
{
	struct comparison comparison = { .diff = diff };
	struct diagram *d = &diff->space.diagram;
	uint32_t before = meaning_outcomes(&diff->before);
	uint32_t after = meaning_outcomes(&diff->after);

	comparison.comparable = comparable(diff);
	before = diagram_where(d, comparison.comparable, before);
	if (has_limits(diff->before.policy) && has_limits(diff->after.policy))
		(void)diagram_apply(
		    d, settle_sharing, &comparison, before, after);
	uint32_t changes =
	    diagram_apply(d, settle_change, &comparison, before, after);
	/* Each makes one class at the least: too many are seen at once. */
	if (comparison.changes.count > DIFF_CLASSES_MAX)
		comparison.rc = -E2BIG;
	for (size_t i = 0; i < comparison.changes.count && comparison.rc == 0;
	     i++)
		comparison.rc = cut_change(&comparison, changes, i);
	free(comparison.changes.items);
	free(comparison.sharings.items);
	if (diff->classes.count > 0)
		qsort(diff->classes.items, diff->classes.count,
		    sizeof(*diff->classes.items), by_rules);
	return comparison.rc < 0 ? comparison.rc : d->rc;
}

/* An interface as one of the policies sees it. */
struct entrance {
	const struct space *space;
	unsigned which;
	struct str name;
};

/* A source that may enter there: what is behind every interface may not. */
static bool
is_taken(const void *context, size_t cell)
{
	const struct entrance *entrance = context;
	const struct space_source *source =
	    &entrance->space->sources.items[cell];
	const struct policy *policy =
	    entrance->space->policies[entrance->which];
	uint8_t zone = source->zone[entrance->which];

	return !source->self && !source->unprefixed &&
	       zone < policy->zone_count &&
	       policy_zone_has_interface(&policy->zones[zone], entrance->name);
}

static int
add_interface(struct diff *diff, struct str name, uint32_t sources, bool taken)
{
	struct diff_interface one = { name, sources, taken };

	if (sources == DIAGRAM_EMPTY)
		return 0;
	return VEC_ADD(&diff->interfaces, one);
}

static int
compare_interface(struct diff *diff, struct str name)
{
	struct diagram *d = &diff->space.diagram;
	struct entrance entrance = { &diff->space, 0, name };
	uint32_t before =
	    space_cells(&diff->space, SPACE_SOURCE, is_taken, &entrance);

	entrance.which = 1;
	uint32_t after =
	    space_cells(&diff->space, SPACE_SOURCE, is_taken, &entrance);
	int rc =
	    add_interface(diff, name, diagram_minus(d, before, after), false);
	return rc < 0 ? rc
		      : add_interface(
			    diff, name, diagram_minus(d, after, before), true);
}

/* Each interface once, where it is first named. */
static bool
is_first_mention(
    const struct diff *diff, unsigned which, size_t zone, size_t at)
{
	const struct policy *policy = diff->space.policies[which];
	struct str name = policy->zones[zone].interfaces[at];

	for (unsigned p = 0; p <= which; p++) {
		const struct policy *other = diff->space.policies[p];
		size_t end = p == which ? zone : other->zone_count;
		for (size_t z = 0; z < end; z++)
			if (policy_zone_has_interface(&other->zones[z], name))
				return false;
	}
	return true;
}

static int
compare_interfaces(struct diff *diff)
{
	int rc = 0;

	for (unsigned p = 0; p < diff->space.policy_count; p++) {
		const struct policy *policy = diff->space.policies[p];
		for (size_t z = 0; z < policy->zone_count; z++)
			for (size_t i = 0;
			     rc == 0 && i < policy->zones[z].interface_count;
			     i++)
				if (is_first_mention(diff, p, z, i))
					rc = compare_interface(diff,
					    policy->zones[z].interfaces[i]);
	}
	return rc;
}

static void
count_statement(void *context, struct str statement, bool is_new)
{
	size_t *count = context;

	(void)statement;
	(void)is_new;
	(*count)++;
}

int
policy_diff(
    const struct policy *before, const struct policy *after, struct diff *ret)
{
	const struct policy *const policies[] = { before, after };

	*ret = (struct diff){ 0 };
	int rc = space_init(&ret->space, policies, 2);
	if (rc == 0)
		rc = meaning_init(&ret->before, &ret->space, 0);
	if (rc == 0)
		rc = meaning_init(&ret->after, &ret->space, 1);
	if (rc == 0)
		rc = compare_interfaces(ret);
	if (rc == 0)
		rc = statement_diff(
		    before, after, count_statement, &ret->statements);
	return rc == 0 ? compare_flows(ret) : rc;
}

void
diff_fini(struct diff *diff)
{
	meaning_fini(&diff->before);
	meaning_fini(&diff->after);
	space_fini(&diff->space);
	free(diff->interfaces.items);
	free(diff->classes.items);
	*diff = (struct diff){ 0 };
}

bool
diff_is_empty(const struct diff *diff)
{
	return diff->interfaces.count == 0 && diff->statements == 0 &&
	       diff->classes.count == 0;
}

static void
say_target(const struct meaning_outcome *outcome, struct text *out)
{
	const struct policy_rule *rule = outcome->rule;
	const struct policy_service *ports = &rule->services.items[0];
	char text[ADDRESS_TEXT_BYTES];
	struct address_port at = {
		outcome->ipv6 ? rule->target6 : rule->target4, rule->target_port
	};

	if (rule->target_shift != 0)
		at.port = policy_target_port(rule, ports->first);
	text_addf(out, " to %s",
	    at.port != 0 ? address_port_format(at, text)
			 : address_format(at.address, text));
	if (rule->target_shift != 0 && ports->first != ports->last)
		text_addf(out, "-%u", policy_target_port(rule, ports->last));
}

static void
say_source(bool per_source, struct text *out)
{
	text_addz(out, per_source ? " per source" : "");
}

static char
unit_of(uint32_t seconds)
{
	if (seconds == 1)
		return 's';
	if (seconds == 60)
		return 'm';
	if (seconds == 3600)
		return 'h';
	return 'd';
}

static void
say_limits(const struct policy_rule *rule, struct text *out)
{
	if (rule->limit.count > 0) {
		text_addf(out, " limit %u/%c burst %u", rule->limit.count,
		    unit_of(rule->limit.seconds), rule->limit.burst);
		say_source(rule->limit.per_source, out);
	}
	if (rule->connections > 0) {
		text_addf(out, " connections %u", rule->connections);
		say_source(rule->connections_per_source, out);
	}
	if (!meaning_is_limited(rule))
		text_addz(out, " without limit");
}

struct said_reports {
	struct text *out;
	bool any;
};

static void
say_report(void *context, const struct policy_rule *rule)
{
	struct said_reports *said = context;

	text_addf(
	    said->out, said->any ? ", %u" : " reported by %u", rule->line);
	said->any = true;
}

static void
say_reports(const struct meaning *meaning,
    const struct meaning_outcome *outcome, struct text *out)
{
	struct said_reports said = { out, false };

	meaning_outcome_reports(meaning, outcome, say_report, &said);
	if (!said.any)
		text_addz(out, " not reported");
}

/* What one outcome has that the other one has not. */
static void
say_rest(const struct meaning_outcome *outcome,
    const struct meaning_outcome *other, struct text *out)
{
	bool proxy = outcome->carriage == MEANING_PROXY;
	bool hidden = outcome->carriage == MEANING_MASQUERADED;

	if (outcome->rule->publish)
		say_target(outcome, out);
	if (other->rule == NULL ||
	    outcome->rule->verdict != other->rule->verdict)
		return;
	if (proxy != (other->carriage == MEANING_PROXY))
		text_addz(out, proxy ? " by the proxy" : " by the firewall");
	if (hidden != (other->carriage == MEANING_MASQUERADED))
		text_addz(out, hidden ? " masqueraded" : "");
	if (outcome->rule->log != other->rule->log)
		text_addz(out, outcome->rule->log ? " logged" : " not logged");
	/* Limits that are the same and differ in who shares them, too. */
	if (meaning_is_limited(outcome->rule) ||
	    meaning_is_limited(other->rule))
		say_limits(outcome->rule, out);
}

/* A rule of another file than the policy's own says which. */
static void
say_place(const struct policy *policy, const struct policy_rule *rule,
    struct text *out)
{
	const struct source *source = rule->place.source;

	if (rule->line == 0)
		text_addz(out, " (built in)");
	else if (source == NULL || source == &policy->source)
		text_addf(out, " (line %u)", rule->line);
	else
		text_addf(
		    out, " (%.*s line %u)", STR_ARG(source->name), rule->line);
}

static void
say_outcome(const struct meaning *meaning,
    const struct meaning_outcome *outcome, const struct meaning_outcome *other,
    struct text *out)
{
	static const char *const unruled[MEANING_CARRIAGE_COUNT] = {
		[MEANING_NEEDS_PROXY] = "needs the proxy",
		[MEANING_LISTENER] = "the proxy listens",
		[MEANING_UNSERVED] = "the proxy does not serve it",
		[MEANING_NO_ZONE] = "no zone",
	};

	text_addz(out, policy_verdict_word(meaning_verdict(outcome)));
	if (outcome->rule == NULL) {
		text_addf(out, " (%s)", unruled[outcome->carriage]);
	} else {
		say_rest(outcome, other, out);
		say_place(meaning->policy, outcome->rule, out);
	}
	if (memcmp(outcome->reports, other->reports,
		sizeof(outcome->reports)) != 0)
		say_reports(meaning, outcome, out);
}

static void
say_change(
    const struct diff *diff, const struct diff_class *class, struct text *out)
{
	say_outcome(&diff->before, &class->before, &class->after, out);
	text_addz(out, " -> ");
	say_outcome(&diff->after, &class->after, &class->before, out);
}

/* Sources alone, in words. */
static int
say_sources(const struct diff *diff, uint32_t sources, struct text *out)
{
	struct region region;

	for (size_t i = 0; i < SPACE_DIMENSION_COUNT; i++)
		region.least[i] = region.most[i] = DIAGRAM_ALL;
	region.least[SPACE_SOURCE] = region.most[SPACE_SOURCE] = sources;
	return region_say(&diff->space, &region, SPACE_SOURCE, out);
}

/* Outcomes stand under each other, unless a line is longer than most. */
#define COLUMN_MAX 56

static int
describe_class(
    const struct diff *diff, size_t i, size_t column, struct text *out)
{
	const struct diff_class *class = &diff->classes.items[i];
	size_t start = out->len;

	int rc = region_describe(&diff->space, &class->region, out);
	size_t width = out->len - start;
	text_pad(out, ' ', width < column ? column - width : 0);
	text_addz(out, "  ");
	say_change(diff, class, out);
	text_addc(out, '\n');
	return rc;
}

static int
find_column(const struct diff *diff, size_t *ret)
{
	struct text line = TEXT_EMPTY;
	int rc = 0;

	*ret = 0;
	for (size_t i = 0; i < diff->classes.count && rc == 0; i++) {
		text_clear(&line);
		rc = region_describe(
		    &diff->space, &diff->classes.items[i].region, &line);
		if (line.len > *ret && line.len <= COLUMN_MAX)
			*ret = line.len;
	}
	text_fini(&line);
	return rc;
}

static void
say_statement(void *context, struct str statement, bool is_new)
{
	struct text *out = context;

	text_addf(
	    out, "%s %.*s\n", is_new ? "now" : "no longer", STR_ARG(statement));
}

static int
describe_statements(const struct diff *diff, struct text *out)
{
	return diff->statements == 0
		   ? 0
		   : statement_diff(diff->before.policy, diff->after.policy,
			 say_statement, out);
}

int
diff_describe(const struct diff *diff, struct text *out)
{
	size_t column;
	int rc = find_column(diff, &column);

	for (size_t i = 0; i < diff->interfaces.count && rc == 0; i++) {
		const struct diff_interface *one = &diff->interfaces.items[i];
		text_addf(out, "interface %.*s %s ", STR_ARG(one->name),
		    one->taken ? "now takes" : "no longer takes");
		rc = say_sources(diff, one->sources, out);
		text_addc(out, '\n');
	}
	if (rc == 0)
		rc = describe_statements(diff, out);
	for (size_t i = 0; i < diff->classes.count && rc == 0; i++)
		rc = describe_class(diff, i, column, out);
	return rc < 0 || !out->full ? rc : -ENOMEM;
}

/* A member that a flow can have any of is null. */
static int
json_side(const struct diff *diff, const struct diff_class *class,
    const char *name, enum space_dimension dimension, struct json *json)
{
	struct text words = TEXT_EMPTY;
	int rc = region_say(&diff->space, &class->region, dimension, &words);

	json_name(json, name);
	json_put_string(
	    json, words.len > 0 ? text_str(&words) : (struct str){ NULL, 0 });
	text_fini(&words);
	return rc;
}

static void
json_rule(const struct policy_rule *rule, struct json *json)
{
	json_name(json, "rule");
	if (rule == NULL || rule->line == 0) {
		json_put_null(json);
		return;
	}
	json_object_begin(json);
	json_name(json, "line");
	json_put_integer(json, rule->line);
	json_name(json, "name");
	json_put_string(json, rule->label);
	json_object_end(json);
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
	    json, outcome->carriage == MEANING_PROXY ? "proxy" : "firewall");
	json_name(json, "log");
	json_put_bool(json, outcome->rule != NULL && outcome->rule->log);
	json_rule(outcome->rule, json);
	json_reports(meaning, outcome, json);
	say_outcome(meaning, outcome, other, &words);
	json_name(json, "text");
	json_put_string(json, text_str(&words));
	json_object_end(json);
	text_fini(&words);
}

static int
json_class(
    const struct diff *diff, const struct diff_class *class, struct text *out)
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
    const struct diff *diff, const struct diff_interface *one, struct text *out)
{
	struct json json = JSON_ON(out);
	struct text words = TEXT_EMPTY;

	int rc = say_sources(diff, one->sources, &words);
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
diff_json(const struct diff *diff, struct text *out)
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
