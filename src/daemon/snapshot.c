/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/snapshot.h"

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

int
snapshot_add(struct snapshot *snapshot, const char *path, int fd)
{
	struct snapshot_file file = { .path = strdup(path), .fd = fd };

	if (file.path != NULL && VEC_ADD(snapshot, file) == 0)
		return 0;
	free(file.path);
	return -ENOMEM;
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
keep_copy(struct snapshot *snapshot, const char *path, struct str text)
{
	int fd = memfd_create("policy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int rc = fd < 0 ? -errno : file_write_all(fd, text);

	if (rc == 0)
		rc = seal(fd);
	if (rc == 0)
		rc = snapshot_add(snapshot, path, fd);
	if (rc < 0 && fd >= 0)
		(void)close(fd);
	return rc;
}

static int
record(void *context, const char *path, size_t bytes_max, struct text *ret)
{
	int rc = file_read(path, bytes_max, ret);

	return rc < 0 ? rc : keep_copy(context, path, text_str(ret));
}

static int
play(void *context, const char *path, size_t bytes_max, struct text *ret)
{
	const struct snapshot *snapshot = context;

	for (size_t i = 0; i < snapshot->count; i++)
		if (strcmp(snapshot->items[i].path, path) == 0)
			return file_read_fd(
			    snapshot->items[i].fd, bytes_max, ret);
	return -ENOENT;
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
list_recorded(void *context, const char *pattern,
    void (*each)(void *each_context, const char *path), void *each_context)
{
	const struct snapshot *snapshot = context;
	const char **paths = calloc(snapshot->count + 1, sizeof(char *));
	size_t count = 0;

	if (paths == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < snapshot->count; i++)
		if (fnmatch(pattern, snapshot->items[i].path,
			FNM_PATHNAME | FNM_PERIOD) == 0)
			paths[count++] = snapshot->items[i].path;
	qsort(paths, count, sizeof(char *), by_path);
	/* A file that was read twice was recorded twice. */
	for (size_t i = 0; i < count; i++)
		if (i == 0 || strcmp(paths[i], paths[i - 1]) != 0)
			each(each_context, paths[i]);
	free(paths);
	return 0;
}

struct policy_loader
snapshot_recorder(struct snapshot *snapshot)
{
	return (struct policy_loader){ record, snapshot, list_on_disk };
}

struct policy_loader
snapshot_player(struct snapshot *snapshot)
{
	return (struct policy_loader){ play, snapshot, list_recorded };
}
