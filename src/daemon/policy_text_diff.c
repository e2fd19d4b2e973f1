/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/policy_text_diff.h"

#include "base/file.h"
#include "base/line_diff.h"

#include <errno.h>

/* A file that is not there has no line. */
static int
read_file(const struct snapshot_file *file, struct text *ret)
{
	return file == NULL
		   ? 0
		   : file_read_fd(file->fd, POLICY_TEXT_DIFF_BYTES_MAX, ret);
}

static int
compare(const char *path, const struct snapshot_file *before,
    const struct snapshot_file *after, struct text *out)
{
	struct text old = TEXT_EMPTY, new = TEXT_EMPTY, lines = TEXT_EMPTY;
	int rc = read_file(before, &old);

	if (rc == 0)
		rc = read_file(after, &new);
	if (rc == 0)
		rc = line_diff(text_str(&old), text_str(&new), &lines);
	if (rc == -EFBIG) {
		text_addf(out, "%s differs, and is too large to show\n", path);
		rc = 0;
	} else if (rc == 0 && lines.len > 0) {
		text_addf(out, "--- %s\n+++ %s\n",
		    before != NULL ? path : "/dev/null",
		    after != NULL ? path : "/dev/null");
		text_add(out, text_str(&lines));
	}
	text_fini(&old);
	text_fini(&new);
	text_fini(&lines);
	return rc;
}

int
policy_text_diff(const struct snapshot *before, const struct snapshot *after,
    struct text *out)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < before->count; i++) {
		const struct snapshot_file *old = &before->items[i];
		rc = compare(old->path, old,
		    snapshot_find(after, str_of(old->path)), out);
	}
	for (size_t i = 0; rc == 0 && i < after->count; i++) {
		const struct snapshot_file *new = &after->items[i];
		if (snapshot_find(before, str_of(new->path)) == NULL)
			rc = compare(new->path, NULL, new, out);
	}
	return rc;
}
