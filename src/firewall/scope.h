/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/scope: is a ruleset's text of our table alone?
 *
 * The compiler writes nothing else; this stands between a slip there, such as a
 * quote in a name, and somebody else's table.
 *
 * For private use of src/firewall.
 */
#ifndef GATEHOUSE_FIREWALL_SCOPE_H
#define GATEHOUSE_FIREWALL_SCOPE_H

#include "base/str.h"

/* Blocks of `table inet gatehouse` and comments, and one block at least. */
bool scope_is_ours(struct str ruleset);

#endif
