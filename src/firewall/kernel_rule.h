/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/kernel_rule: one rule in our table, by raw netlink.
 *
 * Rules are text and come by libnftables; but for one that has to be there
 * with an element of a set, in the same transaction.
 *
 * For private use of src/firewall.
 */
#ifndef GATEHOUSE_FIREWALL_KERNEL_RULE_H
#define GATEHOUSE_FIREWALL_KERNEL_RULE_H

#include "firewall/batch.h"

/* "jump TARGET", in front of all that is in the chain. */
void kernel_rule_put_jump(
    struct batch *batch, const char *chain, const char *target);

#endif
