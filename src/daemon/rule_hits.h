/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/rule_hits: how often each rule was met, and when last.
 *
 * A rule is known by its words, not by its line: one that stands in the next
 * policy as it did in the one before goes on counting there.  What the kernel
 * counts of it, begins anew with every ruleset that is not the same; here it is
 * added up.  "When" is as exact as the looks are close.
 *
 * Owned by the daemon's one thread.
 */
#ifndef GATEHOUSE_DAEMON_RULE_HITS_H
#define GATEHOUSE_DAEMON_RULE_HITS_H

#include "base/map.h"
#include "event/tally.h"
#include "policy/policy.h"

/* Generations whose flows may still end: of those before, nobody knows which
 * rule was meant. */
#define RULE_HITS_PAST 4

struct rule_amount {
	uint64_t packets, bytes;
};

/* Where packets are counted of a rule, each by itself. */
enum rule_counter {
	RULE_COUNTER_RULESET,
	RULE_COUNTER_EARLY, /* at the driver */
	RULE_COUNTER_COUNT,
};

struct rule_hit {
	uint64_t id;
	uint64_t packets, bytes;                     /* of the kernel */
	uint64_t flows;                              /* of the proxy */
	int64_t last;                                /* wall clock; 0: never */
	struct rule_amount seen[RULE_COUNTER_COUNT]; /* as they were last */
};

struct rule_hits {
	const struct policy *policy; /* lent until the next; NULL: none yet */
	struct rule_hit *items;      /* one for each rule of it */
	size_t count;
	uint32_t generation; /* 0: none yet */
	struct map by_id;    /* keys are the items' */
	bool anew;           /* the kernel has begun to count anew */
	struct {
		uint32_t generation;
		uint64_t *ids;
		size_t count;
	} past[RULE_HITS_PAST];
};

void rule_hits_fini(struct rule_hits *hits); /* all zero is fine */

/* Another policy is in force, in a generation with this number; `anew` unless
 * its rules have gone on counting.  The policy is lent until the next one.  0
 * or -ENOMEM, and then nothing is known. */
int rule_hits_follow(struct rule_hits *hits, uint32_t generation,
    const struct policy *policy, bool anew);

/* The rule of the policy in force that is meant, or NULL: it stands there no
 * more. */
struct rule_hit *rule_hits_find(
    const struct rule_hits *hits, const struct tally_rule *rule);
struct rule_hit *rule_hits_of_id(const struct rule_hits *hits, uint64_t id);

/* The key of a rule in a tally of the keeper's own. */
struct str rule_hit_key(const struct rule_hit *hit);

/*
 * By how much a count of the kernel's has grown.  One that goes on may have
 * lost what came while the rules changed over: that it is less does not mean
 * that it began anew.
 */
uint64_t rule_hits_difference(uint64_t now, uint64_t seen, bool anew);

/* What is counted of the rule now.  Adds it up, and returns how many packets
 * and bytes are new. */
struct heavy_count rule_hits_see(struct rule_hits *hits, struct rule_hit *hit,
    const struct rule_amount now[static RULE_COUNTER_COUNT], int64_t wall);

#endif
