/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/draft.h"

#include "base/file.h"
#include "policy/format.h"
#include "policy/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int
draft_read_input(struct text *ret)
{
	char piece[4096];

	for (;;) {
		ssize_t got = read(STDIN_FILENO, piece, sizeof(piece));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return ret->full ? -ENOMEM : 0;
		text_add(ret, (struct str){ piece, (size_t)got });
		if (ret->len > POLICY_FILE_BYTES_MAX)
			return -EFBIG;
	}
}

/* The same for everybody who reads policies; nobody's file is lost. */
static enum status
write_new(const char *name, struct str text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	int rc = fd < 0 ? -errno : file_write_all(fd, text);

	if (fd >= 0 && close(fd) < 0 && rc == 0)
		rc = -errno;
	if (rc == 0)
		return STATUS_GOOD;
	if (fd >= 0)
		(void)unlink(name);
	complain("cannot write %s: %s", name,
	    rc == -EEXIST ? "it is there already" : strerror(-rc));
	return STATUS_WORLD;
}

enum status
draft_deliver(const char *file, const struct text *policy)
{
	struct source source = { .name = STR("the policy"),
		.text = text_str(policy) };
	struct text formed = TEXT_EMPTY;
	enum status status = STATUS_WORLD;
	struct report report;

	report_init(&report);
	int rc = policy_format(&source, &report, &formed);
	if (rc < 0) {
		complain("cannot format the policy: %s", strerror(-rc));
		print_report(&report);
	} else if (file != NULL) {
		status = write_new(file, text_str(&formed));
	} else {
		print_text(&formed);
		status = STATUS_GOOD;
	}
	report_fini(&report);
	text_fini(&formed);
	return status;
}
