/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/parse_translation: statements that change addresses, for policy/parse
 * alone.
 *
 * Each function is called behind the statement's first word.  What it returns
 * lies in the reader's arena; NULL: reported, or no memory.
 */
#ifndef GATEHOUSE_POLICY_PARSE_TRANSLATION_H
#define GATEHOUSE_POLICY_PARSE_TRANSLATION_H

#include "policy/reader.h"

/* zones "->" zones */
struct syntax_masquerade *parse_masquerade(struct reader *in);

/* words [ "except" words ] "->" zones "to" words */
struct syntax_snat *parse_snat(struct reader *in);

/* INSIDE "<->" OUTSIDE "at" ZONE */
struct syntax_map *parse_map(struct reader *in);

#endif
