/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_learned: names in rules for what the proxy does not carry.
 *
 * A packet shows no name, but the addresses that were learned for the names of
 * a rule (policy/learning) are a set in the kernel: the rule asks for that.
 * The sets are declared by the table only where it stands for itself; in the
 * gateway they are loaded apart (firewall/learned_sets), and the host names
 * them.
 *
 * For the files compile*.c alone.
 */
#ifndef GATEHOUSE_FIREWALL_COMPILE_LEARNED_H
#define GATEHOUSE_FIREWALL_COMPILE_LEARNED_H

#include "firewall/compile_impl.h"

/* Declares all sets, unless the host has loaded them. */
void compile_learned_sets(struct compiler *compiler);

/* Adds what the packet tells of the rule's names; room for two is there. */
void compile_add_learned(struct compiler *compiler, const struct chain *chain,
    const struct policy_rule *rule, struct matches *matches);

/* What is left without names behind `except`. */
struct matches compile_without_learned(struct compiler *compiler,
    const struct chain *chain, const struct policy_endpoint *except,
    struct matches matches);

#endif
