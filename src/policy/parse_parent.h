/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/parse_parent: parents, for policy/parse alone.
 */
#ifndef GATEHOUSE_POLICY_PARSE_PARENT_H
#define GATEHOUSE_POLICY_PARSE_PARENT_H

#include "policy/reader.h"

/*
 * NAME "=" server { "," server }, behind the statement's word.  It lies in the
 * reader's arena; NULL: reported, or no memory.
 */
struct syntax_parent *parse_parent(struct reader *in);

#endif
