/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/unseen.h"

#include "base/utf8.h"

static bool
is_lone_return(struct str rest)
{
	return rest.at[0] == '\r' && rest.len > 1 && rest.at[1] != '\n';
}

/* Blanks and line ends aside, what is below ' ' comes from no text. */
bool
policy_is_unseen_byte(struct str rest)
{
	if (rest.len == 0)
		return false;
	uint8_t c = (uint8_t)rest.at[0];
	return ((c < ' ' || c == 0x7f) && c != '\t' && c != '\r' &&
		   c != '\n') ||
	       is_lone_return(rest);
}

/* Of Arabic and Hebrew. */
static bool
is_mark(uint32_t code)
{
	return code == 0x061c || code == 0x200e || code == 0x200f;
}

bool
policy_is_unseen(struct str rest)
{
	if (rest.len == 0 || (uint8_t)rest.at[0] < 0x80)
		return policy_is_unseen_byte(rest);
	return utf8_length(rest) > 0 && !utf8_is_shown(rest) &&
	       !is_mark(utf8_code(rest));
}
