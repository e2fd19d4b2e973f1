/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/resolve_rule: the ordered list.
 */
#include "policy/learning.h"
#include "policy/local.h"
#include "policy/manual.h"
#include "policy/prospect.h"
#include "policy/resolve.h"

#include <errno.h>
#include <stdlib.h>

/* Labels go into logs and into the kernel's log prefix as they are. */
static bool
resolve_label(struct resolver *resolver, const struct syntax_word *label)
{
	if (label->text.at == NULL)
		return true;
	if (label->text.len == 0 || label->text.len > POLICY_RULE_NAME_MAX) {
		report_error(resolver->report, label->place,
		    "a rule's name has 1 to %d characters",
		    POLICY_RULE_NAME_MAX);
		report_see(resolver->report, MANUAL_OPTIONS);
		return false;
	}
	for (size_t i = 0; i < label->text.len; i++) {
		uint8_t c = (uint8_t)label->text.at[i];
		if (c < ' ' || c == 0x7f || strchr("\\$`", c) != NULL) {
			report_error(resolver->report, label->place,
			    "a rule's name holds no control characters and "
			    "none of \\ $ `");
			report_see(resolver->report, MANUAL_OPTIONS);
			return false;
		}
	}
	return true;
}

/* The statement on one line, runs of blanks and line ends folded. */
static struct str
folded(struct arena *arena, struct str text)
{
	struct text line = TEXT_EMPTY;

	for (size_t i = 0; i < text.len; i++) {
		if ((uint8_t)text.at[i] > ' ')
			text_addc(&line, text.at[i]);
		else if (line.len > 0 && line.at[line.len - 1] != ' ')
			text_addc(&line, ' ');
	}
	struct str copy = arena_str(arena, text_str(&line));
	arena->full |= line.full;
	text_fini(&line);
	return copy;
}

static bool
check_once(struct resolver *resolver, const struct syntax_rule *syntax)
{
	if (syntax->direct.text.at == NULL ||
	    str_is(syntax->verdict.text, "allow"))
		return true;
	report_error(resolver->report, syntax->direct.place,
	    "'direct' goes with 'allow': it leads past the proxy");
	report_see(resolver->report, MANUAL_OPTIONS);
	return false;
}

/*
 * The line of a place that is not above the one asked for before, or that is in
 * another file: counted from there, so that a list of rules costs one walk over
 * each text and not one each.
 */
static uint32_t
next_line(struct line_counter *lines, struct place place)
{
	if (lines->source != place.source)
		*lines = (struct line_counter){ .source = place.source };
	for (; lines->at < place.at; lines->at++)
		lines->passed += place.source->text.at[lines->at] == '\n';
	return lines->passed + 1;
}

static void
describe_rule(struct resolver *resolver, const struct syntax_rule *syntax,
    bool built_in, struct policy_rule *rule)
{
	rule->label = syntax->label.text;
	rule->log = syntax->log.text.at != NULL;
	rule->direct = syntax->direct.text.at != NULL;
	rule->report = syntax->report.text.at != NULL;
	rule->text = folded(resolver->arena, syntax->text);
	rule->place =
	    rule->report ? syntax->report.place : syntax->verdict.place;
	rule->line = built_in ? 0 : next_line(&resolver->lines, rule->place);
}

static bool
resolve_filter(struct resolver *resolver, const struct syntax_rule *syntax,
    struct policy_rule *rule)
{
	(void)policy_verdict_find(syntax->verdict.text, &rule->verdict);
	bool good = resolve_source(
	    resolver, syntax->from, syntax->from_except, &rule->from);
	good &= resolve_destination(
	    resolver, syntax->to, syntax->to_except, &rule->to);
	good &= resolve_services(resolver, syntax->services, &rule->services);
	good &= resolve_conditions(resolver, syntax, rule);
	good &= resolve_label(resolver, &syntax->label);
	good &= resolve_via(resolver, syntax, rule);
	good &= resolve_inspect(resolver, syntax, rule);
	return good & check_once(resolver, syntax);
}

/* The one address of a family that the target stands for. */
static bool
take_target(const struct policy_group *group, struct address *ret4,
    struct address *ret6)
{
	for (size_t i = 0; i < address_set_count(&group->addresses); i++) {
		struct address_range range =
		    address_set_range(&group->addresses, i);
		struct address *target =
		    range.first.family == ADDRESS_IPV4 ? ret4 : ret6;
		if (target->family != ADDRESS_NONE ||
		    !address_eq(range.first, range.last))
			return false;
		*target = range.first;
	}
	return true;
}

bool
resolve_target(struct resolver *resolver, const struct syntax_word *words,
    const char *no_address, const char *several, struct address *ret4,
    struct address *ret6)
{
	struct policy_endpoint target = { 0 };
	bool good = true;

	if (!resolve_destination(resolver, words, NULL, &target))
		return false;
	if (target.zones != 0 || policy_endpoint_has_domains(&target)) {
		report_error(resolver->report, words->place, "%s", no_address);
		return false;
	}
	for (size_t i = 0; i < target.group_count; i++)
		good &= take_target(target.groups[i], ret4, ret6);
	if (!good)
		report_error(resolver->report, words->place, "%s", several);
	return good;
}

/*
 * A port or a range becomes one port, or a range of the same length.  What one
 * port becomes is a shift, so that a range and its ports one by one are the
 * same.
 */
static bool
resolve_moved_ports(struct resolver *resolver, const struct syntax_rule *syntax,
    const struct policy_service *inside, struct policy_rule *rule)
{
	const struct policy_service *outside = &rule->services.items[0];
	unsigned length = (unsigned)(outside->last - outside->first);

	if (inside->first == inside->last && length > 0) {
		rule->target_port = inside->first;
		return true;
	}
	if ((unsigned)(inside->last - inside->first) != length) {
		report_error(resolver->report, syntax->target->what.place,
		    "a range of ports becomes one port, or a range of the "
		    "same length");
		return false;
	}
	rule->target_shift = inside->first - outside->first;
	if (length < POLICY_SHIFTED_PORTS_MAX || rule->target_shift == 0)
		return true;
	report_error(resolver->report, syntax->target->what.place,
	    "at most %d ports are moved by one rule", POLICY_SHIFTED_PORTS_MAX);
	report_see(resolver->report, MANUAL_LIMITS);
	return false;
}

static bool
resolve_target_port(struct resolver *resolver, const struct syntax_rule *syntax,
    struct policy_rule *rule)
{
	const struct policy_services *outside = &rule->services;
	struct policy_services inside;

	if (syntax->target == NULL)
		return true;
	if (!resolve_services(resolver, syntax->target, &inside))
		return false;
	if (inside.count != 1 || outside->count != 1 ||
	    inside.items[0].protocol != outside->items[0].protocol ||
	    inside.items[0].first == 0) {
		report_error(resolver->report, syntax->target->what.place,
		    "ports of one kind are published as ports of the same "
		    "protocol");
		report_hint(resolver->report,
		    "leave the second out to keep the ports as they are");
		return false;
	}
	return resolve_moved_ports(resolver, syntax, &inside.items[0], rule);
}

/* The first condition that no packet shows, or NULL. */
static const struct syntax_word *
head_condition(const struct syntax_rule *syntax)
{
	const struct syntax_word *const words[] = { syntax->methods,
		syntax->paths, syntax->schemes, syntax->users, syntax->types,
		syntax->headers != NULL ? &syntax->headers->name : NULL };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i] != NULL)
			return words[i];
	return NULL;
}

static bool
check_published(struct resolver *resolver, const struct syntax_rule *syntax,
    const struct policy_rule *rule)
{
	for (size_t i = 0; i < rule->services.count; i++) {
		const struct policy_service *item = &rule->services.items[i];
		if (policy_protocol_row(item->protocol)->has ==
			POLICY_PROTOCOL_HAS_PORTS &&
		    item->first != 0)
			continue;
		report_error(resolver->report, syntax->services->what.place,
		    "ports are published: say which, like 'tcp 443'");
		return false;
	}
	const struct syntax_word *head = head_condition(syntax);
	if (head == NULL)
		return true;
	report_error(resolver->report, head->place,
	    "'publish' is decided on packets, which show no request");
	return false;
}

static bool
resolve_publish(struct resolver *resolver, const struct syntax_rule *syntax,
    struct policy_rule *rule)
{
	rule->verdict = POLICY_VERDICT_ALLOW;
	rule->publish = true;
	/* From every zone, but what the gateway itself sends is not routed. */
	rule->from.zones = policy_zone_bit(resolver->policy->zone_count) - 1;
	bool good =
	    resolve_zones(resolver, syntax->from, &rule->to.own) &&
	    resolve_services(resolver, syntax->services, &rule->services) &&
	    check_published(resolver, syntax, rule) &&
	    resolve_target(resolver, syntax->to,
		"a flow is published to an address",
		"what is published has one address in each family",
		&rule->target4, &rule->target6) &&
	    resolve_target_port(resolver, syntax, rule);
	good = resolve_conditions(resolver, syntax, rule) && good;
	good &= resolve_label(resolver, &syntax->label);
	good &= resolve_via(resolver, syntax, rule);
	good &= resolve_inspect(resolver, syntax, rule);
	return good & check_once(resolver, syntax);
}

static const char *
manual_of(const struct syntax_word *verdict)
{
	return str_is(verdict->text, "publish") ? MANUAL_PUBLISH : MANUAL_RULES;
}

static void
resolve_rule(
    struct resolver *resolver, const struct syntax_rule *syntax, bool built_in)
{
	struct policy *policy = resolver->policy;
	struct policy_rule rule = { 0 };

	describe_rule(resolver, syntax, built_in, &rule);
	(void)report_topic(resolver->report, manual_of(&syntax->verdict));
	if (str_is(syntax->verdict.text, "publish")
		? resolve_publish(resolver, syntax, &rule)
		: resolve_filter(resolver, syntax, &rule))
		policy->rules[policy->rule_count++] = rule;
}

static uint32_t
fact_bit_if(bool asked, enum policy_fact fact)
{
	return asked ? (uint32_t)1 << fact : 0;
}

_Static_assert(POLICY_FACT_COUNT == 11, "a fact that no rule asks for");

static bool
asks_for_name(const struct policy_rule *rule)
{
	return policy_endpoint_has_domains(&rule->to) ||
	       (rule->to.except != NULL &&
		   policy_endpoint_has_domains(rule->to.except));
}

/* The facts that whoever fills a flow must find out. */
static uint32_t
asked_by(const struct policy_rule *rule)
{
	return fact_bit_if(true, POLICY_FACT_SOURCE) |
	       fact_bit_if(true, POLICY_FACT_DESTINATION) |
	       fact_bit_if(rule->during != NULL, POLICY_FACT_TIME) |
	       fact_bit_if(rule->services.count > 0, POLICY_FACT_SERVICE) |
	       fact_bit_if(asks_for_name(rule), POLICY_FACT_NAME) |
	       fact_bit_if(rule->schemes != 0, POLICY_FACT_SCHEME) |
	       fact_bit_if(rule->method_count > 0, POLICY_FACT_METHOD) |
	       fact_bit_if(rule->path_count > 0, POLICY_FACT_PATH) |
	       fact_bit_if(rule->user_count > 0, POLICY_FACT_USER) |
	       fact_bit_if(rule->header_count > 0, POLICY_FACT_HEADER) |
	       fact_bit_if(rule->type_count > 0, POLICY_FACT_TYPE);
}

/* Rules of one line, or of the same line in several files, are counted. */
static void
number_rules(struct resolver *resolver)
{
	struct policy *policy = resolver->policy;
	uint32_t last = 0;

	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].line > last)
			last = policy->rules[i].line;
	uint32_t *counts = calloc((size_t)last + 1, sizeof(*counts));
	if (counts == NULL)
		resolver->rc = -ENOMEM;
	for (size_t i = 0; counts != NULL && i < policy->rule_count; i++)
		policy->rules[i].nth = ++counts[policy->rules[i].line];
	free(counts);
}

static void
number_bandwidths(struct resolver *resolver)
{
	struct policy *policy = resolver->policy;

	for (size_t i = 0; i < policy->rule_count; i++) {
		struct policy_rule *rule = &policy->rules[i];
		if (!policy_bandwidth_is_limited(&rule->bandwidth))
			continue;
		if (policy->bandwidth_count == POLICY_BANDWIDTHS_MAX) {
			report_error(resolver->report, rule->place,
			    "at most %d rules of a policy have a bandwidth",
			    POLICY_BANDWIDTHS_MAX);
			report_see(resolver->report, MANUAL_LIMITS);
			return;
		}
		rule->bandwidth_number = (uint8_t)++policy->bandwidth_count;
	}
}

static void
find_asked(struct resolver *resolver)
{
	struct policy *policy = resolver->policy;
	const struct policy_rule *rule = NULL;

	for (uint8_t zone = 0; zone < policy->zone_count; zone++)
		if (policy_dns_serves(&policy->dns, zone))
			policy->learns |= policy_zone_bit(zone);
	int rc = policy_learning_find(policy, &rule);

	if (rc == -ENOMEM)
		resolver->rc = rc;
	if (rc != -E2BIG)
		return;
	report_error(resolver->report, rule->place,
	    "the names of at most %d rules are learned; what goes the same way "
	    "can be one name or list",
	    POLICY_ASKED_MAX);
	report_see(resolver->report, MANUAL_LIMITS);
}

void
resolve_rules(struct resolver *resolver, const struct syntax *own,
    const struct syntax *built_in)
{
	struct policy *policy = resolver->policy;
	size_t count = syntax_count(own->rules);

	if (count > POLICY_RULES_MAX) {
		report_error(resolver->report, own->rules->verdict.place,
		    "a policy has at most %d rules", POLICY_RULES_MAX);
		report_see(resolver->report, MANUAL_LIMITS);
		return;
	}
	policy->rules = arena_array(resolver->arena,
	    count + syntax_count(built_in->rules), sizeof(*policy->rules));
	if (policy->rules == NULL)
		return;
	resolver->in_rule = true;
	for (const struct syntax_rule *rule = own->rules; rule != NULL;
	     rule = rule->next)
		resolve_rule(resolver, rule, false);
	for (const struct syntax_rule *rule = built_in->rules; rule != NULL;
	     rule = rule->next)
		resolve_rule(resolver, rule, true);
	resolve_sandbox_end(resolver);
	resolver->in_rule = false;
	for (size_t i = 0; i < policy->rule_count; i++) {
		struct policy_rule *rule = &policy->rules[i];

		policy->asks |= asked_by(rule);
		policy->inspects |= rule->inspect;
	}
	if (policy_find_outside(policy) < 0 ||
	    policy_find_named_local(policy) < 0)
		resolver->rc = -ENOMEM;
	number_rules(resolver);
	number_bandwidths(resolver);
	find_asked(resolver);
}
