/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/rule_index_postings: the rules that name a group or a port.
 *
 * Most are named by a few rules, and their numbers are kept.  What thousands
 * of rules name (`tcp 443`) gets a vector: marking them one by one would cost
 * more than all the rest of a walk.
 */
#include "policy/rule_index_impl.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

/*
 * More pairs of keys and rules than this cost more memory, and more time when
 * the policy is read, than the time that they save is worth.
 */
#define PAIRS_MAX ((size_t)4 << 20)

/* And all vectors of keys, for the same reason. */
#define VECTORS_BYTES_MAX ((size_t)64 << 20)

uint64_t *
rule_index_vector(struct rule_index *index)
{
	uint64_t *vector =
	    calloc(index->words + index->summaries, sizeof(*vector));

	/* NOLINTNEXTLINE(bugprone-sizeof-expression): of pointers, indeed. */
	if (vector != NULL && VEC_ADD(&index->vectors, vector) < 0) {
		free(vector);
		return NULL;
	}
	return vector;
}

/* From there on a vector is not four times as large as the numbers. */
size_t
rule_postings_many(const struct rule_index *index)
{
	return index->words / 2 + 16;
}

int
rule_postings_init(struct rule_postings *postings, size_t keys)
{
	postings->keys = keys;
	postings->begins = calloc(keys + 2, sizeof(uint32_t));
	postings->thick = calloc(keys + 1, sizeof(uint64_t *));
	return postings->begins == NULL || postings->thick == NULL ? -ENOMEM
								   : 0;
}

void
rule_postings_fini(struct rule_postings *postings)
{
	free(postings->begins);
	free(postings->rules);
	free(postings->thick);
}

void
rule_postings_count(struct rule_postings *postings, size_t key, size_t rules)
{
	/* What is above is refused; so the sum for one key cannot wrap. */
	if (postings->count <= PAIRS_MAX)
		postings->begins[key + 2] += (uint32_t)rules;
	postings->count += rules;
}

/* Vectors for what many rules name, which then is not listed. */
static int
thicken(struct rule_postings *postings, struct rule_index *index)
{
	size_t many = rule_postings_many(index), left = VECTORS_BYTES_MAX;
	size_t bytes = index->words * sizeof(uint64_t);

	for (size_t key = 0; key < postings->keys; key++) {
		if (postings->begins[key + 2] < many)
			continue;
		if (left < bytes)
			return -E2BIG;
		left -= bytes;
		postings->thick[key] = rule_index_vector(index);
		if (postings->thick[key] == NULL)
			return -ENOMEM;
		postings->begins[key + 2] = 0;
	}
	return 0;
}

/* From here on begins[key + 1] is where its next rule goes. */
int
rule_postings_place(struct rule_postings *postings, struct rule_index *index)
{
	int rc =
	    postings->count <= PAIRS_MAX ? thicken(postings, index) : -E2BIG;

	if (rc < 0)
		return rc;
	for (size_t i = 2; i < postings->keys + 2; i++)
		postings->begins[i] += postings->begins[i - 1];
	postings->rules = calloc(
	    (size_t)postings->begins[postings->keys + 1] + 1, sizeof(uint32_t));
	return postings->rules == NULL ? -ENOMEM : 0;
}

void
rule_postings_keep(struct rule_postings *postings, size_t key, size_t rule)
{
	if (postings->thick[key] != NULL)
		rule_index_set(postings->thick[key], rule);
	else
		postings->rules[postings->begins[key + 1]++] = (uint32_t)rule;
}

void
rule_postings_join(const struct rule_postings *postings,
    const struct rule_index *index, uint64_t *vector)
{
	for (size_t key = 0; key < postings->keys; key++) {
		const uint64_t *thick = postings->thick[key];
		for (size_t i = 0; thick != NULL && i < index->words; i++)
			vector[i] |= thick[i];
	}
}

static int
by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Every port at which the rules that name it may change. */
static int
collect_starts(const struct policy *policy, enum policy_protocol protocol,
    struct rule_spans *ret)
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
	rank4_init(&ret->rank, ret->starts, 1, ret->count);
	return 0;
}

typedef bool (*span_fn)(struct rule_postings *rules, size_t span, size_t rule);

/* Calls for each span of one service; false: stop. */
static bool
each_span_of(const struct policy_service *service, struct rule_spans *spans,
    size_t rule, span_fn fn)
{
	size_t span = rank4_find(&spans->rank, service->first);

	for (; span < spans->count && spans->starts[span] <= service->last;
	     span++)
		if (!fn(&spans->rules, span, rule))
			return false;
	return true;
}

/* Calls for each span of each service of the protocol; false: stop. */
static bool
each_span(const struct policy *policy, enum policy_protocol protocol,
    struct rule_spans *spans, span_fn fn)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_services *s = &policy->rules[i].services;
		for (size_t j = 0; j < s->count; j++)
			if (s->items[j].protocol == protocol &&
			    !each_span_of(&s->items[j], spans, i, fn))
				return false;
	}
	return true;
}

static bool
count_rule(struct rule_postings *rules, size_t span, size_t rule)
{
	(void)rule;
	rule_postings_count(rules, span, 1);
	return rules->count <= PAIRS_MAX;
}

static bool
keep_rule(struct rule_postings *rules, size_t span, size_t rule)
{
	rule_postings_keep(rules, span, rule);
	return true;
}

int
rule_spans_init(struct rule_spans *spans, struct rule_index *index,
    const struct policy *policy, enum policy_protocol protocol)
{
	int rc = collect_starts(policy, protocol, spans);

	if (rc == 0)
		rc = rule_postings_init(&spans->rules, spans->count);
	if (rc < 0)
		return rc;
	(void)each_span(policy, protocol, spans, count_rule);
	rc = rule_postings_place(&spans->rules, index);
	if (rc < 0)
		return rc;
	(void)each_span(policy, protocol, spans, keep_rule);
	return 0;
}

void
rule_spans_fini(struct rule_spans *spans)
{
	rank4_fini(&spans->rank);
	free(spans->starts);
	rule_postings_fini(&spans->rules);
}
