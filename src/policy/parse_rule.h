/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/parse_rule: the rules of the list, for policy/parse alone.
 *
 * Each function is called behind the statement's first word and reads to the
 * end of its line.  The rule lies in the reader's arena; NULL: reported, or no
 * memory.
 */
#ifndef GATEHOUSE_POLICY_PARSE_RULE_H
#define GATEHOUSE_POLICY_PARSE_RULE_H

#include "policy/reader.h"

/* VERDICT endpoint "->" endpoint { item } */
struct syntax_rule *parse_filter(struct reader *in);

/* "report" VERDICT endpoint "->" endpoint { item } */
struct syntax_rule *parse_report(struct reader *in);

/* "publish" ZONE service "->" TARGET [ service ] { item } */
struct syntax_rule *parse_publish(struct reader *in);

#endif
