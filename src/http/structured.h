/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/structured: structured fields (RFC 9651), as far as anyone here reads
 * them: the members of a dictionary.
 *
 * The reader is strict, as the standard asks: what does not parse to its end
 * is no field at all, so that nobody may act on a part of it.  Hence a caller
 * goes through all members before it believes one.
 */
#ifndef GATEHOUSE_HTTP_STRUCTURED_H
#define GATEHOUSE_HTTP_STRUCTURED_H

#include "base/str.h"

enum http_structured_type {
	HTTP_STRUCTURED_BOOLEAN,
	HTTP_STRUCTURED_INTEGER,
	HTTP_STRUCTURED_STRING,
	HTTP_STRUCTURED_TOKEN,
	/* Checked, and not understood further: decimals, byte sequences,
	 * dates, display strings, inner lists. */
	HTTP_STRUCTURED_ANOTHER,
};

struct http_structured {
	struct str key;
	enum http_structured_type type;
	int64_t number;  /* of an INTEGER; of a BOOLEAN 0 or 1 */
	struct str text; /* between the quotes, escapes as they came; a token */
};

/*
 * Takes the next member of a dictionary off *rest, which starts as the value of
 * a field line; parameters are checked and dropped.  1; 0 at the end; -EINVAL,
 * then the whole field is to be ignored.
 */
int http_structured_next(struct str *rest, struct http_structured *ret);

#endif
