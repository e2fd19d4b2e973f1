/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/ruleset.h"

#include "policy/limits.h"
#include "policy/words.h"

#include "base/vec.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void
import_ruleset_init(struct import_ruleset *rules, struct arena *arena)
{
	*rules = (struct import_ruleset){ .arena = arena };
}

void
import_ruleset_fini(struct import_ruleset *rules)
{
	for (size_t i = 0; i < rules->chains.count; i++)
		free(rules->chains.items[i]->items);
	for (size_t i = 0; i < rules->sets.count; i++)
		free(rules->sets.items[i]->items);
	free(rules->chains.items);
	free(rules->sets.items);
	free(rules->lines.items);
}

struct str
import_words(struct arena *arena, const char *format, ...)
{
	char *at = NULL;
	va_list args;

	va_start(args, format);
	int len = vasprintf(&at, format, args);
	va_end(args);
	if (len < 0) {
		arena->full = true;
		return STR("");
	}
	struct str words = arena_str(arena, (struct str){ at, (size_t)len });
	free(at);
	return words.at != NULL ? words : STR("");
}

struct import_line *
import_line_add(struct import_ruleset *rules, const char *file, uint32_t number,
    struct str text)
{
	struct import_line *line = arena_new(rules->arena, struct import_line);

	if (line == NULL || VEC_ADD(&rules->lines, line) < 0) {
		rules->failed = true;
		return NULL;
	}
	*line = (struct import_line){
		.file = file, .number = number, .text = text
	};
	return line;
}

struct import_chain *
import_chain_find(const struct import_ruleset *rules,
    enum address_family family, struct str table, struct str name)
{
	for (size_t i = 0; i < rules->chains.count; i++) {
		struct import_chain *chain = rules->chains.items[i];
		if (chain->family == family && str_eq(chain->name, name) &&
		    str_eq(chain->table, table))
			return chain;
	}
	return NULL;
}

struct import_chain *
import_chain_get(struct import_ruleset *rules, enum address_family family,
    struct str table, struct str name)
{
	struct import_chain *chain =
	    import_chain_find(rules, family, table, name);

	if (chain != NULL)
		return chain;
	chain = arena_new(rules->arena, struct import_chain);
	if (chain == NULL || VEC_ADD(&rules->chains, chain) < 0) {
		rules->failed = true;
		return NULL;
	}
	*chain = (struct import_chain){ .family = family,
		.table = table,
		.name = name,
		.policy = IMPORT_ACCEPT,
		.in = UINT64_MAX,
		.out = UINT64_MAX };
	return chain;
}

struct import_rule
import_rule_begin(struct import_line *line, enum address_family family)
{
	struct import_rule rule = { .line = line,
		.match = box_all(),
		.in = UINT64_MAX,
		.out = UINT64_MAX };

	rule.match.src = span_set_family(family);
	rule.match.dst = span_set_family(family);
	return rule;
}

void
import_rule_add(struct import_ruleset *rules, struct import_chain *chain,
    const struct import_rule *rule)
{
	if (chain == NULL || VEC_ADD(chain, *rule) < 0)
		rules->failed = true;
}

void
import_rule_move(struct import_chain *chain, size_t to)
{
	if (chain->count < 2 || to >= chain->count - 1)
		return;
	struct import_rule last = chain->items[chain->count - 1];
	memmove(&chain->items[to + 1], &chain->items[to],
	    (chain->count - 1 - to) * sizeof(last));
	chain->items[to] = last;
}

void
import_rule_inexact(struct import_rule *rule, const char *why)
{
	if (rule->why == NULL)
		rule->why = why;
}

static struct span_set
narrow(struct import_ruleset *rules, struct span_set old, struct span_set set,
    bool negated)
{
	return negated ? span_set_minus(rules->arena, old, set)
		       : span_set_and(rules->arena, old, set);
}

void
import_rule_src(struct import_ruleset *rules, struct import_rule *rule,
    struct span_set set, bool negated)
{
	rule->match.src = narrow(rules, rule->match.src, set, negated);
}

void
import_rule_dst(struct import_ruleset *rules, struct import_rule *rule,
    struct span_set set, bool negated)
{
	rule->match.dst = narrow(rules, rule->match.dst, set, negated);
}

void
import_rule_service(struct import_ruleset *rules, struct import_rule *rule,
    struct span_set set, bool negated)
{
	rule->match.service = narrow(rules, rule->match.service, set, negated);
}

struct span_set
import_multicast(void)
{
	static const struct span many[] = {
		{ { 0, 0xffffe0000000 }, { 0, 0xffffefffffff } },
		{ { 0xff00000000000000, 0 }, { UINT64_MAX, UINT64_MAX } },
	};

	return (struct span_set){ many, 2 };
}

struct span_set
import_broadcast(void)
{
	static const struct span all = { { 0, 0xffffffffffff },
		{ 0, 0xffffffffffff } };

	return (struct span_set){ &all, 1 };
}

uint64_t
import_interface_bit(struct import_ruleset *rules, struct str name)
{

	if (str_is(name, "lo"))
		return BOX_LOOPBACK;
	if (!policy_word_is_interface(name))
		return 0;
	for (size_t i = 0; i < rules->interface_count; i++)
		if (str_eq(rules->interfaces[i].name, name))
			return UINT64_C(1) << i;
	if (rules->interface_count == IMPORT_INTERFACES_MAX)
		return 0;
	rules->interfaces[rules->interface_count] =
	    (struct import_interface){ .name = name };
	return UINT64_C(1) << rules->interface_count++;
}

static uint64_t
interfaces_of(struct import_ruleset *rules, struct import_rule *rule,
    struct str name, bool negated)
{
	uint64_t bit;

	if (str_is(name, "+") || name.len == 0)
		return negated ? 0 : UINT64_MAX;
	/* To iptables '*' is a letter like others. */
	bool strange = str_find(name, '*') < name.len;
	if (str_ends(name, STR("+")))
		name = import_words(
		    rules->arena, "%.*s*", (int)name.len - 1, name.at);
	bit = strange ? 0 : import_interface_bit(rules, name);
	if (bit != 0)
		return negated ? ~bit : bit;
	import_rule_inexact(rule, "no zone can be of this interface");
	return UINT64_MAX;
}

void
import_rule_in(struct import_ruleset *rules, struct import_rule *rule,
    struct str name, bool negated)
{
	rule->in &= interfaces_of(rules, rule, name, negated);
}

void
import_rule_out(struct import_ruleset *rules, struct import_rule *rule,
    struct str name, bool negated)
{
	rule->out &= interfaces_of(rules, rule, name, negated);
}

struct str
import_hours_get(struct import_ruleset *rules, struct str spans)
{
	size_t i = 0;

	while (i < rules->hours_count && !str_eq(rules->hours[i].spans, spans))
		i++;
	if (i == IMPORT_INTERFACES_MAX)
		return STR("");
	if (i == rules->hours_count) {
		rules->hours[i].spans = arena_str(rules->arena, spans);
		rules->hours[i].name =
		    import_words(rules->arena, "hours%zu", i + 1);
		rules->hours_count++;
	}
	return rules->hours[i].name;
}

struct import_set *
import_set_find(
    const struct import_ruleset *rules, struct str table, struct str name)
{
	for (size_t i = 0; i < rules->sets.count; i++)
		if (str_eq(rules->sets.items[i]->name, name) &&
		    str_eq(rules->sets.items[i]->table, table))
			return rules->sets.items[i];
	return NULL;
}

struct import_set *
import_set_get(struct import_ruleset *rules, struct str table, struct str name)
{
	struct import_set *set = import_set_find(rules, table, name);

	if (set != NULL)
		return set;
	set = arena_new(rules->arena, struct import_set);
	if (set == NULL || VEC_ADD(&rules->sets, set) < 0) {
		rules->failed = true;
		return NULL;
	}
	*set = (struct import_set){ .table = table, .name = name };
	return set;
}
