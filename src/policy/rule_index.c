/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/rule_index_impl.h"

#include "policy/evaluate.h"

#include <errno.h>
#include <stdlib.h>

struct build {
	struct rule_index *index;
	const struct policy *policy;
	/* All groups of the policy, literals too, sorted by pointer. */
	const struct policy_group **groups;
	size_t group_count;
	/* Rules that a vector leads to, by where they come from; by service. */
	uint64_t *from, *service;
};

/* ---- groups ---- */

static int
by_pointer(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t) * (const struct policy_group *const *)a;
	uintptr_t y = (uintptr_t) * (const struct policy_group *const *)b;

	return (x > y) - (x < y);
}

static int
collect_groups(struct build *build)
{
	size_t count = 0;

	for (const struct policy_group *group = build->policy->newest;
	     group != NULL; group = group->older)
		count++;
	build->groups = calloc(count + 1, sizeof(struct policy_group *));
	if (build->groups == NULL)
		return -ENOMEM;
	for (const struct policy_group *group = build->policy->newest;
	     group != NULL; group = group->older)
		build->groups[build->group_count++] = group;
	if (count > 1)
		qsort(build->groups, count, sizeof(struct policy_group *),
		    by_pointer);
	return 0;
}

static size_t
number_of(const struct build *build, const struct policy_group *group)
{
	const struct policy_group **found = bsearch(&group, build->groups,
	    build->group_count, sizeof(struct policy_group *), by_pointer);

	return (size_t)(found - build->groups);
}

static const struct policy_endpoint *
side_of(const struct policy_rule *rule, bool from)
{
	return from ? &rule->from : &rule->to;
}

static void
count_rule(struct rule_postings *postings, size_t group, size_t rule)
{
	(void)rule;
	rule_postings_count(postings, group, 1);
}

static void
each_group(const struct build *build, bool from, struct rule_postings *postings,
    void (*fn)(struct rule_postings *postings, size_t group, size_t rule))
{
	const struct policy *policy = build->policy;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_endpoint *side =
		    side_of(&policy->rules[i], from);
		for (size_t j = 0; j < side->group_count; j++)
			fn(postings, number_of(build, side->groups[j]), i);
	}
}

static int
index_groups(const struct build *build, bool from, struct rule_postings *ret)
{
	int rc = rule_postings_init(ret, build->group_count);

	if (rc == 0) {
		each_group(build, from, ret, count_rule);
		rc = rule_postings_place(ret, build->index);
	}
	if (rc == 0)
		each_group(build, from, ret, rule_postings_keep);
	return rc;
}

/* ---- sets of groups ---- */

static void
count_group(const struct build *build, const struct rule_postings *groups,
    size_t group, struct rule_postings *ret, size_t set)
{
	size_t rules = groups->begins[group + 1] - groups->begins[group];

	/* What has many rules gives many to each of its sets. */
	if (groups->thick[group] != NULL)
		rules = rule_postings_many(build->index);
	rule_postings_count(ret, set, rules);
}

static void
keep_group(const struct build *build, const struct rule_postings *groups,
    size_t group, struct rule_postings *ret, size_t set)
{
	const uint64_t *thick = groups->thick[group];

	for (size_t i = 0; thick != NULL && i < build->index->words; i++)
		ret->thick[set][i] |= thick[i];
	for (uint32_t i = groups->begins[group]; i < groups->begins[group + 1];
	     i++)
		rule_postings_keep(ret, set, groups->rules[i]);
}

static void
each_set(const struct build *build, const struct rule_postings *groups,
    struct rule_postings *ret,
    void (*fn)(const struct build *build, const struct rule_postings *groups,
	size_t group, struct rule_postings *ret, size_t set))
{
	const struct membership *membership = &build->index->groups;

	for (size_t i = 0; i < membership->sets.count; i++) {
		const struct membership_set *set = membership->sets.items[i];
		for (size_t j = 0; j < set->count; j++)
			fn(build, groups, set->groups[j], ret, i);
	}
}

/* A flow leads to one set, so its rules lie in one place. */
static int
index_sets(const struct build *build, bool from, struct rule_postings *ret)
{
	struct rule_postings groups = { 0 };
	int rc = index_groups(build, from, &groups);

	if (rc == 0)
		rc = rule_postings_init(ret, build->index->groups.sets.count);
	if (rc == 0) {
		each_set(build, &groups, ret, count_group);
		rc = rule_postings_place(ret, build->index);
	}
	if (rc == 0)
		each_set(build, &groups, ret, keep_group);
	rule_postings_fini(&groups);
	return rc;
}

/* ---- vectors ---- */

static int
add_zones(struct rule_index *index, uint64_t *vectors[static 64],
    uint64_t zones, size_t rule)
{
	for (unsigned zone = 0; zone < 64; zone++) {
		if ((zones >> zone & 1) == 0)
			continue;
		if (vectors[zone] == index->none)
			vectors[zone] = rule_index_vector(index);
		if (vectors[zone] == NULL)
			return -ENOMEM;
		rule_index_set(vectors[zone], rule);
	}
	return 0;
}

static int
add_rule(struct build *build, size_t number)
{
	struct rule_index *index = build->index;
	const struct policy_rule *rule = &build->policy->rules[number];
	const struct policy_endpoint *to = &rule->to;
	int rc = add_zones(index, index->from, rule->from.zones, number);

	if (rc == 0)
		rc = add_zones(index, index->to, to->zones, number);
	if (rc == 0)
		rc = add_zones(index, index->own, to->own, number);
	if (to->zones != 0 || to->own != 0 || policy_endpoint_has_addresses(to))
		rule_index_set(index->to_addresses, number);
	if (policy_endpoint_has_domains(to))
		rule_index_set(index->to_names, number);
	if (rule->from.zones != 0)
		rule_index_set(build->from, number);
	if (rule->services.count == 0) {
		rule_index_set(index->any_service, number);
		rule_index_set(build->service, number);
	}
	rule_index_set(index->every, number);
	return rc;
}

static int
make_vectors(struct build *build)
{
	struct rule_index *index = build->index;
	uint64_t **all[] = { &index->none, &index->every, &index->any_service,
		&index->to_addresses, &index->to_names, &build->from,
		&build->service };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		*all[i] = rule_index_vector(index);
		if (*all[i] == NULL)
			return -ENOMEM;
	}
	for (unsigned zone = 0; zone < 64; zone++)
		index->from[zone] = index->to[zone] = index->own[zone] =
		    index->none;
	return 0;
}

/* Which words of each vector have a plain rule. */
static void
summarise(struct build *build)
{
	struct rule_index *index = build->index;

	rule_postings_join(&index->from_sets, index, build->from);
	for (unsigned p = 0; p < POLICY_PROTOCOL_COUNT; p++)
		rule_postings_join(
		    &index->spans[p].rules, index, build->service);
	for (size_t i = 0; i < index->vectors.count; i++) {
		uint64_t *vector = index->vectors.items[i];
		for (size_t word = 0; word < index->words; word++)
			if ((vector[word] & build->from[word] &
				build->service[word]) != 0)
				rule_index_set(vector + index->words, word);
	}
	/* Of this one, of all rules. */
	for (size_t word = 0; word < index->words; word++)
		rule_index_set(index->every + index->words, word);
}

/* ---- rules that say no more than the one before ---- */

static bool
goes_by_name_alone(const struct policy_rule *rule)
{
	return rule->to.zones == 0 && rule->to.own == 0 &&
	       !policy_endpoint_has_addresses(&rule->to);
}

static int
find_alike(struct build *build)
{
	const struct policy *policy = build->policy;
	size_t count = policy->rule_count;
	uint32_t *until = calloc(count, sizeof(*until));

	if (until == NULL)
		return -ENOMEM;
	build->index->alike_until = until;
	for (size_t i = count; i-- > 0;) {
		const struct policy_rule *rule = &policy->rules[i];
		bool goes_on = i + 1 < count && goes_by_name_alone(rule + 1) &&
			       policy_outcome_same(rule, rule + 1);
		until[i] = goes_on ? until[i + 1] : (uint32_t)(i + 1);
	}
	return 0;
}

/* ---- the whole ---- */

static int
build_all(struct build *build)
{
	struct rule_index *index = build->index;
	int rc = collect_groups(build);

	if (rc == 0)
		rc = make_vectors(build);
	if (rc == 0)
		rc = membership_init(
		    &index->groups, build->groups, build->group_count);
	if (rc == 0)
		rc = index_sets(build, true, &index->from_sets);
	if (rc == 0)
		rc = index_sets(build, false, &index->to_sets);
	for (unsigned p = 0; rc == 0 && p < POLICY_PROTOCOL_COUNT; p++)
		rc = rule_spans_init(&index->spans[p], index, build->policy,
		    (enum policy_protocol)p);
	for (size_t i = 0; rc == 0 && i < build->policy->rule_count; i++)
		rc = add_rule(build, i);
	if (rc == 0)
		rc = find_alike(build);
	if (rc == 0)
		summarise(build);
	return rc;
}

/*
 * Too many combinations of groups or ports are no reason to refuse a policy:
 * its list is walked then.
 */
int
rule_index_create(const struct policy *policy, struct rule_index **ret)
{
	*ret = NULL;
	if (policy->rule_count < RULE_INDEX_RULES_MIN)
		return 0;
	struct rule_index *index = calloc(1, sizeof(*index));
	if (index == NULL)
		return -ENOMEM;
	struct build build = { .index = index, .policy = policy };
	index->words = (policy->rule_count + 63) / 64;
	index->summaries = (index->words + 63) / 64;
	int rc = build_all(&build);
	free(build.groups);
	if (rc < 0)
		rule_index_destroy(index);
	else
		*ret = index;
	return 0;
}

void
rule_index_destroy(struct rule_index *index)
{
	if (index == NULL)
		return;
	membership_fini(&index->groups);
	rule_postings_fini(&index->from_sets);
	rule_postings_fini(&index->to_sets);
	for (unsigned p = 0; p < POLICY_PROTOCOL_COUNT; p++)
		rule_spans_fini(&index->spans[p]);
	for (size_t i = 0; i < index->vectors.count; i++)
		free(index->vectors.items[i]);
	free(index->vectors.items);
	free(index->alike_until);
	free(index);
}
