/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/line: a line of a foreign file, and the comment that it becomes.
 */
#ifndef GATEHOUSE_IMPORT_LINE_H
#define GATEHOUSE_IMPORT_LINE_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct import_line {
	const char *file;
	uint32_t number;
	struct str text;
	const char *why; /* not translated; NULL: it is, so far */
	bool said;       /* a rule came of it */
	bool shown;      /* it stands in the policy */
};

/*
 * The line as a comment, once, with the note behind it, or with why it was not
 * translated.  line and note may be NULL; what has a note is said again.
 */
void import_line_print(
    struct import_line *line, const char *note, struct text *out);

#endif
