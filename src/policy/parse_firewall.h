/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/parse_firewall: a line of `firewall { ... }`, for policy/parse alone.
 */
#ifndef GATEHOUSE_POLICY_PARSE_FIREWALL_H
#define GATEHOUSE_POLICY_PARSE_FIREWALL_H

#include "policy/reader.h"

/*
 * "invalid" words | "clamp" words | "helper" words, each perhaps with
 * "for" zones.  In the reader's arena; NULL: reported, or no memory.
 */
struct syntax_setting *parse_setting(struct reader *in);

/* The word of such a line, so that it is known elsewhere. */
bool syntax_is_setting(struct str word);

#endif
