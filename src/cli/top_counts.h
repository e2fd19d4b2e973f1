/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/top_counts: what the gateway counts for whom: by name, by client, by
 * rule, and in time.
 */
#ifndef GATEHOUSE_CLI_TOP_COUNTS_H
#define GATEHOUSE_CLI_TOP_COUNTS_H

#include "base/arena.h"
#include "cli/top_table.h"

#include <jansson.h>

/* More than the gateway gives. */
#define TOP_ENTRIES_MAX 10000
#define TOP_POINTS_MAX  2000

/* A name or a client. */
struct top_entry {
	struct str what; /* as people may see it */
	int64_t flows, refused, in, out;
};

/* A rule of the policy. */
struct top_rule {
	struct str place; /* "12", "12/2", "last" */
	struct str text;
	int64_t line, packets, bytes, flows;
	int64_t ago_ms; /* when it matched last; -1: not known, -2: never */
};

enum top_measure {
	TOP_MEASURE_ALLOWED,
	TOP_MEASURE_REFUSED,
	TOP_MEASURE_REQUESTS,
	TOP_MEASURE_IN,
	TOP_MEASURE_OUT,
	TOP_MEASURE_HITS,
	TOP_MEASURE_SAVED,
	TOP_MEASURE_COUNT,
};

extern const struct top_measure_row {
	const char *name;  /* in the answer */
	const char *title; /* on the screen */
	bool is_bytes;
} top_measures[TOP_MEASURE_COUNT];

struct top_point {
	int64_t values[TOP_MEASURE_COUNT];
};

struct top_counts {
	struct arena arena;
	struct top_entry *entries;
	struct top_rule *rules;
	struct top_point *points; /* the oldest first */
	size_t entry_count, rule_count, point_count;
	int64_t step; /* seconds, of a point */
};

extern const struct top_kind top_entries_kind;
extern const struct top_kind top_rules_kind;

void top_counts_init(struct top_counts *counts);
void top_counts_fini(struct top_counts *counts);

/*
 * Takes an answer of `top`, of `rules` (or of `status`, which has less of
 * them), of `series`, in place of all that was there.  False: it is none.
 */
bool top_counts_take_entries(struct top_counts *counts, const json_t *answer);
bool top_counts_take_rules(
    struct top_counts *counts, const json_t *answer, int64_t now);
bool top_counts_take_points(struct top_counts *counts, const json_t *answer);

#endif
