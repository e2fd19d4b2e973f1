/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

bool
colour_wanted(int fd)
{
	return isatty(fd) == 1 && getenv("NO_COLOR") == NULL;
}

void
complain(const char *format, ...)
{
	va_list args;

	(void)fputs("gatehouse: ", stderr);
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fputc('\n', stderr);
}

/* Of an empty text there may be no place. */
static void
put_text(const struct text *text, FILE *to)
{
	if (text->len > 0)
		(void)fwrite(text->at, 1, text->len, to);
}

void
print_text(const struct text *text)
{
	put_text(text, stdout);
}

void
complain_text(const struct text *text)
{
	put_text(text, stderr);
}

void
print_report(const struct report *report)
{
	struct text out = TEXT_EMPTY;

	report_render(report, colour_wanted(STDERR_FILENO), &out);
	complain_text(&out);
	text_fini(&out);
}
