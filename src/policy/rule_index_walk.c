/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/rule_index_walk: the rules that are left of a list for one flow.
 */
#include "policy/rule_index_impl.h"

/* What few rules name is added to the vectors; all zero between two walks. */
enum mark {
	MARK_SERVICE,
	MARK_TO,
	MARK_FROM,
	MARK_COUNT
};

static _Thread_local uint64_t marks[MARK_COUNT][RULE_INDEX_VECTOR_MAX];

/* 64 rules that the flow's service leaves; or, behind the rules, summaries. */
static uint64_t
left_by_service(const struct rule_index_walk *walk, size_t word)
{
	return walk->service[0][word] | walk->service[1][word] |
	       walk->marks[MARK_SERVICE][word];
}

static uint64_t
left_by_to(const struct rule_index_walk *walk, size_t word)
{
	return walk->to[0][word] | walk->to[1][word] | walk->to[2][word] |
	       walk->to[3][word] | walk->to[4][word] |
	       walk->marks[MARK_TO][word];
}

static uint64_t
left_by_from(const struct rule_index_walk *walk, size_t word)
{
	return walk->from[0][word] | walk->from[1][word] |
	       walk->marks[MARK_FROM][word];
}

static uint64_t
left_by_all(const struct rule_index_walk *walk, size_t word)
{
	return left_by_service(walk, word) & left_by_to(walk, word) &
	       left_by_from(walk, word);
}

/*
 * Whether the rule is left by what was looked up before: that rules out most
 * rules of a host that many name.
 */
static bool
is_left(const struct rule_index_walk *walk, enum mark mark, uint32_t rule)
{
	uint64_t bit = (uint64_t)1 << rule % 64;

	if (mark == MARK_SERVICE)
		return true;
	if ((left_by_service(walk, rule / 64) & bit) == 0)
		return false;
	return mark == MARK_TO || (left_by_to(walk, rule / 64) & bit) != 0;
}

/* Marks the rules of the key, or gives the vector that holds them. */
static const uint64_t *
look_up(struct rule_index_walk *walk, enum mark mark,
    const struct rule_postings *postings, size_t key)
{
	const uint64_t *thick = postings->thick[key];
	uint32_t end = postings->begins[key + 1];

	if (thick != NULL)
		return thick;
	for (uint32_t i = postings->begins[key]; i < end; i++) {
		uint32_t rule = postings->rules[i];
		if (!is_left(walk, mark, rule))
			continue;
		rule_index_set(walk->marks[mark], rule);
		rule_index_set(walk->marked, rule / 64);
	}
	return walk->index->none;
}

static void
begin_service(struct rule_index_walk *walk, const struct rule_index_key *key)
{
	const struct rule_index *index = walk->index;
	const struct rule_spans *spans = &index->spans[key->protocol];

	walk->service[0] =
	    key->service_known ? index->any_service : index->every;
	walk->service[1] = index->none;
	if (key->service_known)
		walk->service[1] = look_up(walk, MARK_SERVICE, &spans->rules,
		    rank4_find(&spans->rank, key->port));
}

static void
begin_to(struct rule_index_walk *walk, const struct rule_index_key *key)
{
	const struct rule_index *index = walk->index;
	bool known = key->destination_known;
	bool self = known && key->to_zone == ZONE_SELF;

	walk->to[0] = known ? index->to[key->to_zone] : index->to_addresses;
	walk->to[1] = self ? index->own[key->own_zone] : index->none;
	walk->to[2] = key->name_open ? index->to_names : index->none;
	walk->to[3] = walk->to[4] = index->none;
	if (known)
		walk->to[3] = look_up(walk, MARK_TO, &index->to_sets,
		    membership_of_address(&index->groups, key->destination)
			->id);
	if (key->name_known)
		walk->to[4] = look_up(walk, MARK_TO, &index->to_sets,
		    membership_of_name(&index->groups, key->name)->id);
}

static void
begin_from(struct rule_index_walk *walk, const struct rule_index_key *key)
{
	const struct rule_index *index = walk->index;

	walk->from[0] = index->from[key->from_zone];
	walk->from[1] = look_up(walk, MARK_FROM, &index->from_sets,
	    membership_of_address(&index->groups, key->source)->id);
}

void
rule_index_begin(const struct rule_index *index,
    const struct rule_index_key *key, struct rule_index_walk *ret)
{
	ret->index = index;
	ret->marks = marks;
	memset(ret->marked, 0, index->summaries * sizeof(*ret->marked));
	begin_service(ret, key);
	begin_to(ret, key);
	begin_from(ret, key);
	/* Where a service is not known, rules are left that are not plain. */
	for (size_t i = 0; i < index->summaries; i++)
		ret->touched[i] =
		    ret->marked[i] |
		    (key->service_known ? left_by_all(ret, index->words + i)
					: index->every[index->words + i]);
	ret->summary = 0;
	ret->words = ret->touched[0];
	ret->rules = 0;
}

bool
rule_index_next(struct rule_index_walk *walk, size_t *ret_rule)
{
	while (walk->rules == 0) {
		while (walk->words == 0) {
			if (++walk->summary == walk->index->summaries)
				return false;
			walk->words = walk->touched[walk->summary];
		}
		walk->word =
		    walk->summary * 64 + (size_t)__builtin_ctzll(walk->words);
		walk->words &= walk->words - 1;
		walk->rules = left_by_all(walk, walk->word);
	}
	*ret_rule = walk->word * 64 + (size_t)__builtin_ctzll(walk->rules);
	walk->rules &= walk->rules - 1;
	return true;
}

void
rule_index_pass_alike(struct rule_index_walk *walk, size_t rule)
{
	size_t next = walk->index->alike_until[rule];
	size_t word = next / 64, summary = word / 64;

	if (next == rule + 1)
		return;
	walk->rules = walk->words = 0;
	walk->summary = summary;
	if (summary == walk->index->summaries) {
		walk->summary--;
		return;
	}
	walk->word = word;
	walk->words = walk->touched[summary] & UINT64_MAX << word % 64;
	if ((walk->words >> word % 64 & 1) == 0)
		return;
	walk->words &= walk->words - 1;
	walk->rules = left_by_all(walk, word) & UINT64_MAX << next % 64;
}

void
rule_index_end(struct rule_index_walk *walk)
{
	for (size_t i = 0; i < walk->index->summaries; i++)
		for (uint64_t left = walk->marked[i]; left != 0;
		     left &= left - 1) {
			size_t word = i * 64 + (size_t)__builtin_ctzll(left);
			for (unsigned mark = 0; mark < MARK_COUNT; mark++)
				walk->marks[mark][word] = 0;
		}
}
