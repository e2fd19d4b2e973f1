/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/missing.h"

#include "base/file.h"

#include <errno.h>
#include <unistd.h>

/* Of a sysctl, or of a line of /proc/self/status. */
#define SMALL_FILE_BYTES 65536

#define MAX_NAMESPACES "/proc/sys/user/max_user_namespaces"
#define MAX_NETWORKS   "/proc/sys/user/max_net_namespaces"
#define MAY_CLONE      "/proc/sys/kernel/unprivileged_userns_clone"
#define APPARMOR       "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"

static bool
begins_with(const char *path, char first)
{
	struct text text = TEXT_EMPTY;
	bool begins = file_read(path, SMALL_FILE_BYTES, &text) == 0 &&
		      text.len > 0 && text.at[0] == first;

	text_fini(&text);
	return begins;
}

static bool
is_zero(const char *path)
{
	return begins_with(path, '0');
}

static bool
is_filtered(void)
{
	struct text text = TEXT_EMPTY;
	bool found = false;

	if (file_read("/proc/self/status", SMALL_FILE_BYTES, &text) == 0) {
		struct str rest = text_str(&text);
		while (!found && rest.len > 0)
			found =
			    str_eq(str_cut(&rest, '\n'), STR("Seccomp:\t2"));
	}
	text_fini(&text);
	return found;
}

/* The cause; NULL: none that is known. */
static const char *
find_cause(int error)
{
	if (error == -EINVAL)
		return "this kernel has no user namespaces (CONFIG_USER_NS)";
	if (is_zero(MAX_NAMESPACES))
		return "user namespaces are switched off: sysctl "
		       "user.max_user_namespaces is 0";
	if (is_zero(MAX_NETWORKS))
		return "network namespaces are switched off: sysctl "
		       "user.max_net_namespaces is 0";
	if (error == -ENOSPC || error == -EUSERS)
		return "there are too many namespaces, or they are nested too "
		       "deeply";
	if (geteuid() != 0 && is_zero(MAY_CLONE))
		return "user namespaces are for root alone: sysctl "
		       "kernel.unprivileged_userns_clone is 0";
	if (begins_with(APPARMOR, '1'))
		return "AppArmor keeps user namespaces from programs that have "
		       "no profile: sysctl "
		       "kernel.apparmor_restrict_unprivileged_userns is 1, or "
		       "give gatehouse a profile with 'userns,'";
	if (is_filtered())
		return "a filter of system calls forbids user namespaces; in a "
		       "container it is the runtime's (--security-opt seccomp)";
	if (error == -EPERM)
		return "user namespaces are not allowed here: a chroot, or a "
		       "security module";
	return NULL;
}

static void
say(const char *what, int error, struct text *out)
{
	const char *cause = find_cause(error);

	text_addf(out, "%s: %s", what, strerror(-error));
	if (cause != NULL)
		text_addf(out, "\n  %s", cause);
}

void
missing_namespaces(int error, struct text *out)
{
	say("no namespaces for a sandbox can be made", error, out);
}

void
missing_rights(const char *what, int error, struct text *out)
{
	say(what, error, out);
}
