/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/coder, for its own files: what each library is made to look like.
 */
#ifndef GATEHOUSE_HTTP_CODER_IMPL_H
#define GATEHOUSE_HTTP_CODER_IMPL_H

#include "http/coder.h"

struct coder_piece;

struct coder_ops {
	/* What stays from content to content; 0 or -ENOMEM. */
	int (*create)(struct http_coder *coder);
	void (*destroy)(struct http_coder *coder); /* or of what failed */
	/* Before and after each content; 0 or -ENOMEM. */
	int (*begin)(
	    struct http_coder *coder, const struct http_coder_want *want);
	void (*end)(struct http_coder *coder);
	/*
	 * As http_coder_code; sets is_pending and is_done.  It need not look
	 * at the end of the input, or at bounds and promises.
	 */
	ssize_t (*step)(struct http_coder *coder, struct str *input,
	    enum http_coder_flow flow, char *room, size_t room_bytes);
	size_t (*memory)(const struct http_coder *coder); /* NULL: as counted */
};

struct http_coder {
	struct http_coder *next; /* of those that are idle */
	struct http_coder_pool *pool;
	const struct coder_ops *ops;
	void *state; /* the library's */
	struct http_coder_bounds bounds;
	uint64_t taken, made;
	int64_t promised;           /* of input; negative: nothing */
	struct coder_piece *pieces; /* of coder_alloc */
	size_t memory;              /* in them */
	uint8_t coding;             /* enum http_coding */
	bool decodes;
	bool is_pending, is_done, has_failed;
};

/*
 * For libraries that take an allocator: counts, and gives NULL past
 * CODER_MEMORY_MAX.  The coder is `opaque`.
 */
void *coder_alloc(void *opaque, size_t bytes);
void coder_free(void *opaque, void *piece);

/* All that is left, for a library that cannot be asked any more. */
void coder_free_all(struct http_coder *coder);

/* No library needs as much: br with its largest window comes next to it, while
 * it moves to it from a smaller one. */
#define CODER_MEMORY_MAX ((size_t)64 << 20)

/* By decodes. */
extern const struct coder_ops coder_gzip[2], coder_brotli[2], coder_zstd[2];

#endif
