/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/quota_book: what is used of quotas, and the file that keeps it.
 *
 *	gatehouse quotas 1
 *	8c6f...e2 day 2026-11-27T00:00:00.000000Z 10.0.0.4 1048576
 *	51aa...07 month 2026-11-01T00:00:00.000000Z - 73400320
 *
 * A line a count: the rule's id, the period and when it began, the source (`-`:
 * all of them together), bytes.  The file is written beside its place and
 * renamed.  A count whose period is over is dropped when the book is cleaned.
 *
 * At most QUOTA_BOOK_MAX counts; when there are more, those that came first go.
 */
#ifndef GATEHOUSE_DAEMON_QUOTA_BOOK_H
#define GATEHOUSE_DAEMON_QUOTA_BOOK_H

#include "base/text.h"
#include "policy/quota.h"

/* As many as the proxy knows (proxy/quotas). */
#define QUOTA_BOOK_MAX 65536

/* Of its longest lines. */
#define QUOTA_BOOK_FILE_BYTES_MAX ((size_t)16 << 20)

struct quota_book {
	struct policy_quota_count *items;
	size_t count, room;
	uint32_t *slots; /* places of items, and 1; 0: free */
	size_t slot_count;
	bool changed; /* since it was written */
};

void quota_book_fini(struct quota_book *book);

/* Sets a count.  0, 1 when another one had to go for it, or -ENOMEM. */
int quota_book_put(
    struct quota_book *book, const struct policy_quota_count *count);

/* NULL: nothing is known. */
const struct policy_quota_count *quota_book_find(
    const struct quota_book *book, uint64_t id, struct address source);

/* Drops what is of a period that is over. */
void quota_book_clean(struct quota_book *book, int64_t wall);

/* 0, or a negative errno; a file that is not there is an empty one. */
int quota_book_read(struct quota_book *book, const char *path, int64_t wall);
int quota_book_write(struct quota_book *book, const char *path);

#endif
