/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/trail.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

/* As many as the kernel follows. */
#define LINKS_MAX 40

struct trail {
	int folder; /* in which the next name is looked for */
	unsigned links;
	uid_t lord;       /* who has the root of all paths: root most often */
	uid_t keeper;     /* of links that are not root's; 0: none yet */
	struct text rest; /* of the path */
};

static int
enter(struct trail *trail, int folder)
{
	if (folder < 0)
		return -errno;
	if (trail->folder >= 0)
		(void)close(trail->folder);
	trail->folder = folder;
	return 0;
}

/* The rest is looked for in the folder, or from the root on. */
static int
begin(struct trail *trail, struct text *rest)
{
	struct text before = trail->rest;
	int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;

	trail->rest = *rest;
	*rest = TEXT_EMPTY;
	text_fini(&before);
	if (trail->rest.full)
		return -ENOMEM;
	if (str_starts(text_str(&trail->rest), STR("/")))
		return enter(trail, open("/", flags));
	return trail->folder >= 0 ? 0 : enter(trail, open(".", flags));
}

/* In a user namespace the host's root is somebody without a number, who may
 * have /home lead elsewhere all the same. */
static uid_t
owner_of_root(void)
{
	struct stat st;

	return stat("/", &st) == 0 ? st.st_uid : 0;
}

static int
judge_link(struct trail *trail, int link)
{
	struct stat st;

	if (fstat(link, &st) < 0)
		return -errno;
	if (!S_ISLNK(st.st_mode))
		return -ELOOP; /* it was one a moment ago */
	if (++trail->links > LINKS_MAX)
		return -ELOOP;
	if (st.st_uid == 0 || st.st_uid == trail->lord ||
	    st.st_uid == geteuid())
		return 0;
	if (trail->keeper != 0 && trail->keeper != st.st_uid)
		return -EPERM;
	trail->keeper = st.st_uid;
	return 0;
}

/* What it says takes its place in the path. */
static int
follow(struct trail *trail, int link, struct str behind)
{
	char target[PATH_MAX];
	struct text rest = TEXT_EMPTY;
	int rc = judge_link(trail, link);

	if (rc < 0)
		return rc;
	ssize_t len = readlinkat(link, "", target, sizeof(target));
	if (len < 0)
		return -errno;
	if (len == 0 || len == (ssize_t)sizeof(target))
		return -ENAMETOOLONG;
	text_add(&rest, (struct str){ target, (size_t)len });
	text_add(&rest, behind); /* which begins with its slash */
	rc = begin(trail, &rest);
	text_fini(&rest);
	return rc;
}

/* The name is a folder's, or a link's; the rest goes on from there. */
static int
go_on(struct trail *trail, const char *name, struct str behind)
{
	int fd = openat(trail->folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct text rest = TEXT_EMPTY;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0) {
		int rc = -errno;
		(void)close(fd);
		return rc;
	}
	if (S_ISLNK(st.st_mode)) {
		int rc = follow(trail, fd, behind);
		(void)close(fd);
		return rc;
	}
	/* Not from the root on. */
	while (str_starts(behind, STR("/")))
		behind = str_skip(behind, 1);
	text_add(&rest, behind);
	(void)enter(trail, fd);
	int rc = begin(trail, &rest);
	text_fini(&rest);
	return rc;
}

/* The next name of the path, which is cut off. */
static int
take_name(struct str *rest, char ret[static NAME_MAX + 1])
{
	while (str_starts(*rest, STR("/")))
		*rest = str_skip(*rest, 1);
	size_t len = str_find(*rest, '/');
	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(ret, len > 0 ? rest->at : ".", len > 0 ? len : 1);
	ret[len > 0 ? len : 1] = '\0';
	*rest = str_skip(*rest, len);
	return 0;
}

/* 0, and *ret_fd < 0 where there is more to come. */
static int
step(struct trail *trail, int *ret_fd)
{
	struct str rest = text_str(&trail->rest);
	char name[NAME_MAX + 1];
	int rc = take_name(&rest, name);

	if (rc < 0 || rest.len > 0)
		return rc < 0 ? rc : go_on(trail, name, rest);
	*ret_fd = openat(trail->folder, name,
	    O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (*ret_fd >= 0)
		return 0;
	return errno == ELOOP ? go_on(trail, name, rest) : -errno;
}

static int
check_owner(const struct trail *trail, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	return trail->keeper == 0 || trail->keeper == st.st_uid ? 0 : -EPERM;
}

int
trail_open(const char *path)
{
	struct trail trail = { .folder = -1, .lord = owner_of_root() };
	struct text rest = TEXT_EMPTY;
	int fd = -1;

	if (path[0] == '\0')
		return -ENOENT;
	text_addz(&rest, path);
	int rc = begin(&trail, &rest);
	while (rc == 0 && fd < 0)
		rc = step(&trail, &fd);
	if (rc == 0)
		rc = check_owner(&trail, fd);
	if (rc < 0 && fd >= 0)
		(void)close(fd);
	if (trail.folder >= 0)
		(void)close(trail.folder);
	text_fini(&trail.rest);
	text_fini(&rest);
	return rc < 0 ? rc : fd;
}
