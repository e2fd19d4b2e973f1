/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/utf8: what is a character, and which may be shown to people.
 *
 * Bytes from a peer end in a log and a log ends on a terminal.  A terminal
 * obeys more than ESC: the C1 controls (U+0080 to U+009F, CSI among them) do
 * the same in UTF-8, and the controls of writing direction make a text read
 * other than it is.  RFC 3629.
 */
#ifndef GATEHOUSE_BASE_UTF8_H
#define GATEHOUSE_BASE_UTF8_H

#include "base/text.h"

/*
 * The length of the well-formed sequence at the head of s, 1 to 4, or 0.
 * Overlong forms and surrogates are not well-formed.
 */
size_t utf8_length(struct str s);

/* The code point of the well-formed sequence at the head of s. */
uint32_t utf8_code(struct str s);

/*
 * Whether the well-formed sequence at the head of s may go to a terminal as
 * it is: no control (C0, DEL, C1), no line or paragraph separator, nothing
 * that changes the direction of writing.
 */
bool utf8_is_shown(struct str s);

/*
 * Adds s as people may see it: what is not well-formed or not to be shown is
 * written as \xNN, byte by byte.  A backslash of the text itself stays.
 */
void utf8_show(struct text *out, struct str s);

/* The same of a word between blanks, which could else hold the words that
 * follow it: all but visible ASCII is written as \xNN. */
void utf8_show_word(struct text *out, struct str word);

#endif
