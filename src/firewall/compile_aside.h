/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_aside: for the files compile*.c alone.
 */
#ifndef GATEHOUSE_FIREWALL_COMPILE_ASIDE_H
#define GATEHOUSE_FIREWALL_COMPILE_ASIDE_H

#include "firewall/compile_impl.h"

bool compile_is_limited(const struct policy_rule *rule);

/* Limits and the sets of sources of all rules, for the head of the table. */
void compile_limit_objects(struct compiler *compiler);

/* The chain beside a list that stands for one of its rules. */
void compile_aside_name(const struct chain *chain,
    const struct policy_rule *rule, char ret[static COMPILE_NAME_BYTES]);

/* Drops what is beyond the rule's limits, and counts whom it refuses; `tail` is
 * for the rest. */
void compile_limit_chain(struct compiler *compiler, const struct chain *chain,
    const struct policy_rule *rule, struct str tail);

#endif
