/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/interim.h"

#include "daemon/apply.h"
#include "daemon/gateway.h"
#include "daemon/notice.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static int
open_folder(struct gateway *gateway, struct text *reterr_why)
{
	struct interim *interim = &gateway->interim;

	runtime_path(gateway->dir, RUNTIME_UNCONFIRMED, interim->dir);
	int rc = last_good_open(&gateway->last_good, interim->dir, reterr_why);
	if (rc < 0)
		return rc;
	history_open(&gateway->history, &gateway->last_good);
	interim->is_open = true;
	return 0;
}

int
interim_begin(struct gateway *gateway, struct text *words)
{
	struct last_good *good = &gateway->last_good;
	struct text why = TEXT_EMPTY;

	if (good->dir != NULL || gateway->current == NULL)
		return 0;
	int rc = open_folder(gateway, &why);
	if (rc == 0) {
		gateway_keep(gateway);
		if (good->problem.len > 0) {
			text_add(&why, text_str(&good->problem));
			rc = -EIO;
		}
	}
	if (rc < 0) {
		text_addf(words,
		    "that the policy comes back unless the new one is "
		    "confirmed cannot be promised: %s\n",
		    why.at != NULL ? why.at : strerror(-rc));
		interim_end(gateway);
	}
	text_fini(&why);
	return rc;
}

bool
interim_was_left(struct gateway *gateway)
{
	char path[RUNTIME_PATH_BYTES];
	struct text why = TEXT_EMPTY;

	runtime_path(gateway->dir, RUNTIME_UNCONFIRMED, path);
	if (access(path, F_OK) < 0)
		return false;
	if (open_folder(gateway, &why) < 0)
		notice_say("%s", why.at != NULL ? why.at : "no memory");
	text_fini(&why);
	if (history_at(&gateway->history, HISTORY_WAITING) != NULL)
		return true;
	interim_end(gateway);
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
interim_end(struct gateway *gateway)
{
	if (!gateway->interim.is_open)
		return;
	gateway->interim.is_open = false;
	history_close(&gateway->history);
	last_good_close(&gateway->last_good);
	remove_folder(gateway->interim.dir);
}
