/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console/route: what a request to the console means.
 *
 * One row a method and path says which command of gatehoused it is, and of
 * which parameters of its query the command is made (docs/openapi.yaml).  So
 * no body of a request is ever read.
 */
#ifndef GATEHOUSE_CONSOLE_ROUTE_H
#define GATEHOUSE_CONSOLE_ROUTE_H

#include "base/text.h"
#include "console/page.h"

enum console_kind {
	CONSOLE_PAGE,    /* given from this program */
	CONSOLE_COMMAND, /* asked of gatehoused */
	CONSOLE_EVENTS,  /* likewise, and read from the journal */
	CONSOLE_SESSION, /* whether the browser has one */
	CONSOLE_LOGIN,   /* asked, and then a session begins */
	CONSOLE_LOGOUT,
};

struct console_route {
	enum console_kind kind;
	bool changes;
	const char *type;                /* of the content, when all is well */
	const struct console_page *page; /* of PAGE, lasts for ever */
	const char *allow;               /* of 405: what may be done here */
};

/*
 * `path` has no query.  200, and the command in *ret_line; or 404, 405, 400 or
 * 414, and what is wrong in *ret_line.
 */
unsigned console_route_find(struct str method, struct str path,
    struct str query, struct console_route *ret, struct text *ret_line);

/*
 * The next parameter, decoded, or false at the end; what is malformed has
 * *ret_bad.  Names are not decoded.
 */
bool console_query_next(struct str *rest, struct str *ret_name,
    struct text *ret_value, bool *ret_bad);

#endif
