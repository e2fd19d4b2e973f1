/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/notice.h"

#include "base/utf8.h"
#include "event/event.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void
notice_say(const char *format, ...)
{
	char said[1024];
	struct text line = TEXT_EMPTY;
	struct str rest;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(said, sizeof(said), format, args);
	va_end(args);
	/* Some of it others have said, and standard error may be a terminal. */
	for (rest = str_of(said); rest.len > 0;) {
		bool is_first = rest.at == said;
		text_clear(&line);
		utf8_show(&line, str_cut(&rest, '\n'));
		(void)dprintf(STDERR_FILENO, "gatehoused: %s%.*s\n",
		    is_first ? "" : "    ", STR_ARG(text_str(&line)));
	}
	text_fini(&line);
}

void
notice_say_lines(struct text *words)
{
	struct str rest = text_str(words);

	while (rest.len > 0) {
		struct str line = str_cut(&rest, '\n');
		notice_say("%.*s", STR_ARG(line));
	}
	text_fini(words);
}

void
notice_sandbox(const char *program, const struct sandbox *sandbox)
{
	struct event told = { .kind = EVENT_KIND_FAULT,
		.enforcer = "firewall" };
	char reason[256];

	if (sandbox->problem[0] == '\0' ||
	    strcmp(sandbox->problem, SANDBOX_LEFT_OUT) == 0)
		return;
	(void)snprintf(reason, sizeof(reason), "the sandbox of %s lacks: %s",
	    program, sandbox->problem);
	notice_say("%s", reason);
	told.reason = reason;
	event_emit(&told);
}
