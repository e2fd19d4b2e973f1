/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the journal share: a folder of their own, whose files go
 * with each test, and outputs that are opened, written to and closed.  A test
 * that waits for ever is one that failed.
 */
#ifndef GATEHOUSE_TESTS_UNIT_CONSOLE_JOURNAL_FOLDER_H
#define GATEHOUSE_TESTS_UNIT_CONSOLE_JOURNAL_FOLDER_H

#include "console/journal.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define PATH_BYTES  60
#define OLDER_BYTES (PATH_BYTES + 12)
#define OLDER_MAX   10

static char folder[] = P_tmpdir "/gatehouse-journal-XXXXXX";
static char path[PATH_BYTES];

static inline int
make_folder(void **state)
{
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/events", folder);
	return 0;
}

/* What was written before it was turned over so often; until asked again. */
static inline const char *
older(unsigned number)
{
	static char name[OLDER_BYTES];

	(void)snprintf(name, sizeof(name), "%s.%u", path, number);
	return name;
}

static inline int
remove_files(void **state)
{
	(void)state;
	(void)unlink(path);
	for (unsigned i = 1; i < OLDER_MAX; i++)
		(void)unlink(older(i));
	(void)alarm(0);
	return 0;
}

static inline int
remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static inline int
no_waiting(void **state)
{
	(void)state;
	(void)alarm(120);
	return 0;
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, no_waiting, remove_files)

/* A file, or a socket at `at`; NULL: a server. */
static inline struct journal_output *
open_output(const struct policy_journal_output *settings, const char *at)
{
	int fd = journal_output_open(settings, at, 0640);
	const struct journal_output_wish wish = {
		.settings = settings,
		.path = at,
		.fd = fd == -EALREADY ? -1 : fd,
		.enforcer = "firewall",
	};
	struct journal_output *output = NULL;

	assert_int_equal(journal_output_create(&wish, &output), 0);
	assert_int_equal(journal_output_start(output), 0);
	return output;
}

static inline void
put(struct journal_output *output, const char *word)
{
	const struct event event = { .time = 1, .reason = word };
	struct journal_rendering rendering;

	journal_rendering_init(&rendering, &event);
	journal_output_put(output, &rendering);
	journal_rendering_fini(&rendering);
}

static inline void
close_output(struct journal_output **output)
{
	journal_output_end(*output, clock_now() + JOURNAL_END_PATIENCE);
	journal_output_leave(output, true);
	assert_null(*output);
}

#endif
