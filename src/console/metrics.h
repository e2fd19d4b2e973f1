/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console/metrics: what the gateway has counted, as OpenMetrics 1.0 text.
 *
 * Who knows the gateway fills in a snapshot, whose parts are lent; nothing
 * here asks anybody.  How many lines there are is bounded by the policy alone
 * (its rules, its lists, the counters of its ruleset): no name that somebody
 * asked for, no client and no user ever becomes a label.  docs/metrics.md has
 * every family, and a test compares it with the table in metrics.c.
 */
#ifndef GATEHOUSE_CONSOLE_METRICS_H
#define GATEHOUSE_CONSOLE_METRICS_H

#include "base/text.h"
#include "event/decision.h"

/* Rules that have lines of their own; of more, gatehouse_rules tells. */
#define METRICS_RULES_MAX 10000

struct metrics_amount {
	uint64_t packets, bytes;
};

struct metrics_rule {
	uint32_t line, nth;  /* as in policy/policy.h */
	struct str name;     /* at NULL: none */
	struct str from, to; /* the zone; at NULL: not one, by its words */
	const char *verdict;
	struct metrics_amount firewall, early;
};

struct metrics_list {
	struct str name;
	uint64_t entries;
	int64_t read; /* clock_wall */
	bool has_problem;
};

/* A counter of the ruleset that is of no rule. */
struct metrics_kernel {
	struct str name;
	struct metrics_amount amount;
};

struct metrics_process {
	const char *name;
	int64_t cpu;   /* nanoseconds */
	int64_t bytes; /* resident */
	int64_t start; /* clock_wall */
	int64_t fds;   /* open; -1: may not be looked at */
};

struct metrics_snapshot {
	const char *version;
	uint32_t generation;
	int64_t since; /* of the generation; clock_wall */
	bool proxy_answers;
	unsigned proxy_starts;
	uint64_t bans;
	uint64_t early_bans; /* packets */
	uint64_t quotas;
	struct metrics_rule *rules;
	size_t rule_count;
	struct metrics_list *lists;
	size_t list_count;
	struct metrics_kernel *kernel;
	size_t kernel_count;
	struct metrics_process processes[2];
	size_t process_count;
	/* Of both processes; while one does not answer, a sum would fall. */
	bool counters_known;
	int64_t cells[COUNTER_CELLS]; /* event/decision */
};

void metrics_write(const struct metrics_snapshot *snapshot, struct text *out);

#endif
