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

void
print_report(const struct report *report)
{
	struct text out = TEXT_EMPTY;

	report_render(report, colour_wanted(STDERR_FILENO), &out);
	if (out.len > 0) /* else `at` may be NULL */
		(void)fwrite(out.at, 1, out.len, stderr);
	text_fini(&out);
}

void
print_text(const struct text *text)
{
	if (text->len > 0)
		(void)fwrite(text->at, 1, text->len, stdout);
}
