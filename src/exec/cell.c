/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/cell.h"

#include "exec/keeper.h"
#include "exec/missing.h"
#include "exec/word.h"
#include "net/socket.h"
#include "policy/sandbox.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAMESPACES                                                             \
	(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID |           \
	    CLONE_NEWIPC)

/* As fork(2) does, into new namespaces.  The other arguments are of threads. */
static pid_t
fork_apart(void)
{
	return (pid_t)syscall(SYS_clone, NAMESPACES | SIGCHLD, 0, 0, 0, 0);
}

static int
take_sockets(struct cell *cell, const int *fds, size_t count)
{
	struct captive *captive = &cell->captive;

	for (int i = 0; i < CAPTIVE_SOCKET_COUNT; i++)
		captive->fds[i] = (size_t)i < count ? fds[i] : -1;
	return captive->fds[CAPTIVE_UDP4] >= 0 ? 0 : -EBADMSG;
}

/* The listeners' places are as the other side has set them, and known here. */
static int
await_open(struct cell *cell, struct text *reterr_why)
{
	int fds[CAPTIVE_SOCKET_COUNT];
	size_t count = CAPTIVE_SOCKET_COUNT;
	struct exec_word word;
	int rc = exec_word_receive(cell->words, &word, fds, &count);

	if (rc == 0 && word.kind == EXEC_WORD_OPEN)
		return take_sockets(cell, fds, count);
	for (size_t i = 0; rc == 0 && i < count; i++)
		(void)close(fds[i]);
	if (rc == 0 && word.kind == EXEC_WORD_FAILED) {
		text_addz(reterr_why, word.words);
		return word.value < 0 ? word.value : -EIO;
	}
	text_addz(reterr_why, "the sandbox ended before it was set up");
	return rc < 0 ? rc : -EBADMSG;
}

int
cell_open(
    struct cell *cell, const struct cell_wish *wish, struct text *reterr_why)
{
	int ends[2];
	int rc = socket_pair(ends);

	*cell = (struct cell){ .words = -1 };
	for (int i = 0; i < CAPTIVE_SOCKET_COUNT; i++)
		cell->captive.fds[i] = -1;
	captive_places(&cell->captive);
	(void)address_parse(STR(SANDBOX_SOURCE4), &cell->captive.own4);
	(void)address_parse(STR(SANDBOX_SOURCE6), &cell->captive.own6);
	if (rc < 0) {
		text_addf(reterr_why, "no socket pair: %s", strerror(-rc));
		return rc;
	}
	/* What waits in our buffers is ours to write. */
	(void)fflush(NULL);
	cell->keeper = fork_apart();
	if (cell->keeper == 0) {
		(void)close(ends[0]);
		keeper_run(ends[1], &cell->captive, wish);
	}
	rc = cell->keeper < 0 ? -errno : 0;
	(void)close(ends[1]);
	cell->words = ends[0];
	if (rc < 0) {
		cell->keeper = 0;
		missing_namespaces(rc, reterr_why);
	} else {
		rc = await_open(cell, reterr_why);
	}
	if (rc < 0)
		cell_close(cell);
	return rc;
}

int
cell_go(struct cell *cell)
{
	return exec_word_say(cell->words, EXEC_WORD_GO, 0);
}

void
cell_close(struct cell *cell)
{
	if (cell->keeper > 0) {
		(void)kill(cell->keeper, SIGKILL);
		while (waitpid(cell->keeper, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	cell->keeper = 0;
	if (cell->words >= 0)
		(void)close(cell->words);
	cell->words = -1;
	captive_fini(&cell->captive);
}
