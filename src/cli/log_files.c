/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/log_files.h"

#include "base/clock.h"
#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

#define SLACK       ((int64_t)LOG_SEEK_SLACK_S * CLOCK_SECOND)
#define AFTER_BYTES ((off_t)2 * LOG_SEEK_NEAR_BYTES)

struct search {
	const struct log_wish *wish;
	struct log_files *files;
	size_t missing; /* wanted lines that are still to be found */
};

/* The part of the file that is of the wanted time. */
static int
find_part(const struct log_wish *wish, int fd, off_t *begin, off_t *end)
{
	off_t size = *end;
	int rc = 0;

	*begin = 0;
	if (wish->since > INT64_MIN + SLACK)
		rc = log_seek_time(fd, size, wish->since - SLACK, begin);
	if (rc < 0 || wish->until >= INT64_MAX - SLACK)
		return rc;
	/* What is found is the last place that is surely before. */
	rc = log_seek_time(fd, size, wish->until + SLACK, end);
	*end = *end + AFTER_BYTES < size ? *end + AFTER_BYTES : size;
	return rc;
}

/* Where reading is to begin; *ret_older: files before this one matter. */
static int
place(struct search *search, struct log_file *file, bool *ret_older)
{
	const struct log_wish *wish = search->wish;
	struct stat st;
	off_t begin;

	if (fstat(file->tail.fd, &st) < 0)
		return -errno;
	file->end = st.st_size;
	int rc = find_part(wish, file->tail.fd, &begin, &file->end);
	*ret_older = begin == 0;
	file->tail.at = begin;
	if (rc < 0 || search->missing == SIZE_MAX)
		return rc;
	rc = log_seek_back(file->tail.fd, begin, file->end, &search->missing,
	    wish->wanted, wish->context, &file->tail.at);
	*ret_older = *ret_older && search->missing > 0;
	return rc;
}

static bool
is_open(const struct log_files *files, const struct log_tail *tail)
{
	struct stat st;

	if (fstat(tail->fd, &st) < 0)
		return true;
	for (size_t i = 0; i < files->count; i++)
		if (log_tail_is_on(&files->items[i].tail, &st))
			return true;
	return false;
}

/*
 * NAME, or NAME.N.  A rotation while we open them gives one a second time.
 */
static int
open_one(struct search *search, const char *path, bool *ret_older)
{
	struct log_file file = { .tail = LOG_TAIL_CLOSED };
	int rc = log_tail_open(&file.tail, path);

	*ret_older = true;
	if (rc < 0)
		return rc;
	if (is_open(search->files, &file.tail)) {
		log_tail_close(&file.tail);
		return 0;
	}
	rc = place(search, &file, ret_older);
	if (rc == 0)
		rc = VEC_ADD(search->files, file);
	if (rc < 0)
		log_tail_close(&file.tail);
	return rc;
}

int
log_files_open(
    const char *path, const struct log_wish *wish, struct log_files *ret)
{
	struct search search = { wish, ret, wish->last };
	struct text name = TEXT_EMPTY;
	bool older = true;

	*ret = (struct log_files){ 0 };
	int rc = open_one(&search, path, &older);
	for (unsigned i = 1; rc == 0 && older && i < LOG_FILES_MAX; i++) {
		text_clear(&name);
		text_addf(&name, "%s.%u", path, i);
		rc = name.full ? -ENOMEM : open_one(&search, name.at, &older);
	}
	text_fini(&name);
	/* Those that are not there, or not for us, are none. */
	return ret->count > 0 && rc != -ENOMEM ? 0 : rc;
}

void
log_files_close(struct log_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		log_tail_close(&files->items[i].tail);
	free(files->items);
	*files = (struct log_files){ 0 };
}

static int
give_one(struct log_file *file, log_line_fn line, void *context)
{
	bool more = true;
	int rc = 0;

	while (rc == 0 && more && file->tail.at < file->end)
		rc = log_tail_step(&file->tail, line, context, &more);
	return rc == 0 ? log_tail_finish(&file->tail, line, context) : rc;
}

int
log_files_give(
    struct log_files *files, size_t newest, log_line_fn line, void *context)
{
	int rc = 0;

	for (size_t i = files->count; rc == 0 && i > newest; i--)
		rc = give_one(&files->items[i - 1], line, context);
	return rc;
}
