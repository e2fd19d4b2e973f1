/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_settings: what stands in `firewall { ... }`, as lines of the
 * base chains.
 */
#ifndef GATEHOUSE_FIREWALL_COMPILE_SETTINGS_H
#define GATEHOUSE_FIREWALL_COMPILE_SETTINGS_H

#include "firewall/compile_impl.h"

/*
 * Flows that were allowed, and what belongs to them: ICMP errors, and what a
 * helper announced that the policy names.  Other tables may set helpers that
 * it does not.
 */
void compile_known_flows(struct compiler *compiler);

/* What the gateway sends to refuse a connection. */
void compile_resets(struct compiler *compiler);

/* What conntrack cannot place; never what neighbours say to each other. */
void compile_invalid_in(struct compiler *compiler);
void compile_invalid_out(struct compiler *compiler);
void compile_unplaced(struct compiler *compiler);

void compile_clamps(struct compiler *compiler);

/* Objects of the table, and the chain that gives them to flows. */
void compile_helper_objects(struct compiler *compiler);
void compile_helpers(struct compiler *compiler);

#endif
