/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/rule_hits.h"

#include <errno.h>
#include <stdlib.h>

static struct str
key_of(const uint64_t *id)
{
	return (struct str){ (const char *)id, sizeof(*id) };
}

void
rule_hits_fini(struct rule_hits *hits)
{
	for (size_t i = 0; i < RULE_HITS_PAST; i++)
		free(hits->past[i].ids);
	map_fini(&hits->by_id);
	free(hits->items);
	*hits = (struct rule_hits){ 0 };
}

/* The oldest makes room. */
static void
keep_past(struct rule_hits *hits)
{
	uint64_t *ids = calloc(hits->count + 1, sizeof(*ids));

	free(hits->past[RULE_HITS_PAST - 1].ids);
	memmove(&hits->past[1], &hits->past[0],
	    (RULE_HITS_PAST - 1) * sizeof(hits->past[0]));
	for (size_t i = 0; ids != NULL && i < hits->count; i++)
		ids[i] = hits->items[i].id;
	hits->past[0].generation = hits->generation;
	hits->past[0].ids = ids;
	hits->past[0].count = ids != NULL ? hits->count : 0;
}

/* Rules of the same words are told apart by their order. */
static int
put(struct map *by_id, struct rule_hit *hit, const struct policy_rule *rule)
{
	int rc = -EEXIST;

	hit->id = str_hash(rule->text, rule->line == 0);
	while (rc == -EEXIST) {
		rc = map_put(by_id, key_of(&hit->id), hit);
		hit->id += rc == -EEXIST;
	}
	return rc;
}

static void
carry_over(const struct rule_hits *before, struct rule_hit *hit)
{
	const struct rule_hit *known = rule_hits_of_id(before, hit->id);

	if (known != NULL)
		*hit = *known;
}

int
rule_hits_follow(struct rule_hits *hits, uint32_t generation,
    const struct policy *policy, bool anew)
{
	size_t count = policy->rule_count;
	struct rule_hit *items = calloc(count + 1, sizeof(*items));
	int rc = items != NULL ? 0 : -ENOMEM;
	struct map by_id;

	map_init(&by_id, 0);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = put(&by_id, &items[i], &policy->rules[i]);
	if (rc < 0) {
		map_fini(&by_id);
		free(items);
		rule_hits_fini(hits);
		return rc;
	}
	for (size_t i = 0; i < count; i++)
		carry_over(hits, &items[i]);
	keep_past(hits);
	map_fini(&hits->by_id);
	free(hits->items);
	hits->policy = policy;
	hits->by_id = by_id;
	hits->items = items;
	hits->count = count;
	hits->generation = generation;
	hits->anew |= anew;
	return 0;
}

struct rule_hit *
rule_hits_of_id(const struct rule_hits *hits, uint64_t id)
{
	return hits->count > 0 ? map_get(&hits->by_id, key_of(&id)) : NULL;
}

struct rule_hit *
rule_hits_find(const struct rule_hits *hits, const struct tally_rule *rule)
{
	if (rule->generation == hits->generation)
		return rule->at < hits->count ? &hits->items[rule->at] : NULL;
	for (size_t i = 0; i < RULE_HITS_PAST; i++)
		if (hits->past[i].generation == rule->generation &&
		    rule->at < hits->past[i].count)
			return rule_hits_of_id(
			    hits, hits->past[i].ids[rule->at]);
	return NULL;
}

struct str
rule_hit_key(const struct rule_hit *hit)
{
	return key_of(&hit->id);
}

uint64_t
rule_hits_difference(uint64_t now, uint64_t seen, bool anew)
{
	if (now >= seen)
		return now - seen;
	return anew ? now : 0;
}

struct heavy_count
rule_hits_see(struct rule_hits *hits, struct rule_hit *hit,
    const struct rule_amount now[static RULE_COUNTER_COUNT], int64_t wall)
{
	struct heavy_count more = { 0 };

	for (size_t i = 0; i < RULE_COUNTER_COUNT; i++) {
		struct rule_amount *seen = &hit->seen[i];
		more.flows += rule_hits_difference(
		    now[i].packets, seen->packets, hits->anew);
		more.bytes_in +=
		    rule_hits_difference(now[i].bytes, seen->bytes, hits->anew);
		*seen = now[i];
	}
	hit->packets += more.flows;
	hit->bytes += more.bytes_in;
	if (more.flows > 0)
		hit->last = wall;
	return more;
}
