/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include "base/file.h"
#include "cli/draft.h"
#include "policy/format.h"
#include "policy/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The text takes the file's place at once, with its mode and its owner. */
static int
write_beside(const char *path, char *beside, struct str text)
{
	struct stat old;
	int fd = mkostemp(beside, O_CLOEXEC);
	int rc = fd < 0 || stat(path, &old) < 0 ? -errno : 0;

	if (fd < 0)
		return rc;
	if (rc == 0)
		rc = file_write_all(fd, text);
	/* Whoever may write the folder need not own the file. */
	if (rc == 0 && fchown(fd, old.st_uid, old.st_gid) < 0 && errno != EPERM)
		rc = -errno;
	if (rc == 0 && (fchmod(fd, old.st_mode & 07777) < 0 || fsync(fd) < 0))
		rc = -errno;
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	if (rc == 0 && rename(beside, path) < 0)
		rc = -errno;
	if (rc < 0)
		(void)unlink(beside);
	return rc;
}

/* What a symbolic link leads to is written, not the link. */
static int
replace(const char *name, struct str text)
{
	char path[PATH_MAX], beside[PATH_MAX + 16];

	if (realpath(name, path) == NULL)
		return -errno;
	(void)snprintf(beside, sizeof(beside), "%s.XXXXXX", path);
	return write_beside(path, beside, text);
}

static enum status
say_failure(const char *doing, const char *name, int rc)
{
	complain("cannot %s %s: %s", doing, name,
	    rc == -EFBIG ? "it is too large" : strerror(-rc));
	return STATUS_WORLD;
}

/* What was read, as it should be, to where it belongs. */
static enum status
deliver(const char *name, bool check, const struct text *old,
    const struct text *new)
{
	bool same = str_eq(text_str(old), text_str(new));

	if (check) {
		if (!same)
			(void)puts(name);
		return same ? STATUS_GOOD : STATUS_NO;
	}
	if (strcmp(name, "-") == 0) {
		print_text(new);
		return STATUS_GOOD;
	}
	int rc = same ? 0 : replace(name, text_str(new));
	return rc == 0 ? STATUS_GOOD : say_failure("write", name, rc);
}

static enum status
format_text(const char *name, bool check, const struct text *old)
{
	struct source source = { .name = str_of(name), .text = text_str(old) };
	enum status status = STATUS_NO;
	struct text new = TEXT_EMPTY;
	struct report report;

	report_init(&report);
	int rc = policy_format(&source, &report, &new);
	if (rc == 0)
		status = deliver(name, check, old, &new);
	else if (rc == -ENOMEM)
		status = say_failure("format", name, rc);
	report_sort(&report);
	print_report(&report);
	report_fini(&report);
	text_fini(&new);
	return status;
}

static enum status
format_file(const char *name, bool check)
{
	struct text old = TEXT_EMPTY;
	int rc = strcmp(name, "-") == 0
		     ? draft_read_input(&old)
		     : file_read(name, POLICY_FILE_BYTES_MAX, &old);

	enum status status = rc == 0 ? format_text(name, check, &old)
				     : say_failure("read", name, rc);
	text_fini(&old);
	return status;
}

static enum status
format(const struct options *options)
{
	enum status worst = STATUS_GOOD;

	for (int i = 0; i < options->count; i++) {
		enum status status =
		    format_file(options->words[i], options->check);
		if (status > worst)
			worst = status;
	}
	return worst;
}

const struct command command_fmt = {
	.name = "fmt",
	.usage = "[--check] FILE...",
	.summary = "write policies in their one canonical form",
	.help =
	    "Rewrites each file in the one form that every policy has: a\n"
	    "statement a line, columns, no stray blanks.  Comments and\n"
	    "paragraphs stay, and what the policy means never changes.  A "
	    "file\n"
	    "that does not read as a policy is left as it is.  FILE - formats\n"
	    "standard input to standard output.\n"
	    "\n"
	    "  gatehouse fmt office.policy\n"
	    "  gatehouse fmt --check *.policy\n"
	    "\n"
	    "  --check        change nothing; name the files that would "
	    "change\n"
	    "\n"
	    "Status 0: done, or nothing to do. 1: a file would change, or is "
	    "no\n"
	    "policy. 3: a file cannot be read or written.\n",
	.takes = OPTION_CHECK,
	.words_min = 1,
	.words_max = INT_MAX,
	.run = format,
};
