/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/line.h"

static char *
put(char *at, struct str s)
{
	if (s.len > 0)
		memcpy(at, s.at, s.len);
	return at + s.len;
}

/* Room is made once: heads are made of nothing else. */
void
http_line_add(struct text *out, struct str name, struct str value)
{
	char *at = text_extend(out, name.len + value.len + 4);

	if (at == NULL)
		return;
	at = put(at, name);
	*at++ = ':';
	*at++ = ' ';
	at = put(at, value);
	*at++ = '\r';
	*at = '\n';
}
