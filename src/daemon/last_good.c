/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/last_good.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/vec.h"
#include "daemon/last_good_index.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define INDEX   "policy"
#define WRITTEN "new"

/* ---- the folder ---- */

static int
check_folder(const struct last_good *good, struct text *reterr_why)
{
	struct stat st;
	int rc = fstat(good->fd, &st) < 0 ? -errno : 0;

	if (rc == 0 && (st.st_uid != geteuid() || (st.st_mode & 022) != 0)) {
		text_addf(
		    reterr_why, "others can write in the folder %s", good->dir);
		return -EPERM;
	}
	if (rc == 0 && flock(good->fd, LOCK_EX | LOCK_NB) < 0)
		rc = -errno;
	if (rc == -EWOULDBLOCK)
		text_addf(reterr_why,
		    "another gateway keeps its policy in the folder %s",
		    good->dir);
	else if (rc < 0)
		text_addf(reterr_why, "cannot use the folder %s: %s", good->dir,
		    strerror(-rc));
	return rc;
}

int
last_good_open(struct last_good *good, const char *dir, struct text *reterr_why)
{
	*good = LAST_GOOD_CLOSED;
	if (mkdir(dir, 0700) == 0 || errno == EEXIST)
		good->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (good->fd < 0) {
		int rc = -errno;
		text_addf(reterr_why, "cannot open the folder %s: %s", dir,
		    strerror(-rc));
		return rc;
	}
	good->dir = dir;
	int rc = check_folder(good, reterr_why);
	if (rc < 0)
		last_good_close(good);
	return rc;
}

void
last_good_close(struct last_good *good)
{
	if (good->fd >= 0)
		(void)close(good->fd);
	free(good->known.items);
	text_fini(&good->problem);
	*good = LAST_GOOD_CLOSED;
}

/* ---- writing ---- */

/* Whole and on the disk, and then in its place. */
static int
write_file(const struct last_good *good, const char *name,
    int (*fill)(int fd, const void *from), const void *from)
{
	int fd = openat(good->fd, WRITTEN,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	int rc = fill(fd, from);
	if (rc == 0 && fsync(fd) < 0)
		rc = -errno;
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	if (rc == 0 && renameat(good->fd, WRITTEN, good->fd, name) < 0)
		rc = -errno;
	return rc;
}

static int
fill_with_text(int fd, const void *from)
{
	return file_write_all(fd, text_str(from));
}

static int
write_piece(void *context, struct str piece)
{
	return file_write_all(*(const int *)context, piece);
}

static int
fill_with_copy(int fd, const void *from)
{
	return snapshot_each_piece(from, write_piece, &fd);
}

static struct last_good_file *
find_known(struct last_good *good, const char *digest)
{
	for (size_t i = 0; i < good->known.count; i++)
		if (strcmp(good->known.items[i].digest, digest) == 0)
			return &good->known.items[i];
	return NULL;
}

/* What it costs not to know is to look through it again. */
static void
know(struct last_good *good, const char *digest, const struct stamp *stamp)
{
	struct last_good_file *known = find_known(good, digest);
	struct last_good_file file = { .stamp = *stamp };

	memcpy(file.digest, digest, sizeof(file.digest));
	if (known != NULL)
		*known = file;
	else
		(void)VEC_ADD(&good->known, file);
}

static int
open_kept(const struct last_good *good, const char *name)
{
	int fd = openat(
	    good->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

/* Whether it is there already, to the byte. */
static bool
is_there(struct last_good *good, const char *digest)
{
	const struct last_good_file *known = find_known(good, digest);
	struct snapshot_file file = { .fd = open_kept(good, digest) };
	struct stamp stamp;
	bool there = false;

	if (file.fd < 0)
		return false;
	if (stamp_of_fd(file.fd, &stamp) == 0) {
		there = known != NULL && stamp_eq(&known->stamp, &stamp);
		if (!there && snapshot_digest(&file) == 0 &&
		    strcmp(file.digest, digest) == 0) {
			know(good, digest, &stamp);
			there = true;
		}
	}
	(void)close(file.fd);
	return there;
}

static int
keep_file(struct last_good *good, struct snapshot_file *file)
{
	int rc = snapshot_digest(file);

	if (rc < 0 || is_there(good, file->digest))
		return rc;
	rc = write_file(good, file->digest, fill_with_copy, file);
	int fd = rc < 0 ? rc : open_kept(good, file->digest);
	struct stamp stamp;
	if (fd >= 0 && stamp_of_fd(fd, &stamp) == 0)
		know(good, file->digest, &stamp);
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

static int
sync_folder(const struct last_good *good)
{
	return fsync(good->fd) < 0 ? -errno : 0;
}

static bool
is_digest_of(const struct snapshot *snapshot, const char *name)
{
	for (size_t i = 0; i < snapshot->count; i++)
		if (strcmp(snapshot->items[i].digest, name) == 0)
			return true;
	return false;
}

static void
forget(struct last_good *good, const char *digest)
{
	struct last_good_file *known = find_known(good, digest);

	if (known != NULL)
		*known = good->known.items[--good->known.count];
}

/* Takes away what is ours and of no use any more, and nothing else. */
static void
sweep(struct last_good *good, const struct snapshot *snapshot)
{
	int fd = openat(good->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (dir == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	for (struct dirent *one; (one = readdir(dir)) != NULL;) {
		if (!sha256_is_text(str_of(one->d_name)) ||
		    is_digest_of(snapshot, one->d_name) ||
		    (good->spares != NULL &&
			good->spares(good->spares_context, one->d_name)))
			continue;
		forget(good, one->d_name);
		(void)unlinkat(good->fd, one->d_name, 0);
	}
	(void)closedir(dir);
}

static int
write_index(struct last_good *good, const char *policy,
    const struct snapshot *snapshot, int64_t since)
{
	struct text index = TEXT_EMPTY;
	int rc = last_good_index_write(policy, snapshot, since, &index);

	if (rc == 0)
		rc = write_file(good, INDEX, fill_with_text, &index);
	text_fini(&index);
	return rc;
}

const char *
last_good_why(int rc)
{
	return rc == -EINVAL ? "the name of a file has a line end"
			     : strerror(-rc);
}

/* An index must not reach the disk before what it names. */
int
last_good_store(struct last_good *good, struct snapshot *snapshot)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < snapshot->count; i++)
		rc = keep_file(good, &snapshot->items[i]);
	if (rc == 0)
		rc = sync_folder(good);
	if (rc < 0)
		(void)unlinkat(good->fd, WRITTEN, 0);
	return rc;
}

int
last_good_write(
    struct last_good *good, const char *name, const struct text *text)
{
	int rc = write_file(good, name, fill_with_text, text);

	if (rc == 0)
		rc = sync_folder(good);
	if (rc < 0)
		(void)unlinkat(good->fd, WRITTEN, 0);
	return rc;
}

int
last_good_keep(struct last_good *good, const char *policy,
    struct snapshot *snapshot, int64_t since)
{
	int rc = last_good_store(good, snapshot);

	if (rc == 0)
		rc = write_index(good, policy, snapshot, since);
	if (rc == 0)
		rc = sync_folder(good);
	text_clear(&good->problem);
	if (rc < 0) {
		(void)unlinkat(good->fd, WRITTEN, 0);
		text_addf(&good->problem,
		    "the policy could not be kept in %s: %s", good->dir,
		    last_good_why(rc));
		return rc;
	}
	good->kept = since;
	sweep(good, snapshot);
	return 0;
}

/* ---- reading ---- */

static int
read_text(const struct last_good *good, const char *name, size_t bytes_max,
    struct text *ret)
{
	int fd = open_kept(good, name);

	if (fd < 0)
		return fd;
	int rc = file_read_fd(fd, bytes_max, ret);
	(void)close(fd);
	return rc;
}

/* A list of half a gigabyte is held twice for a moment, and then once. */
static int
read_file(struct last_good *good, const struct last_good_line *line,
    struct snapshot *snapshot)
{
	struct snapshot_kept kept = { .path = line->path, .read = line->read };
	struct text text = TEXT_EMPTY;
	int rc = read_text(good, line->digest, POLICY_LIST_BYTES_MAX, &text);

	if (rc == 0) {
		kept.text = text_str(&text);
		rc = snapshot_keep(snapshot, &kept);
	}
	text_fini(&text);
	struct snapshot_file *file =
	    rc == 0 ? &snapshot->items[snapshot->count - 1] : NULL;
	if (rc == 0)
		rc = snapshot_digest(file);
	if (rc == 0 && strcmp(file->digest, line->digest) != 0)
		rc = -EBADMSG;
	/* That the index names what is not there, or no file, is the same. */
	return rc == -ENOENT || rc == -ELOOP || rc == -EISDIR ||
		       rc == -EINVAL || rc == -EFBIG
		   ? -EBADMSG
		   : rc;
}

int
last_good_load(const struct last_good *good, const char *name, struct text *ret)
{
	int rc = read_text(good, name, LAST_GOOD_INDEX_BYTES_MAX, ret);

	return rc == -ELOOP || rc == -EISDIR || rc == -EINVAL || rc == -EFBIG
		   ? -EBADMSG
		   : rc;
}

static int
read_files(struct last_good *good, const struct last_good_index *index,
    struct last_good_policy *policy)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < index->count; i++)
		rc = read_file(good, &index->items[i], &policy->snapshot);
	if (rc == 0 &&
	    snapshot_find(&policy->snapshot, str_of(index->path)) == NULL)
		rc = -EBADMSG;
	if (rc == 0)
		policy->path = strdup(index->path);
	if (rc == 0 && policy->path == NULL)
		rc = -ENOMEM;
	policy->since = index->since;
	return rc;
}

int
last_good_open_files(struct last_good *good,
    const struct last_good_index *index, struct last_good_policy *ret)
{
	*ret = (struct last_good_policy){ 0 };
	int rc = read_files(good, index, ret);
	if (rc < 0)
		last_good_policy_fini(ret);
	return rc;
}

static void
say_why_none(const struct last_good *good, int rc, struct text *out)
{
	if (rc == -ENOENT)
		text_addf(out, "there is no last good policy in %s", good->dir);
	else if (rc == -EBADMSG)
		text_addf(out,
		    "the last good policy in %s is torn, or was edited",
		    good->dir);
	else
		text_addf(out, "the last good policy in %s cannot be read: %s",
		    good->dir, strerror(-rc));
}

int
last_good_read(struct last_good *good, struct last_good_policy *ret,
    struct text *reterr_why)
{
	struct last_good_policy policy = { 0 };
	struct last_good_index index = { 0 };
	struct text text = TEXT_EMPTY;
	int rc = last_good_load(good, INDEX, &text);

	if (rc == 0)
		rc = last_good_index_read(text_str(&text), &index);
	if (rc == 0)
		rc = read_files(good, &index, &policy);
	last_good_index_fini(&index);
	text_fini(&text);
	if (rc < 0) {
		last_good_policy_fini(&policy);
		say_why_none(good, rc, reterr_why);
		return rc;
	}
	good->kept = policy.since;
	*ret = policy;
	return 0;
}

void
last_good_policy_fini(struct last_good_policy *policy)
{
	free(policy->path);
	snapshot_fini(&policy->snapshot);
	*policy = (struct last_good_policy){ 0 };
}
