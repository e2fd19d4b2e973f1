/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/page: answers of the proxy's own, for people to read.
 *
 * A refusal names the rule that made it, a failure says what failed.  What the
 * client sent stands in a page only as text, never as markup, and the page
 * loads nothing from anywhere.
 */
#ifndef GATEHOUSE_PROXY_PAGE_H
#define GATEHOUSE_PROXY_PAGE_H

#include "http/message.h"
#include "net/stream.h"
#include "policy/policy.h"

struct page {
	unsigned status;
	const char *sentence; /* why, where no rule says it; NULL: refused */
	const struct policy_rule *rule; /* that refused; NULL: none */
	struct str target;              /* what was asked for; may be empty */
	struct str by;                  /* our name */
	const char *error;              /* its type (proxy/proxy_status) */
	/* How to say it. */
	enum http_method method;
	unsigned client_minor;
	bool keep_alive;
	unsigned retry_after; /* seconds; 0: nothing is said of it */
};

/*
 * Writes head and content; HEAD gets the head alone.  The count of bytes, or a
 * negative errno as of stream_write.
 */
int page_send(const struct page *page, struct stream *stream);

/* The content alone: a whole HTML document in UTF-8. */
void page_write(const struct page *page, struct text *out);

#endif
