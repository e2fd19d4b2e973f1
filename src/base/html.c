/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/html.h"

void
html_add(struct text *out, struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		switch (s.at[i]) {
		case '<':
			text_addz(out, "&lt;");
			break;
		case '>':
			text_addz(out, "&gt;");
			break;
		case '&':
			text_addz(out, "&amp;");
			break;
		case '"':
			text_addz(out, "&quot;");
			break;
		case '\'':
			text_addz(out, "&#39;");
			break;
		default:
			text_addc(out, s.at[i]);
		}
	}
}
