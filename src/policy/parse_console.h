/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy/parse_console: a line in the braces of `console`. */
#ifndef GATEHOUSE_POLICY_PARSE_CONSOLE_H
#define GATEHOUSE_POLICY_PARSE_CONSOLE_H

#include "policy/reader.h"
#include "policy/syntax.h"

/* False: reported. */
bool parse_console_line(struct reader *in, struct syntax_console *console);

#endif
