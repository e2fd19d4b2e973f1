/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/privacy: what a request says of who sent it, and is not told to the
 * server of a `private` proxy.
 *
 * One row a field: its name (with `*` at its end for all that begin so), what
 * is done with it, and why.  Credentials for proxies and whatever is for one
 * hop never go on, private or not: see http/name.
 */
#ifndef GATEHOUSE_HTTP_PRIVACY_H
#define GATEHOUSE_HTTP_PRIVACY_H

#include "http/message.h"

enum http_privacy_act {
	HTTP_PRIVACY_REMOVE,
	HTTP_PRIVACY_ORIGIN, /* a URL is cut to its origin, if it is another */
};

struct http_privacy_row {
	const char *field;
	enum http_privacy_act act;
	const char *why;
};

extern const struct http_privacy_row http_privacy_rows[];
extern const size_t http_privacy_row_count;

/* 0 or -ENOMEM (the arena is the exchange's); nothing may be sent then. */
int http_privacy_apply(struct http_request *request, struct arena *arena);

#endif
