/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/top_order: the lines that `gatehouse top` says to the gateway.
 */
#ifndef GATEHOUSE_CLI_TOP_ORDER_H
#define GATEHOUSE_CLI_TOP_ORDER_H

#include "cli/top_keys.h"

/* What asks for what the view shows. */
void top_order_ask(const struct top_state *state, struct text *out);

/* What carries out the wish.  False: it cannot be said, and the state says
 * why. */
bool top_order_carry_out(
    struct top_state *state, enum top_wish wish, struct text *out);

#endif
