/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/line.h"

/* A comment is one line, whatever stands in it. */
static void
print_comment(struct str words, struct text *out)
{
	for (size_t i = 0; i < words.len; i++) {
		unsigned char c = (unsigned char)words.at[i];
		text_addc(out, c < ' ' || c == 0x7f ? ' ' : (char)c);
	}
}

void
import_line_print(struct import_line *line, const char *note, struct text *out)
{
	if (line == NULL || (line->shown && note == NULL && line->why == NULL))
		return;
	text_addz(out, line->why != NULL ? "# not translated: " : "# ");
	print_comment(line->text, out);
	if (line->why != NULL)
		note = line->why;
	if (note != NULL) {
		text_addz(out, " (");
		print_comment(str_of(note), out);
		text_addc(out, ')');
	}
	text_addc(out, '\n');
	line->shown = true;
}
