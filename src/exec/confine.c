/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/confine.h"

#include "base/capability.h"
#include "daemon/landlock.h"
#include "exec/denied_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <unistd.h>

static int
set(int option, unsigned long value)
{
	return prctl(option, value, 0, 0, 0) < 0 ? -errno : 0;
}

int
confine_rights(bool unix_sockets)
{
	int rc = set(PR_SET_NO_NEW_PRIVS, 1);

	if (rc == 0)
		rc = capability_bound(0);
	if (rc == 0)
		rc = capability_set(0);
	/* Its memory is not its children's affair; a program that is run is
	 * its own again. */
	if (rc == 0)
		rc = set(PR_SET_DUMPABLE, 0);
	if (rc < 0)
		return rc;
	(void)landlock_scope();
	return denied_calls_load(unix_sockets);
}

void
confine_descriptors(const int *kept, size_t count)
{
	(void)close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC);
	for (size_t i = 0; i < count; i++)
		(void)fcntl(kept[i], F_SETFD, 0);
}
