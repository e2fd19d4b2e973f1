/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/nat_impl: the chains of nat, rule by rule.
 */
#ifndef GATEHOUSE_IMPORT_NAT_IMPL_H
#define GATEHOUSE_IMPORT_NAT_IMPL_H

#include "import/nat.h"

/* One rule of nat, as the flows that come to it make it. */
typedef void nat_rule_fn(struct import_ruleset *rules, struct import_rule *rule,
    const void *with, struct text *out);

/* Each translation of the chains at this hook; all other lines are printed. */
void nat_visit(struct import_ruleset *rules, enum import_hook hook,
    nat_rule_fn *each, const void *with, struct text *out);

/* It is not translated; the first reason counts. */
void nat_refuse(struct import_rule *rule, const char *why);

#endif
