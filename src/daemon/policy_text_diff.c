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

/*
 * Keys, and hashes of passwords: whoever may see what has changed may not see
 * those.  Told by what is in the file, for what it is named as may have changed
 * as well.
 */
static bool
holds_secrets(const struct text *text)
{
	static const char *const signs[] = { "PRIVATE KEY-----", ":$2", ":$y$",
		":$5$", ":$6$" };

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (str_holds(text_str(text), signs[i]))
			return true;
	return false;
}

static bool
is_same(const struct text *a, const struct text *b)
{
	return str_eq(text_str(a), text_str(b));
}

static const char *
name_of(const struct snapshot_file *file)
{
	return file != NULL ? file->path : "/dev/null";
}

/* One of the two may be NULL. */
static int
compare(const struct snapshot_file *before, const struct snapshot_file *after,
    struct text *out)
{
	struct text old = TEXT_EMPTY, new = TEXT_EMPTY, lines = TEXT_EMPTY;
	int rc = read_file(before, &old);

	if (rc == 0)
		rc = read_file(after, &new);
	bool secret = rc == 0 && (holds_secrets(&old) || holds_secrets(&new));
	if (secret && !is_same(&old, &new))
		text_addf(out,
		    "%s differs, and is not shown: it holds secrets\n",
		    name_of(after != NULL ? after : before));
	if (rc == 0 && !secret)
		rc = line_diff(text_str(&old), text_str(&new), &lines);
	if (rc == -EFBIG) {
		text_addf(out, "%s differs, and is too large to show\n",
		    name_of(after != NULL ? after : before));
		rc = 0;
	} else if (rc == 0 && lines.len > 0) {
		text_addf(
		    out, "--- %s\n+++ %s\n", name_of(before), name_of(after));
		text_add(out, text_str(&lines));
	}
	if (secret) {
		explicit_bzero(old.at, old.len);
		explicit_bzero(new.at, new.len);
	}
	text_fini(&old);
	text_fini(&new);
	text_fini(&lines);
	return rc;
}

/* The policy itself is the first file, whatever it is called; others are known
 * by their names. */
static const struct snapshot_file *
partner_of(
    const struct snapshot *snapshot, size_t at, const struct snapshot *in)
{
	if (in->count == 0)
		return NULL;
	const struct snapshot_file *found =
	    at == 0 ? &in->items[0]
		    : snapshot_find(in, str_of(snapshot->items[at].path));
	return at > 0 && found == &in->items[0] ? NULL : found;
}

int
policy_text_diff(const struct snapshot *before, const struct snapshot *after,
    struct text *out)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < before->count; i++)
		rc = compare(
		    &before->items[i], partner_of(before, i, after), out);
	for (size_t i = 0; rc == 0 && i < after->count; i++)
		if (partner_of(after, i, before) == NULL)
			rc = compare(NULL, &after->items[i], out);
	return rc;
}
