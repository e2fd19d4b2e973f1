/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The outputs of a process; what one does is journal_output.c, and what is in a
 * line journal_line.c. */
#include "console/journal.h"

#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "event/counter.h"

/* Beside the bits of the forms: the fields of systemd's journal. */
#define FIELDS_BIT (1u << POLICY_JOURNAL_FORM_COUNT)

void
journal_init(struct journal *journal)
{
	*journal = (struct journal){
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.bytes_max = POLICY_JOURNAL_BYTES,
	};
	journal_rendering_begin();
}

/* All end at once, or the patience would be that of each. */
void
journal_fini(struct journal *journal)
{
	int64_t deadline = clock_now() + JOURNAL_END_PATIENCE;

	for (size_t i = 0; i < POLICY_JOURNAL_OUTPUTS_MAX; i++)
		if (journal->outputs[i] != NULL)
			journal_output_end(journal->outputs[i], deadline);
	for (size_t i = 0; i < POLICY_JOURNAL_OUTPUTS_MAX; i++)
		journal_output_leave(&journal->outputs[i], true);
	(void)pthread_mutex_destroy(&journal->lock);
}

void
journal_hold(struct journal *journal)
{
	journal->held = true;
}

int
journal_start(struct journal *journal)
{
	int rc = 0;

	journal->held = false;
	for (size_t i = 0; i < POLICY_JOURNAL_OUTPUTS_MAX; i++) {
		int one = journal->outputs[i] != NULL
			      ? journal_output_start(journal->outputs[i])
			      : 0;
		rc = rc < 0 ? rc : one;
	}
	return rc;
}

/* ---- outputs ---- */

/* What will be wanted of the next events is made outside the lock. */
static void
note_forms(struct journal *journal)
{
	unsigned forms = 0;

	for (size_t i = 0; i < POLICY_JOURNAL_OUTPUTS_MAX; i++) {
		if (journal->outputs[i] == NULL)
			continue;
		struct journal_style style =
		    journal_output_style(journal->outputs[i]);
		forms |= 1u << style.form;
		if (style.kind == POLICY_JOURNAL_SYSTEMD)
			forms |= FIELDS_BIT;
	}
	atomic_store(&journal->forms, forms);
}

static void
replace(struct journal *journal, size_t number, struct journal_output *output)
{
	(void)pthread_mutex_lock(&journal->lock);
	struct journal_output *old = journal->outputs[number];
	journal->outputs[number] = output;
	(void)pthread_mutex_unlock(&journal->lock);
	note_forms(journal);
	if (old == NULL)
		return;
	journal_output_end(old, clock_now() + JOURNAL_DROP_PATIENCE);
	journal_output_leave(&old, false);
}

static int
put_new(struct journal *journal, size_t number,
    const struct policy_journal_output *settings, const char *path, int fd)
{
	const struct journal_output_wish wish = {
		.settings = settings,
		.path = path,
		.fd = fd,
		.enforcer = journal->enforcer,
		.moved = journal->moved,
		.context = journal->context,
	};
	struct journal_output *output = NULL;
	int rc = journal_output_create(&wish, &output);

	if (rc < 0)
		return rc;
	if (!journal->held)
		rc = journal_output_start(output);
	if (rc < 0) {
		journal_output_forsake(&output);
		return rc;
	}
	replace(journal, number, output);
	return 0;
}

int
journal_put(struct journal *journal, size_t number,
    const struct policy_journal_output *settings, const char *path, int fd)
{
	struct journal_output *output = journal->outputs[number];

	if (output == NULL || !journal_output_is_at(output, settings, path))
		return put_new(journal, number, settings, path, fd);
	journal_output_change(output, settings);
	note_forms(journal);
	if (fd >= 0)
		journal_output_use_fd(output, fd);
	return 0;
}

void
journal_drop(struct journal *journal, size_t number)
{
	if (journal->outputs[number] != NULL)
		replace(journal, number, NULL);
}

int
journal_dup_fd(struct journal *journal, size_t number)
{
	return journal->outputs[number] != NULL
		   ? journal_output_dup_fd(journal->outputs[number])
		   : -ENOENT;
}

void
journal_follow(struct journal *journal)
{
	for (size_t i = 0; i < POLICY_JOURNAL_OUTPUTS_MAX; i++)
		if (journal->outputs[i] != NULL)
			journal_output_follow(journal->outputs[i]);
}

void
journal_reopen(struct journal *journal)
{
	for (size_t i = 0; i < POLICY_JOURNAL_OUTPUTS_MAX; i++)
		if (journal->outputs[i] != NULL)
			journal_output_reopen(journal->outputs[i]);
}

struct journal_output_state
journal_look(struct journal *journal, size_t number)
{
	return journal->outputs[number] != NULL
		   ? journal_output_look(journal->outputs[number])
		   : (struct journal_output_state){ 0 };
}

bool
journal_flush(struct journal *journal, int64_t patience)
{
	int64_t deadline = clock_now() + patience;
	bool all = true;

	for (size_t i = 0; i < POLICY_JOURNAL_OUTPUTS_MAX; i++)
		if (journal->outputs[i] != NULL)
			all &=
			    journal_output_flush(journal->outputs[i], deadline);
	return all;
}

/* ---- the usual one ---- */

int
journal_open(struct journal *journal, const char *path, mode_t mode)
{
	struct policy_journal_output settings = policy_journal_usual;
	int fd = journal_output_open(&settings, path, mode);

	settings.bytes_max = journal->bytes_max;
	if (fd < 0)
		return fd;
	int rc = journal_put(journal, 0, &settings, path, fd);
	if (rc < 0)
		(void)close(fd);
	return rc;
}

int
journal_rotate_if_due(struct journal *journal)
{
	struct policy_journal_output settings = policy_journal_usual;
	struct journal_output *output = journal->outputs[0];
	int64_t deadline = clock_now() + JOURNAL_DROP_PATIENCE;

	if (output == NULL)
		return 0;
	settings.bytes_max = journal->bytes_max;
	if (!journal_output_flush(output, deadline))
		return -ETIMEDOUT;
	journal_output_change(output, &settings);
	return journal_output_rotate(output, deadline);
}

/* ---- events ---- */

static void
prepare(struct journal_rendering *rendering, unsigned forms)
{
	for (int i = 0; i < POLICY_JOURNAL_FORM_COUNT; i++)
		if ((forms >> i & 1) != 0)
			journal_rendering_prepare(rendering,
			    (struct journal_style){
				.form = (enum policy_journal_form)i });
	if ((forms & FIELDS_BIT) != 0)
		journal_rendering_prepare(rendering,
		    (struct journal_style){ .kind = POLICY_JOURNAL_SYSTEMD });
}

void
journal_sink(const struct event *event, void *context)
{
	struct journal *journal = context;
	struct journal_rendering rendering;
	bool taken = false;

	journal_rendering_init(&rendering, event);
	prepare(&rendering,
	    atomic_load_explicit(&journal->forms, memory_order_relaxed));
	(void)pthread_mutex_lock(&journal->lock);
	for (size_t i = 0; i < POLICY_JOURNAL_OUTPUTS_MAX; i++) {
		if (journal->outputs[i] == NULL)
			continue;
		journal_output_put(journal->outputs[i], &rendering);
		taken = true;
	}
	(void)pthread_mutex_unlock(&journal->lock);
	if (!taken)
		counter_add(COUNTER_EVENTS_LOST, 1);
	journal_rendering_fini(&rendering);
}
