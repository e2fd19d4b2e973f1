/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_tail: what becomes of a flow that has met a rule: counter,
 * log and verdict, at the end of its line.
 */
#ifndef GATEHOUSE_FIREWALL_COMPILE_TAIL_H
#define GATEHOUSE_FIREWALL_COMPILE_TAIL_H

#include "firewall/compile_impl.h"

#define TAIL_ACTION_BYTES (COMPILE_NAME_BYTES + 16)

/*
 * What a rule's verdict is, at the end of a line and as a value of a map: which
 * leads to a chain where the number is forgotten first, if the packet goes on
 * (firewall/compile_shared).
 */
struct tail_verdict {
	const char *line, *map;
};
struct tail_verdict tail_verdict(
    const struct policy_rule *rule, bool is_proxied);

/* Counter, log and verdict of a rule that is settled. */
void tail_add_settled(struct compiler *compiler, const struct chain *chain,
    const struct policy_rule *rule, struct text *tail);

void tail_add_comment(const struct policy_rule *rule, struct text *tail);

/* What becomes of a flow that only the proxy can decide; lent from ret, or for
 * good. */
const char *tail_undecided(
    const struct chain *chain, char ret[static TAIL_ACTION_BYTES]);

/* What the proxy is going to log, the kernel does not log as well. */
bool tail_is_logged(const struct chain *chain, const struct policy_rule *rule);

/* Whether the limits of a rule are the kernel's affair here: what goes on to
 * the proxy is counted there. */
bool tail_is_limited(const struct chain *chain, const struct policy_rule *rule);

#endif
