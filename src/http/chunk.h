/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/chunk: writing content in the chunked coding (RFC 9112, 7.1).
 *
 * The bytes around the content are made apart from it, so that the content
 * itself need not be copied: send http_chunk_head, the content, HTTP_CHUNK_TAIL
 * and, once at the end, HTTP_CHUNK_LAST.
 */
#ifndef GATEHOUSE_HTTP_CHUNK_H
#define GATEHOUSE_HTTP_CHUNK_H

#include "base/text.h"

#define HTTP_CHUNK_TAIL STR("\r\n")
#define HTTP_CHUNK_LAST STR("0\r\n\r\n")

/* 16 digits and CRLF; no NUL. */
#define HTTP_CHUNK_HEAD_BYTES_MAX 18

/*
 * "size CRLF" in buffer, lent.  Size 0 gives the empty str, because a chunk of
 * size 0 would end the body: for no content send neither head nor tail.
 */
struct str http_chunk_head(
    uint64_t size, char buffer[static HTTP_CHUNK_HEAD_BYTES_MAX]);

/* A whole chunk; nothing for empty content. */
void http_chunk_add(struct str content, struct text *out);

#endif
