/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/meaning: what a policy makes of every flow, as diagrams.
 *
 * policy/evaluate answers for one flow; this says the same of all flows of a
 * space at once (tests/unit/policy/meaning_twin.c holds the two together).  Two
 * walks make an answer:
 *
 *	lists[i]    the first rule from i on that matches once all is known that
 *	            the flow can show; a terminal is the rule's index
 *	packets[i]  of the flows that may go to the proxy, what the packet phase
 *	            makes of the rules from i on: the class of the outcome, if
 *	            it is sure, else MEANING_MIXED
 *
 * A `report` rule decides nothing: where it is met, the terminal of what is
 * below it stands behind it (struct meaning_reported), so that a terminal says
 * all reports that are made and then what decides.
 *
 * Both are built from the last rule up, so that entry 0 is the whole list and
 * entry i + 1 is what is left to a flow that rule i did not take.
 */
#ifndef GATEHOUSE_POLICY_MEANING_H
#define GATEHOUSE_POLICY_MEANING_H

#include "policy/space.h"

#define MEANING_MIXED DIAGRAM_TERMINAL

struct meaning_rule {
	uint32_t match; /* all known */
	uint32_t yes;   /* at the packet phase */
	uint32_t might;
	uint32_t class; /* terminal of `packets` */
};

/* Terminals from meaning_reported_first on: a report, and what follows it. */
struct meaning_reported {
	uint32_t rule;
	uint32_t then; /* terminal */
};

/* Reports that meet in more ways than this are not told apart: -E2BIG. */
#define MEANING_REPORTED_MAX ((size_t)1 << 12)

struct meaning {
	struct space *space;
	unsigned which;
	const struct policy *policy;
	/* The ways of flows, apart from each other; all else is plain. */
	uint32_t explicit, dialled, intercepted, uncarried, listened;
	uint32_t uncalled; /* what the proxy does not call */
	uint32_t learned;  /* plain, and packets tell the name */
	uint32_t no_zone;  /* refused before the list */
	uint32_t unserved; /* asked of a proxy that does not serve the zone */
	uint32_t flows;    /* of the universe, those that the list decides */
	uint32_t masquerade;
	/* TLS that is opened, and requests inside of what is not. */
	uint32_t opened, hidden;
	struct meaning_rule *rules; /* policy->rule_count */
	uint32_t *lists, *packets;  /* one more */
	struct {
		struct meaning_reported *items;
		size_t count, room;
	} reported;
};

/* 0, -ENOMEM or -E2BIG; fini in any case. */
int meaning_init(struct meaning *meaning, struct space *space, unsigned which);

/* The same without lists: only the ways of flows, and each rule by itself. */
int meaning_init_rules(
    struct meaning *meaning, struct space *space, unsigned which);

/* The same, but of lists and packets only the whole: entry 0. */
int meaning_init_whole(
    struct meaning *meaning, struct space *space, unsigned which);
void meaning_fini(struct meaning *meaning);

/* The rule that decides, by a terminal of `lists` that is not NOWHERE. */
size_t meaning_decider(const struct meaning *meaning, uint32_t terminal);

/* Whether what it decides is reported as well. */
bool meaning_is_reported(const struct meaning *meaning, uint32_t terminal);

/* Terminals of meaning_packet_match. */
#define MEANING_NO    (DIAGRAM_TERMINAL | 0)
#define MEANING_YES   (DIAGRAM_TERMINAL | 1)
#define MEANING_MIGHT (DIAGRAM_TERMINAL | 2)

/* What the packet phase knows of whether rule i matches. */
uint32_t meaning_packet_match(struct meaning *meaning, size_t i);

/* How a flow fares besides its rule. */
enum meaning_carriage {
	MEANING_PACKETS,     /* by the firewall alone */
	MEANING_MASQUERADED, /* the same, its source hidden */
	MEANING_PROXY,       /* by the proxy */
	MEANING_OPENED,      /* the same, and its TLS is opened */
	MEANING_NEEDS_PROXY, /* rejected: the proxy cannot carry it */
	MEANING_LISTENER,    /* accepted to be asked what it wants */
	MEANING_UNSERVED,
	MEANING_NO_ZONE,
	MEANING_CARRIAGE_COUNT
};

struct meaning_outcome {
	const struct policy_rule *rule; /* NULL where none decides */
	enum meaning_carriage carriage;
	bool ipv6;     /* published to the target of that family */
	uint32_t list; /* terminal of `lists`, or of what is reported */
	/* Logged reports, by the verdict that they speak of. */
	uint16_t reports[POLICY_VERDICT_COUNT];
};

/* A diagram whose terminals meaning_outcome reads. */
uint32_t meaning_outcomes(struct meaning *meaning);
struct meaning_outcome meaning_outcome(
    const struct meaning *meaning, uint32_t value);

uint32_t meaning_outcome_terminal(
    const struct meaning *meaning, const struct meaning_outcome *outcome);

/* Without what is reported. */
void meaning_outcome_forget_reports(
    const struct meaning *meaning, struct meaning_outcome *outcome);

/* Calls for each report of the outcome that is logged, in their order. */
void meaning_outcome_reports(const struct meaning *meaning,
    const struct meaning_outcome *outcome,
    void (*each)(void *context, const struct policy_rule *rule), void *context);

/* Whether the proxy has it, and not the firewall. */
bool meaning_is_by_proxy(const struct meaning_outcome *outcome);

enum policy_verdict meaning_verdict(const struct meaning_outcome *outcome);

/*
 * The same verdict, by the same enforcer, with the same traces.  Limits are the
 * same if they let as much through; whether the same flows share them is for
 * the caller, who sees all flows.
 */
bool meaning_outcome_same(
    const struct meaning_outcome *a, const struct meaning_outcome *b);

bool meaning_limit_same(
    const struct policy_rule *a, const struct policy_rule *b);
bool meaning_is_limited(const struct policy_rule *rule);

/*
 * The same verdict, log line, parent and translation, whoever enforces it; and
 * no limit of its own, for two rules count apart.
 */
bool meaning_rule_same(
    const struct policy_rule *a, const struct policy_rule *b);

#endif
