/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/child_generation: a generation is handed to gatehouse-proxy, which
 * says whether it can work by it, and is told when to.
 */
#include "daemon/child_impl.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "daemon/child_talk.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static int
send_files(struct child *child, const struct generation *generation)
{
	struct channel_message message = { .type = CHANNEL_FILE,
		.generation = generation->number };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < generation->snapshot.count; i++) {
		const struct snapshot_file *file =
		    &generation->snapshot.items[i];
		int len = snprintf(message.file.path, sizeof(message.file.path),
		    "%s", file->path);
		rc = len < 0 || (size_t)len >= sizeof(message.file.path)
			 ? -ENAMETOOLONG
			 : child_say(child, &message, file->fd);
	}
	return rc;
}

static int
send_listeners(struct child *child, const struct generation *generation)
{
	struct channel_message message = { .type = CHANNEL_LISTENER,
		.generation = generation->number };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < generation->listeners.count; i++) {
		const struct generation_listener *listener =
		    &generation->listeners.items[i];
		message.listener.kind = listener->kind;
		message.listener.at = listener->at;
		rc = child_say(child, &message, listener->fd);
	}
	return rc;
}

int
child_tell_own(struct child *child, const struct generation *generation)
{
	struct channel_message message = { .type = CHANNEL_OWN,
		.generation = generation->number };
	struct channel_own *own = &message.own;
	size_t at = 0;
	int rc;

	own->first = 1;
	do {
		own->count = 0;
		while (at < generation->own.count &&
		       own->count < CHANNEL_OWN_MAX) {
			const struct firewall_own *one =
			    &generation->own.items[at++];
			own->items[own->count].address = one->address;
			own->items[own->count++].zone = one->zone;
		}
		own->last = at == generation->own.count;
		rc = child_say(child, &message, -1);
		own->first = 0;
	} while (rc == 0 && !own->last);
	return rc;
}

static int
send_generation(struct child *child, const struct generation *generation)
{
	/* Whatever it owes: who waits here has the time. */
	int rc = child_forget_late(child);

	if (rc == 0)
		rc = child_say_bare(child, CHANNEL_BEGIN, generation->number);
	if (rc == 0)
		rc = send_files(child, generation);
	if (rc == 0)
		rc = send_listeners(child, generation);
	if (rc == 0)
		rc = child_tell_own(child, generation);
	return rc < 0
		   ? rc
		   : child_say_bare(child, CHANNEL_PREPARE, generation->number);
}

/* A folder that cannot be had is said now, though it is only used by a proxy
 * that starts with the policy. */
int
child_prepare(struct child *child, const struct generation *generation,
    struct text *reterr_why)
{
	int folder;
	int rc = child_open_folder(child, generation, &folder, reterr_why);

	if (rc < 0)
		return rc;
	if (folder >= 0)
		(void)close(folder);
	rc = send_generation(child, generation);
	child->takes_none = rc < 0;
	return rc < 0 ? child_say_failure(rc, reterr_why) : 0;
}

/* Line by line, and none of them looks like one of ours. */
static void
say_refusal(struct str words, struct text *reterr_why)
{
	struct str line = str_cut(&words, '\n');

	text_addz(reterr_why, "gatehouse-proxy refuses the policy: ");
	utf8_show(reterr_why, line);
	while (words.len > 0) {
		line = str_cut(&words, '\n');
		text_addz(reterr_why, "\n    ");
		utf8_show(reterr_why, line);
	}
}

/* Of the policy; what it owed may come before. */
static bool
is_verdict(const struct channel_message *answer)
{
	return answer->type == CHANNEL_READY || answer->type == CHANNEL_REFUSED;
}

int
child_await(struct child *child, const struct generation *generation,
    struct text *reterr_why)
{
	int64_t deadline = clock_now() + CHILD_PREPARE_SECONDS * CLOCK_SECOND;
	struct channel_message answer;
	int rc, late = 0;

	do
		rc = child_read(child, &answer, deadline);
	while (rc == 0 && child->is_behind && !is_verdict(&answer) &&
	       ++late < CHILD_LATE_MAX);
	child->is_behind = false;
	child->takes_none = rc < 0 || answer.type != CHANNEL_READY;
	if (rc == 0 && answer.type == CHANNEL_REFUSED) {
		say_refusal(str_of(answer.words.words), reterr_why);
		return -EINVAL;
	}
	if (rc == 0 && (answer.type != CHANNEL_READY ||
			   answer.generation != generation->number))
		rc = -EBADMSG;
	child_end_if_lost(child, rc);
	return rc < 0 ? child_say_failure(rc, reterr_why) : 0;
}

int
child_commit(struct child *child, uint32_t generation)
{
	return child_say_bare(child, CHANNEL_COMMIT, generation);
}

int
child_abort(struct child *child, uint32_t generation)
{
	return child_say_bare(child, CHANNEL_ABORT, generation);
}
