/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy/parse_journal: a line in the braces of `journal`. */
#ifndef GATEHOUSE_POLICY_PARSE_JOURNAL_H
#define GATEHOUSE_POLICY_PARSE_JOURNAL_H

#include "policy/reader.h"
#include "policy/syntax.h"

/* Hangs it on the outputs; false: reported. */
bool parse_journal_line(struct reader *in, struct syntax_journal *journal);

#endif
