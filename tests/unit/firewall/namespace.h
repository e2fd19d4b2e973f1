/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests that need a kernel have in common: a network namespace of
 * their own, so that the machine's is never touched, and a shell in it.
 */
#ifndef GATEHOUSE_TESTS_FIREWALL_NAMESPACE_H
#define GATEHOUSE_TESTS_FIREWALL_NAMESPACE_H

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * A sanitizer takes and keeps memory of its own, and time: what a test says of
 * either is not meant there.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDER_SANITIZER true
#elif defined(__has_feature)
#define UNDER_SANITIZER                                                        \
	(__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define UNDER_SANITIZER false
#endif

/* Set by namespace_setup; without it every test is skipped. */
static bool namespace_is_ours;

/* What the shell said, both streams; the status must be 0. */
static inline void
shell_read(struct text *ret, const char *command)
{
	char bytes[4096];
	size_t n;
	char line[1024] = "exec 2>&1; ";

	assert_true(strlen(line) + strlen(command) < sizeof(line));
	FILE *pipe = popen(strcat(line, command), "re");
	assert_non_null(pipe);
	text_clear(ret);
	while ((n = fread(bytes, 1, sizeof(bytes), pipe)) > 0)
		text_add(ret, (struct str){ bytes, n });
	int status = pclose(pipe);
	if (status != 0)
		fail_msg("'%s' ended with %d: %.*s", command, status,
		    STR_ARG(text_str(ret)));
}

static inline void
shell(const char *command)
{
	struct text said = TEXT_EMPTY;

	shell_read(&said, command);
	text_fini(&said);
}

static inline bool
text_has(const struct text *text, const char *words)
{
	return text->at != NULL && strstr(text->at, words) != NULL;
}

static inline size_t
text_occurrences(const struct text *text, const char *words)
{
	size_t count = 0;

	for (const char *at = text->at;
	     at != NULL && (at = strstr(at, words)) != NULL; at++)
		count++;
	return count;
}

/* A group setup: leaves the machine's namespace before anything else. */
static inline int
namespace_setup(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNET) < 0) {
		print_message("skipped: a network namespace of our own: %s\n",
		    strerror(errno));
		return 0;
	}
	namespace_is_ours = true;
	shell("ip link set lo up");
	return 0;
}

#define NEED_NAMESPACE()                                                       \
	do {                                                                   \
		if (!namespace_is_ours)                                        \
			skip();                                                \
	} while (0)

static inline int
namespace_current(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static inline void
namespace_go(int fd)
{
	assert_int_equal(setns(fd, CLONE_NEWNET), 0);
}

/* A second one, lo up; the caller stays where it is and closes the fd. */
static inline int
namespace_create(void)
{
	int here = namespace_current();

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	int there = namespace_current();
	shell("ip link set lo up");
	namespace_go(here);
	(void)close(here);
	return there;
}

#endif
