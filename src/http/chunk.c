/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The head is written from its end: the last digit is known first.
 */
#include "http/chunk.h"

struct str
http_chunk_head(uint64_t size, char buffer[static HTTP_CHUNK_HEAD_BYTES_MAX])
{
	size_t at = HTTP_CHUNK_HEAD_BYTES_MAX;

	if (size == 0)
		return (struct str){ buffer, 0 };
	buffer[--at] = '\n';
	buffer[--at] = '\r';
	for (; size > 0; size >>= 4)
		buffer[--at] = "0123456789abcdef"[size & 15];
	return (struct str){ buffer + at, HTTP_CHUNK_HEAD_BYTES_MAX - at };
}

void
http_chunk_add(struct str content, struct text *out)
{
	char buffer[HTTP_CHUNK_HEAD_BYTES_MAX];

	if (content.len == 0)
		return;
	text_add(out, http_chunk_head(content.len, buffer));
	text_add(out, content);
	text_add(out, HTTP_CHUNK_TAIL);
}
