/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/ca_file.h"

#include "base/file.h"
#include "cli/command.h"
#include "net/authority.h"
#include "policy/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct authority *
ca_file_read(const char *path)
{
	struct text pem = TEXT_EMPTY;
	struct authority *authority = NULL;
	const char *why;
	int rc = file_read(path, POLICY_CA_BYTES_MAX, &pem);

	if (rc < 0) {
		complain("cannot read %s: %s", path, strerror(-rc));
		return NULL;
	}
	authority = authority_read(text_str(&pem), &why);
	if (authority == NULL)
		complain("%s cannot be the CA: %s", path, why);
	explicit_bzero(pem.at, pem.len);
	text_fini(&pem);
	return authority;
}

static int
write_whole(const char *path, struct str pem)
{
	int fd = open(
	    path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);

	if (fd < 0)
		return -errno;
	int rc = file_write_all(fd, pem);
	if (rc == 0 && fsync(fd) < 0)
		rc = -errno;
	(void)close(fd);
	if (rc < 0)
		(void)unlink(path);
	return rc;
}

/* A link is made only where there is none yet. */
static int
put_in_place(const char *from, const char *path, bool replaces)
{
	int rc = replaces ? rename(from, path) : link(from, path);

	rc = rc < 0 ? -errno : 0;
	if (!replaces || rc < 0)
		(void)unlink(from);
	return rc;
}

int
ca_file_write(const char *path, struct str pem, bool replaces)
{
	struct text beside = TEXT_EMPTY;
	char real[PATH_MAX];

	/* What a link leads to is renewed, and not the link. */
	if (replaces && realpath(path, real) != NULL)
		path = real;
	text_addf(&beside, "%s.%ld.new", path, (long)getpid());
	int rc = beside.full ? -ENOMEM : write_whole(beside.at, pem);
	if (rc == 0)
		rc = put_in_place(beside.at, path, replaces);
	text_fini(&beside);
	return rc;
}
