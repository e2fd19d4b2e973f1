/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/coding: the content codings that Gatehouse knows (RFC 9110, 8.4.1).
 *
 * One row a coding.  Who makes them and takes them away is http/coder.
 */
#ifndef GATEHOUSE_HTTP_CODING_H
#define GATEHOUSE_HTTP_CODING_H

#include "base/str.h"

/*
 * Word; levels: the first, the last, a swift one for content on its way, a
 * thorough one for what is made once and sent often.  64 KiB of a manual in
 * HTML (bench/coding, one core), in MB/s and KiB:
 *
 *		swift		thorough
 *	gzip	 58, 14.8	 25, 14.3
 *	br	 40, 13.8	0.7, 12.2
 *	zstd	130, 14.7	  5, 13.5
 *
 * So a thorough br of a MiB takes more than a second.
 */
#define HTTP_CODINGS(ROW)                                                      \
	ROW(IDENTITY, "identity", 0, 0, 0, 0)                                  \
	ROW(GZIP, "gzip", 1, 9, 5, 9)                                          \
	ROW(BR, "br", 1, 11, 5, 11)                                            \
	ROW(ZSTD, "zstd", 1, 19, 5, 16)

enum http_coding {
#define ROW(id, word, first, last, swift, thorough) HTTP_CODING_##id,
	HTTP_CODINGS(ROW)
#undef ROW
	HTTP_CODING_COUNT,
	HTTP_CODING_OTHER = HTTP_CODING_COUNT, /* or several of them */
};

struct http_coding_row {
	const char *word;
	int level_first, level_last;
	int level_swift, level_thorough;
};

const struct http_coding_row *http_coding_row(enum http_coding coding);

/* By token, in any case, `x-gzip` too (RFC 9110, 8.4.1.3); else OTHER. */
enum http_coding http_coding_find(struct str token);

#endif
