/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_refused: for the files compile*.c alone.
 */
#ifndef GATEHOUSE_FIREWALL_COMPILE_REFUSED_H
#define GATEHOUSE_FIREWALL_COMPILE_REFUSED_H

#include "firewall/compile_impl.h"

/* Whether the rule counts here whom it refuses. */
bool compile_counts_refused(
    const struct chain *chain, const struct policy_rule *rule);

/* Sets of those who are counted, for the head of the table. */
void compile_refused_objects(struct compiler *compiler);

/* Before the rule's verdict; and what it leads to. */
void compile_refused_jump(
    struct compiler *compiler, const struct policy_rule *rule);
void compile_refused_chains(struct compiler *compiler);

/* Of a base chain, where flows begin: drops what the banned open. */
void compile_ask_caught(struct compiler *compiler);

#endif
