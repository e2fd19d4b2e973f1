/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/answer: what the gateway has answered, to be printed.
 *
 * Its words may be somebody else's: of a proxy that was taken over, of who bans
 * by the console, of a list.  None of them is obeyed by the terminal.
 */
#ifndef GATEHOUSE_CLI_ANSWER_H
#define GATEHOUSE_CLI_ANSWER_H

#include "base/text.h"

#include <jansson.h>

/* The object, the caller's; NULL: it makes no sense (complained). */
json_t *answer_read(const struct text *answer);

#endif
