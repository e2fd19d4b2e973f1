/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/unseen: what is not seen in a text as what it is.
 *
 * A policy is read by people, who agree to it, and by us.  So that both read
 * the same there are no control characters in it, in comments and texts
 * neither; no carriage return but at the end of a line, for on a terminal what
 * follows it hides the line; nothing that turns the direction of writing
 * around.  The marks of Arabic and Hebrew stay: they reach no farther than what
 * stands beside them.
 */
#ifndef GATEHOUSE_POLICY_UNSEEN_H
#define GATEHOUSE_POLICY_UNSEEN_H

#include "base/str.h"

#include <stdbool.h>

/* Whether the text begins with such a byte, or with such a character. */
bool policy_is_unseen_byte(struct str rest);
bool policy_is_unseen(struct str rest);

#endif
