/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of http/status.h as a switch.  Read-only; any thread.
 */
#include "http/status.h"

struct str
http_status_reason(unsigned status)
{
	switch (status) {
#define ROW(code, phrase)                                                      \
	case code:                                                             \
		return STR(phrase);
		HTTP_STATUSES(ROW)
#undef ROW
	default:
		return (struct str){ "", 0 };
	}
}

bool
http_status_has_content(unsigned status, enum http_method method)
{
	if (status < 200 || status == 204 || status == 304)
		return false;
	if (method == HTTP_METHOD_CONNECT && status < 300)
		return false; /* what follows is the tunnel */
	return method != HTTP_METHOD_HEAD;
}
