/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/line.h"

#include "base/utf8.h"

/*
 * A comment is one line, whatever stands in it, and what is read there is what
 * stands there: a blank for all that a terminal would obey or turn around.
 */
static void
print_comment(struct str words, struct text *out)
{
	while (words.len > 0) {
		size_t len = utf8_length(words);
		if (len > 0 && utf8_is_shown(words))
			text_add(out, (struct str){ words.at, len });
		else
			text_addc(out, ' ');
		words = str_skip(words, len > 0 ? len : 1);
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
