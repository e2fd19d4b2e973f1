/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy/parse_dns: a line in the braces of `dns`. */
#ifndef GATEHOUSE_POLICY_PARSE_DNS_H
#define GATEHOUSE_POLICY_PARSE_DNS_H

#include "policy/reader.h"
#include "policy/syntax.h"

/* False: reported. */
bool parse_dns_line(struct reader *in, struct syntax_dns *dns);

#endif
