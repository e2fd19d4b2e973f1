/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/rule_index_impl: what an index is made of; for its own files.
 *
 * A vector is `words` of bits, one for each rule, and behind them `summaries`,
 * one bit for each of those words.  A summary speaks of the plain rules alone:
 * those that vectors lead to, of where they come from and of their service.  A
 * rule that is not plain is found by the words that its group or its port
 * touches; counted in, it would make the summaries of every mixed list full.
 */
#ifndef GATEHOUSE_POLICY_RULE_INDEX_IMPL_H
#define GATEHOUSE_POLICY_RULE_INDEX_IMPL_H

#include "policy/rule_index.h"

#include "policy/membership.h"

/*
 * The rules of each key: a group, a set of groups, or a span.  They begin in
 * `rules` where `begins` says; a key with many rules has a vector instead.
 */
struct rule_postings {
	uint32_t *begins; /* one more than there are keys */
	uint32_t *rules;
	uint64_t **thick;   /* NULL: few rules */
	size_t keys, count; /* of rules in all */
};

/* Ports of one protocol: from starts[i] to the next start the same rules. */
struct rule_spans {
	uint32_t *starts; /* the first is 0, so each port has a span */
	size_t count;
	struct rank4 rank;
	struct rule_postings rules;
};

struct rule_index {
	size_t words, summaries;
	struct {
		uint64_t **items; /* all vectors, for their end */
		size_t count, room;
	} vectors;
	struct membership groups;
	/* By zone; `none` where no rule speaks of it. */
	uint64_t *from[64], *to[64], *own[64];
	struct rule_postings from_sets, to_sets; /* of `groups` */
	uint64_t *to_addresses; /* might match an address that is not known */
	uint64_t *to_names;     /* might match a name that is not known */
	uint64_t *any_service;
	uint64_t *none, *every;
	struct rule_spans spans[POLICY_PROTOCOL_COUNT];
	/*
	 * For each rule the next one that does not go by name alone or has
	 * another outcome.
	 */
	uint32_t *alike_until;
};

/* An empty vector of the index's; NULL without memory. */
uint64_t *rule_index_vector(struct rule_index *index);

static inline void
rule_index_set(uint64_t *vector, size_t rule)
{
	vector[rule / 64] |= (uint64_t)1 << rule % 64;
}

/*
 * Postings from pairs of key and rule, which are given twice: first `count`
 * each, then `place` them, then `keep` each.  0, -ENOMEM or -E2BIG.
 */
int rule_postings_init(struct rule_postings *postings, size_t keys);
void rule_postings_count(
    struct rule_postings *postings, size_t key, size_t rules);
int rule_postings_place(
    struct rule_postings *postings, struct rule_index *index);
void rule_postings_keep(
    struct rule_postings *postings, size_t key, size_t rule);
void rule_postings_fini(struct rule_postings *postings);

/* From so many rules on a key has a vector. */
size_t rule_postings_many(const struct rule_index *index);

/* Adds the rules that vectors lead to. */
void rule_postings_join(const struct rule_postings *postings,
    const struct rule_index *index, uint64_t *vector);

/* 0, -ENOMEM, or -E2BIG when spans and rules multiply. */
int rule_spans_init(struct rule_spans *spans, struct rule_index *index,
    const struct policy *policy, enum policy_protocol protocol);
void rule_spans_fini(struct rule_spans *spans);

#endif
