/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/explain_print: an explanation in words and as JSON.
 *
 * The command line prints what it asked of a file, the gateway what it was
 * asked of the policy in force: with these, in the same words.
 */
#ifndef GATEHOUSE_POLICY_EXPLAIN_PRINT_H
#define GATEHOUSE_POLICY_EXPLAIN_PRINT_H

#include "policy/explain.h"

#include "base/json.h"

/* Its line and its name; null for no rule, and for one that stands nowhere. */
void explain_rule_json(const struct policy_rule *rule, struct json *json);

/* The members "verdict" to "path", into an object that the caller opened. */
void explain_json(const struct explanation *explanation, struct json *json);

/* The verdict on its line. */
void explain_verdict(
    const struct explanation *explanation, bool colour, struct text *out);

/* The rules that were walked over, each with why it did not match. */
void explain_steps(const struct explanation *explanation, struct text *out);

#endif
