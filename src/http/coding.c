/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/coding.h"

static const struct http_coding_row rows[] = {
#define ROW(id, word, first, last, swift, thorough)                            \
	{ word, first, last, swift, thorough },
	HTTP_CODINGS(ROW)
#undef ROW
};

const struct http_coding_row *
http_coding_row(enum http_coding coding)
{
	return &rows[coding];
}

enum http_coding
http_coding_find(struct str token)
{
	for (unsigned i = 0; i < HTTP_CODING_COUNT; i++)
		if (str_eq_nocase(token, str_of(rows[i].word)))
			return (enum http_coding)i;
	return str_eq_nocase(token, STR("x-gzip")) ? HTTP_CODING_GZIP
						   : HTTP_CODING_OTHER;
}
