/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/parse_ban: who is banned for what he does, and who never is; for the
 * files parse*.c alone.
 */
#ifndef GATEHOUSE_POLICY_PARSE_BAN_H
#define GATEHOUSE_POLICY_PARSE_BAN_H

#include "policy/reader.h"

/*
 * TIME "after" COUNT "refused" "in" TIME "per" "source", behind the word.
 * False: reported.
 */
bool parse_ban_clause(struct reader *in, struct syntax_ban *ret);

/* "ban" words, behind `never`.  In the reader's arena; NULL: reported, or no
 * memory. */
struct syntax_never *parse_never(struct reader *in);

#endif
