/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/rule_index: which rules of a long list can match a flow at all.
 *
 * A walk over the list asks every rule; with thousands of rules nearly all of
 * them are ruled out by where the flow comes from, where it goes, or its port.
 * The index answers that for all rules at once, in bit vectors: one bit a
 * rule, in the order of the list.
 *
 *	from	one vector a zone, and for each group the rules that name it
 *	to	the same, by address and by name; vectors for what is not known
 *	service	one vector of rules for any, and for each span of ports between
 *		two boundaries the rules that name it
 *
 * The three are joined by AND, and only in few words of them.  Rules that name
 * a group or a port are looked at where the flow's own groups and port lead:
 * mostly a handful.  For all others a summary stands behind each vector, a bit
 * for each of its words: where the summaries do not meet, no rule does.
 *
 * What is left is a superset of the rules that match or might match, and the
 * evaluator asks those as it would have asked all; a rule that is left out is
 * one that would have answered no.  So the index changes no answer
 * (tests/unit/policy/rule_index.c holds it).
 *
 * Groups are found by policy/membership, so the cost does not grow with their
 * number.
 *
 * Built with the policy, never changed; any thread.
 */
#ifndef GATEHOUSE_POLICY_RULE_INDEX_H
#define GATEHOUSE_POLICY_RULE_INDEX_H

#include "policy/policy.h"

/* Shorter lists are walked faster than any index is asked. */
#define RULE_INDEX_RULES_MIN 24

/* A bit for every rule that a policy can have, and one for 64 of those. */
#define RULE_INDEX_WORDS_MAX   (POLICY_RULES_MAX / 64 + 1)
#define RULE_INDEX_SUMMARY_MAX (RULE_INDEX_WORDS_MAX / 64 + 1)
#define RULE_INDEX_VECTOR_MAX  (RULE_INDEX_WORDS_MAX + RULE_INDEX_SUMMARY_MAX)

struct rule_index;

/* What is known of the flow, for the part of it that the index asks. */
struct rule_index_key {
	uint8_t from_zone;
	struct address source;
	bool destination_known;
	uint8_t to_zone, own_zone;
	struct address destination;
	bool name_known; /* else: absent, or not known yet */
	bool name_open;
	struct str name;
	bool service_known; /* protocol and port */
	enum policy_protocol protocol;
	uint16_t port;
};

/*
 * 0, with *ret NULL where an index does not pay or cannot be made small; or
 * -ENOMEM.
 */
int rule_index_create(const struct policy *policy, struct rule_index **ret);
void rule_index_destroy(struct rule_index *index); /* NULL is fine */

/*
 * A walk over the rules that are left, in their order.  The rules of the flow's
 * groups and port are marked in memory of the thread for as long as it lasts:
 * so a thread has one walk at a time, and ends it.
 */
#define RULE_INDEX_TO 5 /* zone, own, names; groups by address and by name */

struct rule_index_walk {
	const struct rule_index *index;
	const uint64_t *from[2], *to[RULE_INDEX_TO], *service[2];
	uint64_t (*marks)[RULE_INDEX_VECTOR_MAX];
	/* A bit for each word that is to be looked at. */
	uint64_t touched[RULE_INDEX_SUMMARY_MAX];
	uint64_t marked[RULE_INDEX_SUMMARY_MAX]; /* of those, with a mark */
	size_t summary;
	uint64_t words; /* of touched[summary], those that are ahead */
	size_t word;
	uint64_t rules; /* of that word, those that are ahead */
};

void rule_index_begin(const struct rule_index *index,
    const struct rule_index_key *key, struct rule_index_walk *ret);

/* The place in the list of the next rule; false at the end. */
bool rule_index_next(struct rule_index_walk *walk, size_t *ret_rule);

/*
 * Goes past the rules behind this one that go by name alone and have its
 * outcome: where no name is known yet they might match at most, and then they
 * say what this one says.
 */
void rule_index_pass_alike(struct rule_index_walk *walk, size_t rule);

void rule_index_end(struct rule_index_walk *walk);

#endif
