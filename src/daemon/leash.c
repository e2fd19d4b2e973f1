/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/leash.h"

#include "daemon/notice.h"

#include <sys/socket.h>
#include <unistd.h>

static void
let_go(struct leash *leash)
{
	loop_watch_stop(&leash->watch);
	(void)close(leash->watch.fd);
	leash->watch.fd = -1;
}

/* It says nothing: its end is all that there is to see. */
static void
on_end(struct loop_watch *watch, unsigned ready)
{
	struct leash *leash = watch->context;

	(void)ready;
	if (!leash->cut)
		notice_say("the proxy of before has finished");
	let_go(leash);
}

/* There is room for two words. */
static void
say(const struct leash *leash, char word)
{
	(void)send(leash->watch.fd, &word, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void
leash_take(struct leash *leash, struct loop *loop, int fd,
    const char digest[static SHA256_TEXT_BYTES])
{
	*leash = (struct leash){ .watch = { .fd = fd,
				     .wanted = LOOP_READ,
				     .fn = on_end,
				     .context = leash } };
	memcpy(leash->digest, digest, SHA256_TEXT_BYTES);
	if (fd >= 0 && loop_watch_start(loop, &leash->watch) < 0) {
		(void)close(fd);
		leash->watch.fd = -1;
	}
}

bool
leash_holds(const struct leash *leash)
{
	return leash->watch.fd >= 0 && !leash->cut;
}

void
leash_say_ready(struct leash *leash)
{
	if (leash->watch.fd < 0)
		return;
	say(leash, LEASH_READY);
	leash->is_ready = true;
	if (leash->cut)
		let_go(leash);
}

void
leash_close(struct leash *leash)
{
	if (!leash_holds(leash))
		return;
	say(leash, LEASH_CUT);
	leash->cut = true;
	if (leash->is_ready)
		let_go(leash);
}

void
leash_judge(struct leash *leash, const struct snapshot *snapshot)
{
	char digest[SHA256_TEXT_BYTES];

	if (!leash_holds(leash) || (leash_digest(snapshot, digest) == 0 &&
				       strcmp(digest, leash->digest) == 0))
		return;
	notice_say("the policy is another one: what the proxy of before still "
		   "did has been ended");
	leash_close(leash);
}

void
leash_see_ban(struct leash *leash, const struct policy *policy)
{
	for (size_t i = 0; i < policy->listen_count; i++)
		if (policy->listens[i].behind != NULL)
			leash_close(leash);
}

int
leash_digest(
    const struct snapshot *snapshot, char ret[static SHA256_TEXT_BYTES])
{
	struct sha256 sha256;
	int rc = 0;

	sha256_init(&sha256);
	for (size_t i = 0; rc == 0 && i < snapshot->count; i++) {
		struct snapshot_file *file = &snapshot->items[i];
		rc = snapshot_digest(file);
		sha256_add(&sha256, str_of(file->path));
		sha256_add(&sha256, STR("\n"));
		sha256_add(&sha256, str_of(file->digest));
		sha256_add(&sha256, STR("\n"));
	}
	sha256_format(&sha256, ret);
	return rc;
}
