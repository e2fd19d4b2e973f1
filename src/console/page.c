/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/page.h"

#include <stdio.h>

#include "http/accept.h"
#include "http/etag.h"

const struct console_page *
console_page_find(struct str path)
{
	for (size_t i = 0; i < console_page_count; i++)
		if (str_is(path, console_pages[i].path))
			return &console_pages[i];
	return NULL;
}

static bool
takes_gzip(const struct http_request *request)
{
	static const enum http_coding ours[] = { HTTP_CODING_GZIP };
	struct http_accept accept = http_accept_of(&request->fields);

	return http_accept_choose(&accept, ours, 1) == HTTP_CODING_GZIP;
}

struct console_page_answer
console_page_answer(
    const struct console_page *page, const struct http_request *request)
{
	bool packed = takes_gzip(request);
	const char *etag = packed ? page->packed_etag : page->etag;
	bool same = http_etag_is_listed(
	    &request->fields, HTTP_NAME_IF_NONE_MATCH, str_of(etag));
	struct console_page_answer answer = { .status = same ? 304 : 200 };

	if (!same)
		answer.body = packed ? page->packed : page->plain;
	(void)snprintf(answer.fields, sizeof(answer.fields),
	    "Cache-Control: no-cache\r\nVary: Accept-Encoding\r\n"
	    "ETag: %s\r\n%s",
	    etag, packed && !same ? "Content-Encoding: gzip\r\n" : "");
	return answer;
}
