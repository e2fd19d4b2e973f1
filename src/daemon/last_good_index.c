/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/last_good_index.h"

#include "base/clock.h"
#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

#define HEAD "gatehouse last good policy 1"

static void
digest_of(struct str s, char ret[static SHA256_TEXT_BYTES])
{
	struct sha256 sha256;

	sha256_init(&sha256);
	sha256_add(&sha256, s);
	sha256_format(&sha256, ret);
}

/* ---- writing ---- */

static bool
is_one_line(const char *path)
{
	return strchr(path, '\n') == NULL;
}

static void
add_file(const struct last_good_line *file, struct text *out)
{
	char read[CLOCK_TEXT_BYTES] = "-";

	if (file->read != 0)
		clock_format(file->read, read);
	text_addf(out, "file %s %s %s\n", file->digest, read, file->path);
}

int
last_good_index_rewrite(const struct last_good_index *index, struct text *out)
{
	char when[CLOCK_TEXT_BYTES], digest[SHA256_TEXT_BYTES];
	size_t begin = out->len;

	if (!is_one_line(index->path))
		return -EINVAL;
	clock_format(index->since, when);
	text_addf(out, HEAD "\nsince %s\npath %s\n", when, index->path);
	for (size_t i = 0; i < index->count; i++) {
		if (!is_one_line(index->items[i].path))
			return -EINVAL;
		add_file(&index->items[i], out);
	}
	digest_of(str_skip(text_str(out), begin), digest);
	text_addf(out, "end %s\n", digest);
	return out->full ? -ENOMEM : 0;
}

static int
copy(struct str s, char **ret)
{
	*ret = strndup(s.at, s.len);
	return *ret == NULL ? -ENOMEM : 0;
}

int
last_good_index_make(const char *policy, const struct snapshot *snapshot,
    int64_t since, struct last_good_index *ret)
{
	*ret = (struct last_good_index){ .since = since };
	int rc = copy(str_of(policy), &ret->path);
	for (size_t i = 0; rc == 0 && i < snapshot->count; i++) {
		const struct snapshot_file *from = &snapshot->items[i];
		struct last_good_line file = { .read = from->read };
		memcpy(file.digest, from->digest, sizeof(file.digest));
		rc = copy(str_of(from->path), &file.path);
		if (rc == 0)
			rc = VEC_ADD(ret, file);
		if (rc < 0)
			free(file.path);
	}
	return rc;
}

int
last_good_index_write(const char *policy, const struct snapshot *snapshot,
    int64_t since, struct text *out)
{
	struct last_good_index index;
	int rc = last_good_index_make(policy, snapshot, since, &index);

	if (rc == 0)
		rc = last_good_index_rewrite(&index, out);
	last_good_index_fini(&index);
	return rc;
}

/* ---- reading ---- */

/* Leaves the lines before the last one, if that is their digest. */
static bool
take_end(struct str *text)
{
	const size_t len = sizeof("end \n") - 1 + SHA256_TEXT_BYTES - 1;
	char digest[SHA256_TEXT_BYTES];

	if (text->len < len)
		return false;
	struct str end = str_skip(*text, text->len - len);
	text->len -= len;
	digest_of(*text, digest);
	return str_starts(end, STR("end ")) && end.at[len - 1] == '\n' &&
	       memcmp(end.at + 4, digest, SHA256_TEXT_BYTES - 1) == 0;
}

static bool
take_word(struct str *line, struct str word)
{
	if (!str_starts(*line, word))
		return false;
	*line = str_skip(*line, word.len);
	return true;
}

static int
read_file(struct str line, struct last_good_index *ret)
{
	struct last_good_line file = { 0 };

	if (!take_word(&line, STR("file ")))
		return -EBADMSG;
	struct str digest = str_cut(&line, ' '), read = str_cut(&line, ' ');
	if (!sha256_is_text(digest) || line.len == 0 ||
	    (!str_is(read, "-") && clock_parse(read, &file.read) < 0))
		return -EBADMSG;
	memcpy(file.digest, digest.at, digest.len);
	int rc = copy(line, &file.path);
	if (rc == 0)
		rc = VEC_ADD(ret, file);
	if (rc < 0)
		free(file.path);
	return rc;
}

int
last_good_index_read(struct str text, struct last_good_index *ret)
{
	*ret = (struct last_good_index){ 0 };
	if (!take_end(&text) || !str_is(str_cut(&text, '\n'), HEAD))
		return -EBADMSG;
	struct str since = str_cut(&text, '\n'), path = str_cut(&text, '\n');
	if (!take_word(&since, STR("since ")) ||
	    clock_parse(since, &ret->since) < 0 ||
	    !take_word(&path, STR("path ")))
		return -EBADMSG;
	int rc = copy(path, &ret->path);
	while (rc == 0 && text.len > 0)
		rc = read_file(str_cut(&text, '\n'), ret);
	return rc;
}

void
last_good_index_fini(struct last_good_index *index)
{
	for (size_t i = 0; i < index->count; i++)
		free(index->items[i].path);
	free(index->items);
	free(index->path);
	*index = (struct last_good_index){ 0 };
}
