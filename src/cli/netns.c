/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#define NETNS_NAMED    "/run/netns"
#define NETNS_NAME_MAX 255

static bool
is_number(struct str word)
{
	uint64_t number;

	return str_number(word, UINT32_MAX, &number) == 0;
}

/* A name is one of a folder's, so that no path leads elsewhere. */
static bool
is_name(struct str word)
{
	return word.len > 0 && word.len <= NETNS_NAME_MAX &&
	       str_find(word, '/') == word.len && word.at[0] != '.';
}

static int
open_namespace(struct str which)
{
	char path[sizeof(NETNS_NAMED) + NETNS_NAME_MAX + 1];

	if (!is_name(which))
		return -EINVAL;
	if (is_number(which))
		(void)snprintf(
		    path, sizeof(path), "/proc/%.*s/ns/net", STR_ARG(which));
	else
		(void)snprintf(
		    path, sizeof(path), NETNS_NAMED "/%.*s", STR_ARG(which));
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static void
say_why(const char *which, int rc, struct text *out)
{
	bool number = is_number(str_of(which));

	if (rc == -ENOENT || rc == -ESRCH)
		text_addf(out,
		    number ? "there is no process %s"
			   : "no network namespace is called '%s'; 'ip netns' "
			     "lists those that have names",
		    which);
	else if (rc == -EPERM || rc == -EACCES)
		text_addf(out,
		    "it takes root to enter the network namespace of %s",
		    which);
	else
		text_addf(out, "cannot enter the network namespace of %s: %s",
		    which, strerror(-rc));
}

int
netns_enter(const char *which, struct text *reterr_why)
{
	int rc = open_namespace(str_of(which));

	if (rc >= 0) {
		int fd = rc;
		rc = setns(fd, CLONE_NEWNET) < 0 ? -errno : 0;
		(void)close(fd);
	}
	if (rc < 0)
		say_why(which, rc, reterr_why);
	return rc;
}
