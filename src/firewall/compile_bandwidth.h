/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_bandwidth: for the files compile*.c alone.
 */
#ifndef GATEHOUSE_FIREWALL_COMPILE_BANDWIDTH_H
#define GATEHOUSE_FIREWALL_COMPILE_BANDWIDTH_H

#include "firewall/compile_impl.h"

/* Limits and sets of sources for the head of the table. */
void compile_bandwidth_objects(struct compiler *compiler);

/* For the base chains, before known flows are accepted; and what it leads
 * to. */
void compile_ask_bandwidth(struct compiler *compiler);
void compile_bandwidth_chains(struct compiler *compiler);

/*
 * Before the rule's line: from now on its flow is known by the rule's number.
 * A line of its own, because the mark of what belongs to no flow (`invalid
 * allow`) cannot be set, and ends the line.
 */
void compile_bandwidth_mark(
    struct compiler *compiler, const struct policy_rule *rule);

#endif
