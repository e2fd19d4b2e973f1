/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/pam_service.h"

#include "version.h"

#include <stdio.h>
#include <unistd.h>

#define PATH_BYTES 64

_Static_assert(sizeof("/usr/lib/pam.d/") + POLICY_SERVICE_NAME_MAX < PATH_BYTES,
    "the path of a service");

/* Where PAM looks. */
static bool
is_here(struct str service)
{
	static const char *const folders[] = { "/etc/pam.d", "/usr/lib/pam.d" };
	char path[PATH_BYTES];

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%.*s", folders[i],
		    STR_ARG(service));
		if (access(path, F_OK) == 0)
			return true;
	}
	return false;
}

void
pam_service_check(const struct policy *policy, struct report *report)
{
	const struct policy_users *users = &policy->users;

	if (users->service.at == NULL)
		return;
	if (!GATEHOUSE_PAM) {
		report_warning(report, "users", users->place,
		    "this Gatehouse was built without PAM: nobody is who he "
		    "says");
	} else if (!is_here(users->service)) {
		report_warning(report, "users", users->place,
		    "this host has no service '%.*s' of PAM: nobody is who he "
		    "says",
		    STR_ARG(users->service));
		report_hint(report, "it would be the file /etc/pam.d/%.*s",
		    STR_ARG(users->service));
	}
}
