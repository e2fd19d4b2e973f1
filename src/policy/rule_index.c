/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/rule_index.h"

#include "base/vec.h"
#include "policy/membership.h"

#include <errno.h>
#include <stdlib.h>

/*
 * Spans of ports times rules that name them: above this the index would cost
 * more memory than the time it saves is worth, and all are asked by port.
 */
#define PORT_RULES_MAX ((size_t)4 << 20)

/* For each group, or each span: where its rules begin in `rules`. */
struct postings {
	uint32_t *begins; /* one more than there are keys */
	uint32_t *rules;
	size_t count; /* of rules in all */
};

/* Ports of one protocol: from starts[i] to the next start the same rules. */
struct spans {
	uint32_t *starts;
	size_t count;
	struct postings rules;
};

/* One bit a rule, for each zone, and for both special ones. */
struct zone_vectors {
	uint64_t *by_zone[64]; /* NULL: no rule */
};

struct rule_index {
	size_t blocks;
	struct membership groups;
	size_t group_count;
	struct zone_vectors from, to, own;
	struct postings from_groups, to_groups;
	uint64_t *to_addresses; /* might match an address that is not known */
	uint64_t *to_names;     /* might match a name that is not known */
	uint64_t *any_service;
	struct spans spans[POLICY_PROTOCOL_COUNT];
};

/* ---- vectors ---- */

static uint64_t *
vector_of(const struct rule_index *index)
{
	return calloc(index->blocks * RULE_INDEX_BLOCK_WORDS, sizeof(uint64_t));
}

static void
set_bit(uint64_t *vector, size_t rule)
{
	vector[rule / 64] |= (uint64_t)1 << rule % 64;
}

static int
add_zones(struct rule_index *index, struct zone_vectors *vectors,
    uint64_t zones, size_t rule)
{
	for (unsigned zone = 0; zone < 64; zone++) {
		if ((zones >> zone & 1) == 0)
			continue;
		if (vectors->by_zone[zone] == NULL)
			vectors->by_zone[zone] = vector_of(index);
		if (vectors->by_zone[zone] == NULL)
			return -ENOMEM;
		set_bit(vectors->by_zone[zone], rule);
	}
	return 0;
}

/* ---- building: groups ---- */

/* All groups of the policy, literals too, in an order that stays. */
static const struct policy_group **
collect_groups(const struct policy *policy, size_t *ret_count)
{
	const struct policy_group **groups;
	size_t count = 0;

	for (const struct policy_group *group = policy->newest; group != NULL;
	     group = group->older)
		count++;
	groups = calloc(count + 1, sizeof(struct policy_group *));
	count = 0;
	for (const struct policy_group *group = policy->newest;
	     groups != NULL && group != NULL; group = group->older)
		groups[count++] = group;
	*ret_count = count;
	return groups;
}

static int
by_pointer(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t) * (const struct policy_group *const *)a;
	uintptr_t y = (uintptr_t) * (const struct policy_group *const *)b;

	return (x > y) - (x < y);
}

/* Sorted by pointer, so that a rule's groups are found by bisection. */
static uint32_t
number_of(const struct policy_group **groups, size_t count,
    const struct policy_group *group)
{
	const struct policy_group **found = bsearch(
	    &group, groups, count, sizeof(struct policy_group *), by_pointer);

	return (uint32_t)(found - groups);
}

static const struct policy_endpoint *
side_of(const struct policy_rule *rule, bool from)
{
	return from ? &rule->from : &rule->to;
}

/* Two walks: count the rules of each group, then write them. */
static int
index_groups(const struct policy *policy, const struct policy_group **groups,
    size_t count, bool from, struct postings *ret)
{
	ret->begins = calloc(count + 2, sizeof(uint32_t));
	if (ret->begins == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_endpoint *side =
		    side_of(&policy->rules[i], from);
		for (size_t j = 0; j < side->group_count; j++)
			ret->begins[number_of(groups, count, side->groups[j]) +
				    2]++;
		ret->count += side->group_count;
	}
	for (size_t i = 2; i < count + 2; i++)
		ret->begins[i] += ret->begins[i - 1];
	ret->rules = calloc(ret->count + 1, sizeof(uint32_t));
	if (ret->rules == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_endpoint *side =
		    side_of(&policy->rules[i], from);
		for (size_t j = 0; j < side->group_count; j++) {
			uint32_t n = number_of(groups, count, side->groups[j]);
			ret->rules[ret->begins[n + 1]++] = (uint32_t)i;
		}
	}
	return 0;
}

/* ---- building: ports ---- */

static int
by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Every port at which the rules that name it may change. */
static int
collect_starts(const struct policy *policy, enum policy_protocol protocol,
    struct spans *ret)
{
	size_t room = 1, kept = 0;

	for (size_t i = 0; i < policy->rule_count; i++)
		room += 2 * policy->rules[i].services.count;
	ret->starts = calloc(room, sizeof(uint32_t));
	if (ret->starts == NULL)
		return -ENOMEM;
	ret->count = 1; /* 0 */
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_services *s = &policy->rules[i].services;
		for (size_t j = 0; j < s->count; j++) {
			if (s->items[j].protocol != protocol)
				continue;
			ret->starts[ret->count++] = s->items[j].first;
			ret->starts[ret->count++] = s->items[j].last + 1u;
		}
	}
	qsort(ret->starts, ret->count, sizeof(uint32_t), by_value);
	for (size_t i = 1; i < ret->count; i++)
		if (ret->starts[i] != ret->starts[kept])
			ret->starts[++kept] = ret->starts[i];
	ret->count = kept + 1;
	return 0;
}

/* The last span that begins at the port or below. */
static size_t
span_of(const struct spans *spans, uint32_t port)
{
	size_t low = 0, high = spans->count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (spans->starts[middle] <= port)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* Calls for each span of each service of the protocol; false: stop. */
static bool
each_span(const struct policy *policy, enum policy_protocol protocol,
    const struct spans *spans,
    bool (*fn)(void *context, size_t span, size_t rule), void *context)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_services *s = &policy->rules[i].services;
		for (size_t j = 0; j < s->count; j++) {
			if (s->items[j].protocol != protocol)
				continue;
			size_t span = span_of(spans, s->items[j].first);
			for (; span < spans->count &&
			       spans->starts[span] <= s->items[j].last;
			     span++)
				if (!fn(context, span, i))
					return false;
		}
	}
	return true;
}

static bool
count_rule(void *context, size_t span, size_t rule)
{
	struct postings *postings = context;

	(void)rule;
	postings->begins[span + 2]++;
	return ++postings->count <= PORT_RULES_MAX;
}

static bool
keep_rule(void *context, size_t span, size_t rule)
{
	struct postings *postings = context;

	postings->rules[postings->begins[span + 1]++] = (uint32_t)rule;
	return true;
}

/* 0, -ENOMEM, or -E2BIG when spans and rules multiply. */
static int
index_ports(const struct policy *policy, enum policy_protocol protocol,
    struct spans *ret)
{
	struct postings *postings = &ret->rules;
	int rc = collect_starts(policy, protocol, ret);

	if (rc < 0)
		return rc;
	postings->begins = calloc(ret->count + 2, sizeof(uint32_t));
	if (postings->begins == NULL)
		return -ENOMEM;
	if (!each_span(policy, protocol, ret, count_rule, postings))
		return -E2BIG;
	for (size_t i = 2; i < ret->count + 2; i++)
		postings->begins[i] += postings->begins[i - 1];
	postings->rules = calloc(postings->count + 1, sizeof(uint32_t));
	if (postings->rules == NULL)
		return -ENOMEM;
	(void)each_span(policy, protocol, ret, keep_rule, postings);
	return 0;
}

/* ---- building: the whole ---- */

static int
index_rule(
    struct rule_index *index, const struct policy_rule *rule, size_t number)
{
	const struct policy_endpoint *to = &rule->to;
	int rc = add_zones(index, &index->from, rule->from.zones, number);

	if (rc == 0)
		rc = add_zones(index, &index->to, to->zones, number);
	if (rc == 0)
		rc = add_zones(index, &index->own, to->own, number);
	if (to->zones != 0 || to->own != 0 || policy_endpoint_has_addresses(to))
		set_bit(index->to_addresses, number);
	if (policy_endpoint_has_domains(to))
		set_bit(index->to_names, number);
	if (rule->services.count == 0)
		set_bit(index->any_service, number);
	return rc;
}

static int
index_rules(struct rule_index *index, const struct policy *policy)
{
	int rc = 0;

	index->to_addresses = vector_of(index);
	index->to_names = vector_of(index);
	index->any_service = vector_of(index);
	if (index->to_addresses == NULL || index->to_names == NULL ||
	    index->any_service == NULL)
		return -ENOMEM;
	for (size_t i = 0; rc == 0 && i < policy->rule_count; i++)
		rc = index_rule(index, &policy->rules[i], i);
	for (unsigned p = 0; rc == 0 && p < POLICY_PROTOCOL_COUNT; p++)
		rc = index_ports(
		    policy, (enum policy_protocol)p, &index->spans[p]);
	return rc;
}

static int
build(struct rule_index *index, const struct policy *policy)
{
	const struct policy_group **groups =
	    collect_groups(policy, &index->group_count);
	size_t count = index->group_count;
	int rc = groups == NULL ? -ENOMEM : 0;

	if (rc == 0 && count > 1)
		qsort(groups, count, sizeof(struct policy_group *), by_pointer);
	if (rc == 0)
		rc = index_groups(
		    policy, groups, count, true, &index->from_groups);
	if (rc == 0)
		rc = index_groups(
		    policy, groups, count, false, &index->to_groups);
	if (rc == 0)
		rc = index_rules(index, policy);
	if (rc == 0)
		rc = membership_init(&index->groups, groups, count);
	free(groups);
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
	size_t bits = (size_t)RULE_INDEX_BLOCK_WORDS * 64;
	index->blocks = (policy->rule_count + bits - 1) / bits;
	int rc = build(index, policy);
	if (rc < 0)
		rule_index_destroy(index);
	else
		*ret = index;
	return 0;
}

static void
fini_zones(struct zone_vectors *vectors)
{
	for (unsigned zone = 0; zone < 64; zone++)
		free(vectors->by_zone[zone]);
}

static void
fini_postings(struct postings *postings)
{
	free(postings->begins);
	free(postings->rules);
}

void
rule_index_destroy(struct rule_index *index)
{
	if (index == NULL)
		return;
	membership_fini(&index->groups);
	fini_zones(&index->from);
	fini_zones(&index->to);
	fini_zones(&index->own);
	fini_postings(&index->from_groups);
	fini_postings(&index->to_groups);
	free(index->to_addresses);
	free(index->to_names);
	free(index->any_service);
	for (unsigned p = 0; p < POLICY_PROTOCOL_COUNT; p++) {
		free(index->spans[p].starts);
		fini_postings(&index->spans[p].rules);
	}
	free(index);
}

/* ---- asking ---- */

/* Four words at once; the compiler makes of it what the machine has. */
typedef uint64_t lanes __attribute__((vector_size(32), aligned(8), may_alias));

#define LANES (sizeof(lanes) / sizeof(uint64_t))

/* What groups and ports add to the vectors; all zero between two walks. */
enum mark {
	MARK_FROM,
	MARK_TO,
	MARK_SERVICE,
	MARK_COUNT
};

static _Thread_local uint64_t marks[MARK_COUNT][RULE_INDEX_WORDS_MAX];

static const uint64_t nothing[RULE_INDEX_BLOCK_WORDS];

/* begins[n] to begins[n + 1] are those of n, after the writing walk. */
static void
flip_postings(
    const struct postings *postings, size_t n, uint64_t *vector, bool on)
{
	for (uint32_t i = postings->begins[n]; i < postings->begins[n + 1];
	     i++) {
		uint32_t rule = postings->rules[i];
		uint64_t bit = (uint64_t)1 << rule % 64;
		if (on)
			vector[rule / 64] |= bit;
		else
			vector[rule / 64] = 0;
	}
}

static void
flip_groups(const struct postings *postings,
    const struct membership_set *groups, uint64_t *vector, bool on)
{
	for (size_t i = 0; i < groups->count; i++)
		flip_postings(postings, groups->groups[i], vector, on);
}

/* Marks what the key has led to, or takes the marks away again. */
static void
flip_marks(const struct rule_index_walk *walk, bool on)
{
	const struct rule_index *index = walk->index;

	flip_groups(
	    &index->from_groups, walk->source_groups, marks[MARK_FROM], on);
	if (walk->destination_groups != NULL)
		flip_groups(&index->to_groups, walk->destination_groups,
		    marks[MARK_TO], on);
	if (walk->name_groups != NULL)
		flip_groups(
		    &index->to_groups, walk->name_groups, marks[MARK_TO], on);
	if (walk->key->service_known)
		flip_postings(&index->spans[walk->key->protocol].rules,
		    walk->span, marks[MARK_SERVICE], on);
}

void
rule_index_begin(const struct rule_index *index,
    const struct rule_index_key *key, struct rule_index_walk *ret)
{
	const struct membership *groups = &index->groups;

	ret->index = index;
	ret->key = key;
	ret->block = 0;
	ret->words = 0;
	ret->source_groups = membership_of_address(groups, key->source);
	ret->destination_groups =
	    key->destination_known
		? membership_of_address(groups, key->destination)
		: NULL;
	ret->name_groups =
	    key->name_known ? membership_of_name(groups, key->name) : NULL;
	if (key->service_known)
		ret->span = span_of(&index->spans[key->protocol], key->port);
	flip_marks(ret, true);
}

void
rule_index_end(struct rule_index_walk *walk)
{
	flip_marks(walk, false);
}

/* The block of a vector, or of none. */
static const uint64_t *
block_of(const uint64_t *vector, size_t block)
{
	return vector != NULL ? vector + block * RULE_INDEX_BLOCK_WORDS
			      : nothing;
}

/* The rules whose destination can be this one, besides those of groups. */
static void
join_destination(const struct rule_index *index,
    const struct rule_index_key *key, size_t block,
    const uint64_t *ret_parts[static 3])
{
	bool known = key->destination_known;
	bool self = known && key->to_zone == ZONE_SELF;

	ret_parts[0] = block_of(
	    known ? index->to.by_zone[key->to_zone] : index->to_addresses,
	    block);
	ret_parts[1] =
	    block_of(self ? index->own.by_zone[key->own_zone] : NULL, block);
	ret_parts[2] = block_of(key->name_open ? index->to_names : NULL, block);
}

#define LOAD(words, at) (*(const lanes *)((words) + (at)))

static void
fill_block(struct rule_index_walk *walk)
{
	const struct rule_index *index = walk->index;
	const struct rule_index_key *key = walk->key;
	size_t block = walk->block++;
	const uint64_t *from =
	    block_of(index->from.by_zone[key->from_zone], block);
	const uint64_t *from_more = block_of(marks[MARK_FROM], block);
	const uint64_t *to_more = block_of(marks[MARK_TO], block);
	const uint64_t *any = block_of(index->any_service, block);
	const uint64_t *any_more = block_of(marks[MARK_SERVICE], block);
	const uint64_t *to[3];

	join_destination(index, key, block, to);
	for (size_t i = 0; i < RULE_INDEX_BLOCK_WORDS; i += LANES) {
		lanes left = LOAD(from, i) | LOAD(from_more, i);
		left &= LOAD(to[0], i) | LOAD(to[1], i) | LOAD(to[2], i) |
			LOAD(to_more, i);
		if (key->service_known)
			left &= LOAD(any, i) | LOAD(any_more, i);
		/* Most are empty: then nothing of them is looked at. */
		if ((left[0] | left[1] | left[2] | left[3]) == 0)
			continue;
		*(lanes *)(walk->left + i) = left;
		for (size_t j = 0; j < LANES; j++)
			walk->words |= (uint32_t)(left[j] != 0) << (i + j);
	}
}

bool
rule_index_next(struct rule_index_walk *walk, size_t *ret_rule)
{
	while (walk->words == 0) {
		if (walk->block == walk->index->blocks)
			return false;
		fill_block(walk);
	}
	size_t at = (size_t)__builtin_ctz(walk->words);
	size_t first = (walk->block - 1) * RULE_INDEX_BLOCK_WORDS;
	uint64_t *word = &walk->left[at];
	*ret_rule = (first + at) * 64 + (size_t)__builtin_ctzll(*word);
	*word &= *word - 1;
	if (*word == 0)
		walk->words &= walk->words - 1;
	return true;
}
