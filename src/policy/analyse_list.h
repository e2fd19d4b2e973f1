/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/analyse_list, for its own files: analyse_list.c says of each rule how
 * it stands, analyse_late.c which ones stand too low, both by the rules that
 * analyse_marked.c puts into words.
 */
#ifndef GATEHOUSE_POLICY_ANALYSE_LIST_H
#define GATEHOUSE_POLICY_ANALYSE_LIST_H

#include "policy/analyse.h"
#include "policy/standing.h"

struct analysis {
	struct standing standing;
	const struct policy *policy;
	struct report *report;
	uint8_t *marks; /* rules found, one byte each */
	uint8_t *late;  /* of one service that comes too late */
	bool is_whole;  /* nothing was too entangled */
};

/* How many rules are marked. */
size_t analyse_marked(const struct analysis *analysis);

/*
 * "line 3", "lines 3, 5 and 12", "lines 3, 5, ... (12 in all)"; of other files
 * than the reader's "web.policy:7".
 */
void analyse_say_marked(const struct analysis *analysis,
    const struct policy_rule *reader, struct text *out);

/* They are the cause of the newest finding. */
void analyse_by_marked(const struct analysis *analysis);

/* Warns (`late`) of rule i if it stands too low. */
bool analyse_late(struct analysis *analysis, size_t i);

#endif
