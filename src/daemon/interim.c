/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/interim.h"

#include "daemon/history.h"
#include "daemon/notice.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int
interim_open(struct interim *interim, struct text *reterr_why)
{
	runtime_path(interim->runtime, RUNTIME_UNCONFIRMED, interim->dir);
	int rc = last_good_open(interim->good, interim->dir, reterr_why);
	if (rc < 0)
		return rc;
	history_open(interim->history, interim->good);
	interim->is_open = true;
	return 0;
}

bool
interim_was_left(struct interim *interim)
{
	char path[RUNTIME_PATH_BYTES];
	struct text why = TEXT_EMPTY;

	runtime_path(interim->runtime, RUNTIME_UNCONFIRMED, path);
	if (access(path, F_OK) < 0)
		return false;
	if (interim_open(interim, &why) < 0)
		notice_say("%s", why.at != NULL ? why.at : "no memory");
	text_fini(&why);
	if (history_at(interim->history, HISTORY_WAITING) != NULL)
		return true;
	interim_end(interim);
	return false;
}

/* What lies in it is ours: it was made by last_good_open, for us alone. */
static void
remove_folder(const char *path)
{
	DIR *dir = opendir(path);

	if (dir == NULL)
		return;
	for (struct dirent *one; (one = readdir(dir)) != NULL;)
		(void)unlinkat(dirfd(dir), one->d_name, 0);
	(void)closedir(dir);
	(void)unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

void
interim_end(struct interim *interim)
{
	if (!interim->is_open)
		return;
	interim->is_open = false;
	history_close(interim->history);
	last_good_close(interim->good);
	remove_folder(interim->dir);
}
