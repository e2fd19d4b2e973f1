/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/ufw: ufw's own rules, of /etc/ufw/user.rules and user6.rules.
 *
 * ufw writes there what it was told, as comments before the rules that it made
 * of them (`### tuple ### allow tcp 22 ...`); those are read, and not what it
 * made.  before.rules and after.rules are read as rules of iptables, around
 * them.  What is not matched is as /etc/default/ufw says, or as ufw has it:
 * nothing comes in or through, everything goes out.
 */
#ifndef GATEHOUSE_IMPORT_UFW_H
#define GATEHOUSE_IMPORT_UFW_H

#include "import/ruleset.h"

void import_ufw_read(
    struct import_ruleset *rules, const char *file, struct str text);

/* When all of its files were read: puts their chains together. */
void import_ufw_finish(struct import_ruleset *rules);

#endif
