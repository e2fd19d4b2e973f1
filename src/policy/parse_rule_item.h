/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/parse_rule_item: a service, a condition or an option of a rule.
 *
 * They stand behind the endpoints, in any order.  A word that is none of these
 * names a service; the resolver knows which there are.
 */
#ifndef GATEHOUSE_POLICY_PARSE_RULE_ITEM_H
#define GATEHOUSE_POLICY_PARSE_RULE_ITEM_H

#include "policy/reader.h"
#include "policy/syntax.h"

/* False: it was reported. */
bool parse_rule_item(struct reader *in, struct syntax_rule *rule);

#endif
