/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/greeting: what an intercepted client speaks, told by its first bytes.
 */
#ifndef GATEHOUSE_PROXY_GREETING_H
#define GATEHOUSE_PROXY_GREETING_H

#include "base/str.h"

enum greeting {
	GREETING_UNKNOWN, /* nothing has come */
	GREETING_TLS,
	GREETING_HTTP,
	GREETING_OTHER,
};

/*
 * What a server could take for the beginning of a request counts as HTTP, and
 * is then read strictly: were it passed on as something else, a name could be
 * asked for that no rule has seen.
 */
enum greeting greeting_of(struct str first_bytes);

/*
 * The same where the name is known already, so that any text may come: HTTP is
 * only what has the first line of a request (RFC 9112, 3).  UNKNOWN until that
 * line has come.
 */
enum greeting greeting_of_line(struct str first_bytes);

#endif
