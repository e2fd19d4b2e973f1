/* SPDX-License-Identifier: GPL-2.0-or-later */
/* console/journal_writer: the thread of an output, and what it writes to. */
#include "console/journal_output_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "event/counter.h"

/*
 * What comes within this after the first goes out with it: so the thread is
 * woken some hundred times a second at most, and a write is of many lines.
 */
#define REST (5 * CLOCK_MS)

/* More than this waits for no others. */
#define BATCH_BYTES ((size_t)256 << 10)

/* What a burst has left behind is given back beyond this. */
#define SPARE_BYTES ((size_t)1 << 20)

static bool
is_socket(enum policy_journal_kind kind)
{
	return kind != POLICY_JOURNAL_FILE && kind != POLICY_JOURNAL_STDOUT;
}

int
journal_output_open(
    const struct policy_journal_output *settings, const char *path, mode_t mode)
{
	int fd = -1;

	switch (settings->kind) {
	case POLICY_JOURNAL_FILE:
		return journal_file_open(path, mode);
	case POLICY_JOURNAL_STDOUT:
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		return fd < 0 ? -errno : fd;
	case POLICY_JOURNAL_SYSTEMD:
	case POLICY_JOURNAL_SYSLOG_UNIX:
		return journal_socket_open();
	case POLICY_JOURNAL_SYSLOG_UDP:
	case POLICY_JOURNAL_SYSLOG_TCP:
	case POLICY_JOURNAL_KIND_COUNT:
		break;
	}
	return -EALREADY;
}

/* Under the lock: when it is to look about, though nothing comes. */
static int64_t
next_look(const struct journal_output *output)
{
	bool looks = output->unsaid > 0 || output->path != NULL;

	return looks ? output->looked + JOURNAL_LOOK_EVERY : INT64_MAX;
}

/* Under the lock. */
static bool
has_work(const struct journal_output *output)
{
	return output->waiting_count > 0 || output->closing ||
	       output->reopens || output->looks || output->next_fd >= 0 ||
	       clock_now() >= next_look(output);
}

/* Under the lock. */
static void
await_work(struct journal_output *output)
{
	while (!has_work(output)) {
		int64_t look = next_look(output);
		output->idle = true;
		if (look == INT64_MAX)
			(void)pthread_cond_wait(&output->wake, &output->lock);
		else
			journal_output_wait_until(
			    &output->wake, &output->lock, look);
		output->idle = false;
	}
	if (output->waiting_count > 0 && output->flushers == 0 &&
	    !output->closing && output->waiting.len < BATCH_BYTES)
		journal_output_wait_until(
		    &output->wake, &output->lock, clock_now() + REST);
}

/*
 * Takes what waits into the batch; how many, or -1: that was the last.  Who
 * emits goes on with the memory that the batch before had.
 */
static int64_t
take_batch(struct journal_output *output)
{
	struct text spare = output->batch;

	if (spare.room > SPARE_BYTES)
		text_fini(&spare);
	text_clear(&spare);
	(void)pthread_mutex_lock(&output->lock);
	await_work(output);
	int64_t count = output->waiting_count;
	bool last = count == 0 && output->closing;
	output->batch = output->waiting;
	output->waiting = spare;
	output->waiting_count = 0;
	(void)pthread_mutex_unlock(&output->lock);
	return last ? -1 : count;
}

static void
change_file(struct journal_output *output)
{
	(void)pthread_mutex_lock(&output->lock);
	int fd = output->next_fd;
	bool reopens = output->reopens;
	output->next_fd = -1;
	output->reopens = false;
	(void)pthread_mutex_unlock(&output->lock);
	if (fd >= 0) {
		journal_output_take_fd(output, fd);
		journal_file_begin(output);
	}
	if (!reopens || output->path == NULL || is_socket(output->kind))
		return;
	int rc = journal_file_reopen(output);
	if (rc < 0)
		journal_output_fails(output, rc);
}

static int64_t
write_records(struct journal_output *output, struct str records, int64_t count)
{
	return is_socket(output->kind)
		   ? journal_socket_write(output, str_skip(records, 1), count)
		   : journal_file_write(output, records, count);
}

static void
add_lost(struct journal_output *output, int64_t count, struct text *record)
{
	char reason[80];
	struct event event = {
		.time = clock_wall(),
		.kind = EVENT_KIND_FAULT,
		.enforcer = output->enforcer,
		.reason = reason,
	};
	struct journal_rendering rendering;

	(void)snprintf(reason, sizeof(reason),
	    "%lld events before this one could not be written and are lost",
	    (long long)count);
	text_addc(record, '\n');
	journal_rendering_init(&rendering, &event);
	journal_rendering_add(&rendering, journal_output_style(output), record);
	journal_rendering_fini(&rendering);
}

/* If even that cannot be written, it is said another time. */
static void
tell_lost(struct journal_output *output)
{
	struct text record = TEXT_EMPTY;

	(void)pthread_mutex_lock(&output->lock);
	int64_t count = output->unsaid;
	(void)pthread_mutex_unlock(&output->lock);
	if (count == 0)
		return;
	add_lost(output, count, &record);
	if (!record.full && write_records(output, text_str(&record), 1) == 1) {
		(void)pthread_mutex_lock(&output->lock);
		output->unsaid -= count;
		output->state.error = 0;
		(void)pthread_mutex_unlock(&output->lock);
	}
	text_fini(&record);
}

static void
settle(struct journal_output *output, int64_t count, int64_t written)
{
	counter_add(COUNTER_EVENTS, written);
	(void)pthread_mutex_lock(&output->lock);
	output->state.written += written;
	if (count > written)
		journal_output_lose(output, count - written);
	else if (count > 0)
		output->state.error = 0;
	output->done += count;
	(void)pthread_cond_broadcast(&output->settled);
	(void)pthread_mutex_unlock(&output->lock);
}

static int
look(struct journal_output *output)
{
	if (is_socket(output->kind)) {
		journal_socket_look(output);
		return 0;
	}
	int rc = journal_file_rotate_if_due(output);
	if (rc < 0)
		journal_output_fails(output, rc);
	return rc;
}

static void
look_about(struct journal_output *output)
{
	int64_t now = clock_now();

	(void)pthread_mutex_lock(&output->lock);
	bool asked = output->looks;
	bool due = asked || now - output->looked >= JOURNAL_LOOK_EVERY;
	if (due)
		output->looked = now;
	(void)pthread_mutex_unlock(&output->lock);
	int rc = due ? look(output) : 0;
	if (!due)
		return;
	(void)pthread_mutex_lock(&output->lock);
	output->turned |= rc == 1;
	if (asked) {
		output->looks = false;
		output->seen = rc < 0 ? rc : 0;
		(void)pthread_cond_broadcast(&output->settled);
	}
	(void)pthread_mutex_unlock(&output->lock);
}

static void
work(struct journal_output *output, int64_t count)
{
	int64_t written = 0;

	change_file(output);
	if (count > 0)
		written =
		    write_records(output, text_str(&output->batch), count);
	if (written == count)
		tell_lost(output);
	look_about(output);
	settle(output, count, written);
}

static void *
live(void *context)
{
	struct journal_output *output = context;
	int64_t count;

	while ((count = take_batch(output)) >= 0)
		work(output, count);
	(void)pthread_mutex_lock(&output->lock);
	output->ended = true;
	(void)pthread_cond_broadcast(&output->settled);
	(void)pthread_mutex_unlock(&output->lock);
	journal_output_unref(output);
	return NULL;
}

int
journal_output_start(struct journal_output *output)
{
	pthread_t thread;

	if (output->running)
		return 0;
	output->refs++;
	output->running = true;
	journal_file_begin(output);
	int rc = pthread_create(&thread, NULL, live, output);
	if (rc != 0) {
		output->refs--;
		output->running = false;
		return -rc;
	}
	(void)pthread_detach(thread);
	return 0;
}
