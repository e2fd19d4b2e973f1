/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console/page: the files of the dashboard, which are part of the program.
 *
 * web/ is put here at the build (scripts/embed-pages), each file as it is and
 * by gzip.  A browser may keep one and asks each time whether it is still the
 * same, so that a page and its parts are never of two versions for long, and
 * costs next to nothing when it is.
 */
#ifndef GATEHOUSE_CONSOLE_PAGE_H
#define GATEHOUSE_CONSOLE_PAGE_H

#include "base/text.h"
#include "http/message.h"

struct console_page {
	const char *path;
	const char *type;
	const char *etag, *packed_etag; /* quotes included */
	struct str plain, packed;
};

/* Made at the build. */
extern const struct console_page console_pages[];
extern const size_t console_page_count;

struct console_page_answer {
	unsigned status; /* 200 or 304 */
	struct str body; /* lasts for ever */
	char fields[160];
};

/* NULL: there is none. */
const struct console_page *console_page_find(struct str path);

/* What the request is given of it. */
struct console_page_answer console_page_answer(
    const struct console_page *page, const struct http_request *request);

#endif
