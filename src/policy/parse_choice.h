/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/parse_choice: a line of `proxy { ... }` that says how the proxy works,
 * for policy/parse alone.
 */
#ifndef GATEHOUSE_POLICY_PARSE_CHOICE_H
#define GATEHOUSE_POLICY_PARSE_CHOICE_H

#include "policy/reader.h"

/*
 * Each behind its word, which was taken.  In the reader's arena; NULL:
 * reported, or no memory.
 *
 *	cache	  store { "," store }, a store being word [ string ] word
 *	compress  [ coding { "," coding } ], a coding being word [ word ]
 *	tell	  word { "," word }
 *	private
 *	users	  [ "pam" ] string [ "ban" ... ] (policy/parse_ban)
 *	ca	  string
 */
struct syntax_choice *parse_cache(struct reader *in, const struct token *head);
struct syntax_choice *parse_compress(
    struct reader *in, const struct token *head);
struct syntax_choice *parse_tell(struct reader *in, const struct token *head);
struct syntax_choice *parse_users(struct reader *in, const struct token *head);
struct syntax_choice *parse_authority(
    struct reader *in, const struct token *head);
struct syntax_choice *parse_private(
    struct reader *in, const struct token *head);

#endif
