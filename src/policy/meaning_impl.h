/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/meaning, for its own files: meaning_rule.c reads each rule by itself,
 * meaning.c puts the rules into lists, meaning_whole.c only into the whole one,
 * meaning_opened.c says which TLS is opened, meaning_outcome.c how flows fare.
 */
#ifndef GATEHOUSE_POLICY_MEANING_IMPL_H
#define GATEHOUSE_POLICY_MEANING_IMPL_H

#include "policy/meaning.h"

/* Values of terminals of `packets`: 0 is mixed. */
enum {
	MEANING_CLASS_FIRST = 1,
	/* Verdict and `direct` of rules that leave no trace of their own. */
	MEANING_CLASS_TRACELESS = 8,
};

static inline uint32_t
meaning_terminal(size_t value)
{
	return DIAGRAM_TERMINAL | (uint32_t)value;
}

/* Fills meaning->rules[index]; the ways of flows must be known. */
void meaning_rule_read(struct meaning *meaning, size_t index);

/* All that the proxy carries. */
uint32_t meaning_proxied(struct meaning *meaning);

/* What the proxy carries of what the rule asks for besides the request; names
 * are known. */
uint32_t meaning_rule_outside(
    struct meaning *meaning, const struct policy_rule *rule);

/* Fills `opened` and `hidden`; the ways of flows must be known. */
void meaning_find_opened(struct meaning *meaning);

/* What the rule asks of a request, where the request shows it. */
uint32_t meaning_head_seen(
    struct meaning *meaning, const struct policy_rule *rule, uint32_t head);

/* lists[0] and packets[0] of rules of which none reports. */
void meaning_build_whole(struct meaning *meaning);

/* NULL if the terminal is no report; lent until the next report_before. */
const struct meaning_reported *meaning_reported_at(
    const struct meaning *meaning, uint32_t value);

/* The last one: what the reports stand before. */
uint32_t meaning_behind_reports(const struct meaning *meaning, uint32_t value);

/*
 * The report, and then; each pair is one terminal.  Want of memory and too many
 * pairs are told by the diagram's `rc`, and `then` comes back.
 */
uint32_t meaning_report_before(
    struct meaning *meaning, size_t rule, uint32_t then);

/*
 * Sources that are hidden: IPv4 and unique local ones, with their prefixes.  A
 * diagram_has_fn; the context is the meaning.
 */
bool meaning_is_hideable(const void *context, size_t cell);

#endif
