/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A module of PAM that does as it is told by the name of the user, once the
 * password is `tell`: what modules should not do, and what they cannot do in
 * gatehouse-pam.  Where an attempt is refused it lets the user in, so that the
 * answer tells.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <security/pam_appl.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SHOWN __attribute__((visibility("default")))

static int
hang(void)
{
	(void)sleep(600);
	return PAM_AUTH_ERR;
}

static int
crash(void)
{
	abort();
}

static int
agree(void)
{
	return PAM_SUCCESS;
}

static int
end(void)
{
	_exit(0);
}

/* Nothing but the answers for which it is made may come of a failure. */
static int
refused_if(int rc, int error)
{
	return rc < 0 && errno == error ? PAM_SUCCESS : PAM_AUTH_ERR;
}

static int
write_file(void)
{
	return refused_if(
	    open("/run/gatehouse-lab-written", O_WRONLY | O_CREAT, 0600),
	    EACCES);
}

static int
reach_network(void)
{
	return refused_if(socket(AF_INET, SOCK_STREAM, 0), EAFNOSUPPORT);
}

static const struct {
	const char *user;
	int (*does)(void);
} rows[] = {
	{ "back", agree },
	{ "late", agree },
	{ "hang", hang },
	{ "crash", crash },
	{ "end", end },
	{ "write", write_file },
	{ "network", reach_network },
};

SHOWN int
pam_sm_authenticate(pam_handle_t *pam, int flags, int argc, const char **argv)
{
	const char *user = NULL, *password = NULL;

	(void)flags;
	(void)argc;
	(void)argv;
	if (pam_get_user(pam, &user, NULL) != PAM_SUCCESS ||
	    pam_get_authtok(pam, PAM_AUTHTOK, &password, NULL) != PAM_SUCCESS ||
	    strcmp(password, "tell") != 0)
		return PAM_AUTH_ERR;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(user, rows[i].user) == 0)
			return rows[i].does();
	return PAM_USER_UNKNOWN;
}

SHOWN int
pam_sm_acct_mgmt(pam_handle_t *pam, int flags, int argc, const char **argv)
{
	(void)pam;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_SUCCESS;
}

SHOWN int
pam_sm_setcred(pam_handle_t *pam, int flags, int argc, const char **argv)
{
	return pam_sm_acct_mgmt(pam, flags, argc, argv);
}
