/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/vary: which requests a stored response is for (RFC 9111, 4.1).
 *
 * A secondary key is text: a line "name:value\n" for each field that Vary
 * names, "name\n" where the request does not have it; names in lower case, in
 * order, each once.  Fields that are not sent on count as absent.
 *
 * Values are normalised where that is known to change no meaning: lines of one
 * name are one list, and blanks around its commas go.  Of Accept-Encoding and
 * Accept-Language also case, the order of members, which only their weights
 * tell, and the spelling of weights: "b;q=0.50, A" is "a,b;q=0.5".
 */
#ifndef GATEHOUSE_CACHE_VARY_H
#define GATEHOUSE_CACHE_VARY_H

#include "base/text.h"
#include "http/message.h"

/* More names, or a longer key, than anyone would vary by. */
#define CACHE_VARY_NAMES_MAX 16
#define CACHE_VARY_BYTES_MAX ((size_t)8 * 1024)

/*
 * Whether requests can be told apart by the Vary of a response: not by "*", by
 * what is no name, by too many, or by a field that we may write ourselves.
 */
bool cache_vary_is_possible(const struct http_fields *response_fields);

/*
 * Appends the key of a request for what the response's Vary names; nothing if
 * there is no Vary.  0; -EINVAL if it is not possible; -E2BIG; -ENOMEM.
 */
int cache_vary_key(const struct http_fields *response_fields,
    const struct http_request *request, struct text *out);

/*
 * Whether the request has that secondary key; every request has the empty one.
 * Takes no memory.
 */
bool cache_vary_matches(struct str key, const struct http_request *request);

/*
 * Whether a stored response with that key and head is for the request: it has
 * the key, or differs in Accept-Language alone and likes the one language of
 * the content (Content-Language) better than all others.  Who has it to give
 * would give no other.
 */
bool cache_vary_selects(
    struct str key, struct str head, const struct http_request *request);

#endif
