/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/session.h"

#include "cli/control_client.h"
#include "cli/ssh_origin.h"

#include <stdio.h>

void
session_tell(const char *runtime)
{
	char text[ADDRESS_TEXT_BYTES], line[sizeof("session ") + sizeof(text)];
	struct control_fds fds = { 0 };
	struct text answer = TEXT_EMPTY;
	struct address origin;
	enum status status;

	if (!ssh_origin_find(&origin))
		return;
	(void)snprintf(
	    line, sizeof(line), "session %s", address_format(origin, text));
	if (control_ask_fds(runtime, line, &status, &answer, &fds))
		control_fds_fini(&fds);
	text_fini(&answer);
}
