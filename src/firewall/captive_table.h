/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/captive_table: what hands a captive namespace's connections over.
 *
 * A table of a few rules, by raw netlink: it is made each time that a command
 * is started, and libnftables would take longer than all the rest.
 *
 * For private use of src/firewall.
 */
#ifndef GATEHOUSE_FIREWALL_CAPTIVE_TABLE_H
#define GATEHOUSE_FIREWALL_CAPTIVE_TABLE_H

#include "firewall/captive.h"

/* What may be called from within without being handed over: 127.0.0.0/8 and
 * own4, or ::1 and own6.  0, or a negative errno with the kernel's words. */
int captive_table_install(
    const struct captive *captive, bool ipv6, struct text *reterr_words);

#endif
