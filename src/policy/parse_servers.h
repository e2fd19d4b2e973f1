/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/parse_servers: lines of `proxy { ... }` about servers, for
 * policy/parse alone.
 */
#ifndef GATEHOUSE_POLICY_PARSE_SERVERS_H
#define GATEHOUSE_POLICY_PARSE_SERVERS_H

#include "policy/reader.h"

/*
 * What stands behind the line's first word.  It lies in the reader's arena;
 * NULL: reported, or no memory.
 */
struct syntax_servers *parse_servers(
    struct reader *in, const struct token *head);

#endif
