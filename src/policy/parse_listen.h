/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/parse_listen: `listen` of `proxy { ... }`, for policy/parse alone.
 */
#ifndef GATEHOUSE_POLICY_PARSE_LISTEN_H
#define GATEHOUSE_POLICY_PARSE_LISTEN_H

#include "policy/reader.h"

/*
 * What stands behind the line's first word.  It lies in the reader's arena;
 * NULL: reported, or no memory.
 */
struct syntax_listen *parse_listen_line(struct reader *in);

/* "for" zones */
bool parse_for(struct reader *in, struct syntax_word **ret);

#endif
