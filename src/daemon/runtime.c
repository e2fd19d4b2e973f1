/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/runtime.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void
runtime_path(
    const char *dir, const char *name, char ret[static RUNTIME_PATH_BYTES])
{
	(void)snprintf(ret, RUNTIME_PATH_BYTES, "%.*s/%.30s",
	    RUNTIME_DIR_BYTES_MAX, dir, name);
}

static int
make_dir(const char *dir, bool *ret_new, struct text *reterr_why)
{
	struct stat st;

	if (strlen(dir) > RUNTIME_DIR_BYTES_MAX) {
		text_addf(reterr_why,
		    "the name of the runtime folder is longer than %d bytes",
		    RUNTIME_DIR_BYTES_MAX);
		return -ENAMETOOLONG;
	}
	*ret_new = mkdir(dir, 0755) == 0;
	if (!*ret_new && errno != EEXIST) {
		int rc = -errno;
		text_addf(reterr_why, "cannot make the runtime folder %s: %s",
		    dir, strerror(-rc));
		return rc;
	}
	if (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode)) {
		text_addf(reterr_why, "%s is not a folder", dir);
		return -ENOTDIR;
	}
	/* They could say who is banned and which names are known, and listen
	 * for what root says to the gateway. */
	if (st.st_uid != geteuid() || (st.st_mode & 022) != 0) {
		text_addf(reterr_why,
		    "others can write in the runtime folder %s", dir);
		return -EPERM;
	}
	return 0;
}

static void
say_who(int fd, const char *dir, struct text *reterr_why)
{
	char pid[16];
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	text_addf(reterr_why, "a gateway already runs with the folder %s", dir);
	if (n > 0)
		text_addf(
		    reterr_why, " (pid %.*s)", (int)strcspn(pid, "\n"), pid);
	text_addz(reterr_why,
	    "; stop it with 'gatehouse stop', or name another folder with "
	    "--runtime");
}

/*
 * Root's alone: who can open it, to read only, can hold the lock himself, and
 * no gateway would start.  One of before may have let others in.
 */
static int
open_lock(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	int rc = fchmod(fd, 0600) < 0 ? -errno : fd;
	if (rc < 0)
		(void)close(fd);
	return rc;
}

static bool
lock(int fd, int64_t patience)
{
	int64_t deadline = clock_now() + patience;
	struct timespec moment = { 0, 5 * CLOCK_MS };

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (clock_now() >= deadline)
			return false;
		(void)nanosleep(&moment, NULL);
	}
	return true;
}

int
runtime_open(const char *dir, int64_t patience, struct runtime *ret,
    struct text *reterr_why)
{
	char path[RUNTIME_PATH_BYTES];
	bool is_new = false;
	int rc = make_dir(dir, &is_new, reterr_why);

	if (rc < 0)
		return rc;
	runtime_path(dir, RUNTIME_LOCK, path);
	int fd = open_lock(path);
	if (fd < 0) {
		text_addf(
		    reterr_why, "cannot open %s: %s", path, strerror(-fd));
		return fd;
	}
	if (!lock(fd, patience)) {
		say_who(fd, dir, reterr_why);
		(void)close(fd);
		return -EBUSY;
	}
	if (ftruncate(fd, 0) < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0) {
		rc = -errno;
		text_addf(
		    reterr_why, "cannot write %s: %s", path, strerror(-rc));
		(void)close(fd);
		return rc;
	}
	*ret = (struct runtime){ .dir = dir, .lock_fd = fd, .is_new = is_new };
	return 0;
}

void
runtime_close(struct runtime *runtime)
{
	if (runtime->lock_fd >= 0)
		(void)close(runtime->lock_fd);
	runtime->lock_fd = -1;
}

void
runtime_discard(const struct runtime *runtime)
{
	static const char *const files[] = { RUNTIME_CONTROL, RUNTIME_EVENTS,
		RUNTIME_BANS, RUNTIME_CAUGHT, RUNTIME_NAMES, RUNTIME_LOCK };
	char path[RUNTIME_PATH_BYTES];

	if (!runtime->is_new)
		return;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		runtime_path(runtime->dir, files[i], path);
		(void)unlink(path);
	}
	/* Whatever else is there is not ours, and keeps it. */
	(void)unlinkat(AT_FDCWD, runtime->dir, AT_REMOVEDIR);
}

void
runtime_program(const char *name, const char *installed, struct text *ret)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self));

	text_clear(ret);
	while (len > 0 && self[len - 1] != '/')
		len--;
	if (len > 0) {
		text_add(ret, (struct str){ self, (size_t)len });
		text_addz(ret, name);
	}
	if (ret->at != NULL && access(ret->at, X_OK) == 0)
		return;
	text_clear(ret);
	text_addz(ret, installed);
}
