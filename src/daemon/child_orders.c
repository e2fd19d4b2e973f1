/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/child_orders: what gatehouse-proxy is told and asked while it works.
 */
#include "daemon/child_impl.h"

#include "base/clock.h"
#include "base/file.h"
#include "daemon/child_talk.h"
#include "proxy/limits.h"
#include "proxy/quotas.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* So many messages hold all that there can be, and one that is not full. */
#define PINS_ANSWERS_MAX   (PROXY_PINS_MAX / CHANNEL_PINS_MAX + 2)
#define QUOTAS_ANSWERS_MAX (QUOTAS_MAX / CHANNEL_QUOTAS_MAX + 2)

static void
tell_host_file(struct child *child, enum host_file which, uint32_t place)
{
	struct channel_message message = { .type = CHANNEL_HOST_FILE,
		.host_file = place };

	if (!host_files_has_changed(&child->files, which))
		return;
	int fd = host_files_open(&child->files, which);
	if (fd < 0)
		return;
	(void)child_say(child, &message, fd);
	(void)close(fd);
}

void
child_tell_host_files(struct child *child)
{
	if (child->pid == 0)
		return;
	tell_host_file(child, HOST_FILE_SERVERS, CHANNEL_SERVERS_FD);
	tell_host_file(child, HOST_FILE_AUTHORITIES, CHANNEL_AUTHORITIES_FD);
}

int
child_tell_output(
    struct child *child, const struct channel_output *output, int fd)
{
	struct channel_message message = {
		.type = fd >= 0 ? CHANNEL_OUTPUT_FD : CHANNEL_OUTPUT,
		.output = *output,
	};

	return child_say(child, &message, fd);
}

int
child_count_outputs(struct child *child, struct channel_outputs *ret)
{
	struct channel_message answer;

	int rc = child_ask_bare(child, CHANNEL_COUNT_OUTPUTS);

	if (rc == 0)
		rc = child_await_answer(
		    child, CHANNEL_OUTPUTS, &answer, child_soon());
	if (rc == 0)
		*ret = answer.outputs;
	return rc;
}

int
child_list_pins(struct child *child,
    void (*take)(void *context, const struct channel_pins *pins), void *context)
{
	struct channel_message answer = { .pins.last = 0 };
	int64_t deadline = child_soon();
	int rc = child_ask_bare(child, CHANNEL_LIST_PINS);

	for (int i = 0; rc == 0 && answer.pins.last == 0; i++) {
		rc = i < PINS_ANSWERS_MAX
			 ? child_hear(child, CHANNEL_PINS, &answer, deadline)
			 : -EBADMSG;
		child_end_if_lost(child, rc);
		if (rc == 0)
			take(context, &answer.pins);
	}
	return rc;
}

int
child_tell_ban(
    struct child *child, const struct address_range *range, bool is_banned)
{
	struct channel_message message = {
		.type = is_banned ? CHANNEL_BAN : CHANNEL_UNBAN,
		.banned = *range,
	};

	return child_say(child, &message, -1);
}

int64_t
child_purge(struct child *child, const struct channel_purge *purge)
{
	struct channel_message message = { .type = CHANNEL_PURGE,
		.purge = *purge };

	int rc = child_ask(child, &message, -1);

	if (rc == 0)
		rc = child_read(child, &message,
		    clock_now() + CHILD_PURGE_SECONDS * CLOCK_SECOND);
	if (rc == 0 && message.type != CHANNEL_PURGED)
		rc = -EBADMSG;
	child_end_if_lost(child, rc);
	return rc < 0 ? rc : message.purged;
}

int
child_tell_quotas(
    struct child *child, const struct policy_quota_count *counts, size_t count)
{
	struct channel_message message = { .type = CHANNEL_QUOTAS };
	int rc = 0;

	while (rc == 0 && count > 0) {
		size_t now =
		    count < CHANNEL_QUOTAS_MAX ? count : CHANNEL_QUOTAS_MAX;
		message.quotas.count = (uint32_t)now;
		memcpy(message.quotas.items, counts, now * sizeof(*counts));
		rc = child_say(child, &message, -1);
		counts += now;
		count -= now;
	}
	return rc;
}

int
child_collect(struct child *child,
    void (*take)(void *context, const struct policy_quota_count *count),
    void *context)
{
	struct channel_message answer = { .quotas.last = 0 };
	int64_t deadline = child_soon();
	int rc = child_ask_bare(child, CHANNEL_COLLECT);

	for (int n = 0; rc == 0 && answer.quotas.last == 0; n++) {
		rc = n < QUOTAS_ANSWERS_MAX
			 ? child_hear(child, CHANNEL_QUOTAS, &answer, deadline)
			 : -EBADMSG;
		child_end_if_lost(child, rc);
		for (uint32_t i = 0; rc == 0 && i < answer.quotas.count; i++)
			take(context, &answer.quotas.items[i]);
	}
	return rc;
}

int
child_drain(struct child *child)
{
	struct channel_message answer;

	int rc = child_ask_bare(child, CHANNEL_DRAIN);

	return rc < 0 ? rc
		      : child_await_answer(
			    child, CHANNEL_DRAINED, &answer, child_soon());
}

int
child_count(struct child *child, int64_t ret[static COUNTER_CELLS])
{
	struct channel_message answer;

	int rc = child_ask_bare(child, CHANNEL_COUNT);

	if (rc == 0)
		rc = child_await_answer(
		    child, CHANNEL_COUNTERS, &answer, child_soon());
	if (rc == 0)
		memcpy(ret, answer.counters.values,
		    sizeof(answer.counters.values));
	return rc;
}

static int
read_tally(int file, struct tally *sum)
{
	struct text bytes = TEXT_EMPTY;
	struct tally tally;
	int rc = tally_init(&tally);

	if (rc < 0)
		return rc;
	rc = file_read_fd(file, TALLY_BYTES_MAX, &bytes);
	if (rc == 0)
		rc = tally_read(&tally, text_str(&bytes));
	if (rc == 0)
		tally_merge(sum, &tally);
	tally_fini(&tally);
	text_fini(&bytes);
	return rc;
}

int
child_reckon(struct child *child, struct tally *sum)
{
	struct channel_message message = { .type = CHANNEL_RECKON };
	int file = memfd_create("tally", MFD_CLOEXEC);

	if (file < 0)
		return -errno;
	int rc = child_ask(child, &message, file);
	if (rc == 0) {
		rc = child_hear(child, CHANNEL_RECKONED, &message,
		    clock_now() + CHILD_RECKON_PATIENCE);
		/* One that is busy is asked another time. */
		if (rc != -ETIMEDOUT)
			child_end_if_lost(child, rc);
	}
	if (rc == 0)
		rc = read_tally(file, sum);
	(void)close(file);
	return rc;
}
