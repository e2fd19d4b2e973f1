/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/snapshot.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/vec.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void
snapshot_fini(struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->count; i++) {
		(void)close(snapshot->items[i].fd);
		free(snapshot->items[i].path);
	}
	free(snapshot->items);
	*snapshot = SNAPSHOT_EMPTY;
}

/* Takes the descriptor on success. */
static int
keep(struct snapshot *snapshot, const char *path, struct snapshot_file file)
{
	file.path = strdup(path);
	if (file.path != NULL && VEC_ADD(snapshot, file) == 0)
		return 0;
	free(file.path);
	return -ENOMEM;
}

int
snapshot_add(struct snapshot *snapshot, const char *path, int fd)
{
	return keep(snapshot, path, (struct snapshot_file){ .fd = fd });
}

const struct snapshot_file *
snapshot_find(const struct snapshot *snapshot, struct str path)
{
	for (size_t i = 0; i < snapshot->count; i++)
		if (str_is(path, snapshot->items[i].path))
			return &snapshot->items[i];
	return NULL;
}

/* Nobody can change the copy any more, its maker included. */
static int
seal(int fd)
{
	return fcntl(fd, F_ADD_SEALS,
		   F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0
		   ? -errno
		   : 0;
}

static int
keep_copy(struct snapshot *snapshot, const char *path, struct str text,
    struct stamp stamp, int64_t read)
{
	struct snapshot_file file = { .stamp = stamp, .read = read };

	file.fd = memfd_create("policy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int rc = file.fd < 0 ? -errno : file_write_all(file.fd, text);
	if (rc == 0)
		rc = seal(file.fd);
	if (rc == 0)
		rc = keep(snapshot, path, file);
	if (rc < 0 && file.fd >= 0)
		(void)close(file.fd);
	return rc;
}

int
snapshot_keep(struct snapshot *snapshot, const struct snapshot_kept *kept)
{
	return keep_copy(
	    snapshot, kept->path, kept->text, (struct stamp){ 0 }, kept->read);
}

int
snapshot_each_piece(const struct snapshot_file *file,
    int (*each)(void *context, struct str piece), void *context)
{
	char piece[65536];
	off_t at = 0;
	int rc = 0;

	/* The place in the file is shared with the proxy: it is not moved. */
	while (rc == 0) {
		ssize_t n = pread(file->fd, piece, sizeof(piece), at);
		if (n == 0)
			break;
		if (n < 0) {
			rc = errno == EINTR ? 0 : -errno;
			continue;
		}
		at += n;
		rc = each(context, (struct str){ piece, (size_t)n });
	}
	return rc;
}

static int
add_piece(void *context, struct str piece)
{
	sha256_add(context, piece);
	return 0;
}

int
snapshot_digest(struct snapshot_file *file)
{
	struct sha256 sha256;

	if (file->digest[0] != '\0')
		return 0;
	sha256_init(&sha256);
	int rc = snapshot_each_piece(file, add_piece, &sha256);
	if (rc == 0)
		sha256_format(&sha256, file->digest);
	return rc;
}

static int
play(void *context, const char *path, size_t bytes_max, struct text *ret)
{
	const struct snapshot_file *file = snapshot_find(context, str_of(path));

	return file == NULL ? -ENOENT : file_read_fd(file->fd, bytes_max, ret);
}

/*
 * What is named twice is read once, or the two could differ.  A file that was
 * written meanwhile is taken as it came: its stamp is from before.
 */
static int
record(void *context, const char *path, size_t bytes_max, struct text *ret)
{
	struct stamp stamp;
	bool torn;
	int rc = play(context, path, bytes_max, ret);

	if (rc != -ENOENT)
		return rc;
	rc = stamp_read(path, bytes_max, ret, &stamp, &torn);
	return rc < 0 ? rc
		      : keep_copy(
			    context, path, text_str(ret), stamp, clock_wall());
}

/* The sealed copy itself is shared: nobody can change it. */
static int
keep_inherited(struct snapshot *snapshot, const struct snapshot_file *from)
{
	struct snapshot_file file = *from;

	file.fd = fcntl(from->fd, F_DUPFD_CLOEXEC, 0);
	int rc = file.fd < 0 ? -errno : keep(snapshot, from->path, file);
	if (rc < 0 && file.fd >= 0)
		(void)close(file.fd);
	return rc;
}

int
snapshot_copy(const struct snapshot *from, struct snapshot *ret)
{
	int rc = 0;

	*ret = SNAPSHOT_EMPTY;
	for (size_t i = 0; rc == 0 && i < from->count; i++)
		rc = keep_inherited(ret, &from->items[i]);
	if (rc < 0)
		snapshot_fini(ret);
	return rc;
}

static int
keep_fresh(struct snapshot_heir *heir, size_t bytes_max, struct text *ret)
{
	const struct snapshot_fresh *fresh = heir->fresh;

	if (fresh->text.len > bytes_max)
		return -EFBIG;
	text_clear(ret);
	text_add(ret, text_str(&fresh->text));
	return ret->full ? -ENOMEM
			 : keep_copy(heir->snapshot, fresh->path, text_str(ret),
			       fresh->stamp, fresh->read);
}

static int
inherit(void *context, const char *path, size_t bytes_max, struct text *ret)
{
	struct snapshot_heir *heir = context;
	const struct snapshot_file *file =
	    snapshot_find(heir->from, str_of(path));
	int rc = play(heir->snapshot, path, bytes_max, ret);

	if (rc != -ENOENT || file == NULL)
		return rc;
	if (heir->fresh != NULL && strcmp(path, heir->fresh->path) == 0)
		return keep_fresh(heir, bytes_max, ret);
	rc = file_read_fd(file->fd, bytes_max, ret);
	return rc < 0 ? rc : keep_inherited(heir->snapshot, file);
}

static int
list_on_disk(void *context, const char *pattern,
    void (*each)(void *each_context, const char *path), void *each_context)
{
	(void)context;
	return file_list(pattern, each, each_context);
}

static int
by_path(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* As glob(3) found them, by the names that were recorded. */
static int
list_in(const struct snapshot *snapshot, const char *pattern,
    void (*each)(void *each_context, const char *path), void *each_context)
{
	const char **paths = calloc(snapshot->count + 1, sizeof(char *));
	size_t count = 0;

	if (paths == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < snapshot->count; i++)
		if (fnmatch(pattern, snapshot->items[i].path,
			FNM_PATHNAME | FNM_PERIOD) == 0)
			paths[count++] = snapshot->items[i].path;
	qsort(paths, count, sizeof(char *), by_path);
	for (size_t i = 0; i < count; i++)
		each(each_context, paths[i]);
	free(paths);
	return 0;
}

static int
list_recorded(void *context, const char *pattern,
    void (*each)(void *each_context, const char *path), void *each_context)
{
	return list_in(context, pattern, each, each_context);
}

static int
list_inherited(void *context, const char *pattern,
    void (*each)(void *each_context, const char *path), void *each_context)
{
	const struct snapshot_heir *heir = context;

	return list_in(heir->from, pattern, each, each_context);
}

static bool
is_open_on_disk(void *context, const char *path)
{
	(void)context;
	return file_is_open(path);
}

struct policy_loader
snapshot_recorder(struct snapshot *snapshot)
{
	return (struct policy_loader){ record, snapshot, list_on_disk,
		is_open_on_disk };
}

struct policy_loader
snapshot_player(struct snapshot *snapshot)
{
	return (struct policy_loader){
		.read = play, .context = snapshot, .list = list_recorded
	};
}

struct policy_loader
snapshot_inheritor(struct snapshot_heir *heir)
{
	return (struct policy_loader){
		.read = inherit, .context = heir, .list = list_inherited
	};
}
