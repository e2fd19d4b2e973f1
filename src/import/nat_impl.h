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

/* Why what the gateway itself sends is not translated. */
extern const char nat_own[];

/* Why what is translated to the gateway itself is not. */
extern const char nat_inward[];

/* Its line says as well that what stands below it refuses more. */
void nat_refuses_more(struct import_ruleset *rules, struct import_rule *rule);

/* Whether all of it can be said, at all times; else the line bears why not. */
bool nat_is_said(struct import_rule *rule);

/* One rule for these flows: of their family, where both have rules. */
void nat_say(struct import_ruleset *rules, const struct import_entry *entry,
    struct text *out);

/*
 * What nat sends elsewhere and a policy does not: nothing else may let it pass
 * instead.  The line says so.
 */
void nat_drop(struct import_ruleset *rules, const struct import_rule *rule,
    enum import_part part, struct text *out);

#endif
