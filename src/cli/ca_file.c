/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/ca_file.h"

#include "base/file.h"
#include "cli/command.h"
#include "net/authority.h"
#include "policy/manual.h"
#include "policy/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

	text_addf(&beside, "%s.%ld.new", path, (long)getpid());
	int rc = beside.full ? -ENOMEM : write_whole(beside.at, pem);
	if (rc == 0)
		rc = put_in_place(beside.at, path, replaces);
	text_fini(&beside);
	return rc;
}

/* ---- a policy's own ---- */

/* In which somebody still can renew it, and have clients take it. */
#define SOON ((int64_t)30 * 86400 * CLOCK_SECOND)

/*
 * A gateway whose CA has expired starts all the same: what is not opened goes
 * on as before.
 */
static void
check_time(const struct policy_ca *ca, const struct authority *authority,
    struct report *report)
{
	int64_t now = clock_wall(), ends = authority_ends(authority);
	const char *objection = authority_objection(authority, now);
	char text[CLOCK_TEXT_BYTES];

	if (objection == NULL && ends - now >= SOON)
		return;
	clock_format(ends, text);
	if (objection != NULL)
		report_warning(report, "ca", ca->place,
		    "no client will trust what %.*s signs: %s",
		    STR_ARG(ca->file), objection);
	else
		report_warning(report, "ca", ca->place,
		    "the CA of %.*s expires on %.10s", STR_ARG(ca->file), text);
	report_hint(report, "'gatehouse ca renew' gives it another time");
}

void
ca_file_check(const struct policy *policy, struct report *report)
{
	const struct policy_ca *ca = &policy->ca;
	const char *why;

	if (ca->pem.at == NULL)
		return;
	const char *before = report_topic(report, MANUAL_INSPECTION);
	struct authority *authority = authority_read(ca->pem, &why);
	if (authority == NULL)
		report_error(report, ca->place, "%.*s cannot be the CA: %s",
		    STR_ARG(ca->file), why);
	else
		check_time(ca, authority, report);
	authority_unref(authority);
	(void)report_topic(report, before);
}
