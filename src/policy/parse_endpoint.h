/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/parse_endpoint: the ends of a rule and the arrow between them, for
 * policy/parse_rule alone.
 */
#ifndef GATEHOUSE_POLICY_PARSE_ENDPOINT_H
#define GATEHOUSE_POLICY_PARSE_ENDPOINT_H

#include "policy/reader.h"

/* words [ "except" words ] */
bool parse_endpoint(struct reader *in, struct syntax_word **ret,
    struct syntax_word **ret_except);

/* "->" */
bool parse_arrow(struct reader *in);

#endif
