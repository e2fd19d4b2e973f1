/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec/word: what the keeper of a cell and the one outside say to each other.
 *
 *	keeper			outside
 *	OPEN + sockets	->	all is set up
 *			<-	GO
 *	STOPPED signal	->	the command has stopped
 *			<-	SIGNAL number	for the command
 *	ENDED status	->	as waitpid(2) has it
 *	FAILED words	->	in the place of any of them: it never ran
 *
 * One socket pair of SOCK_SEQPACKET.  Whoever gets hold of the keeper is no
 * more than the command, and may say what he likes: nothing that comes from
 * there is believed but how the command has ended.
 */
#ifndef GATEHOUSE_EXEC_WORD_H
#define GATEHOUSE_EXEC_WORD_H

#include "base/text.h"

#define EXEC_WORDS_BYTES 512

enum exec_word_kind {
	EXEC_WORD_OPEN,
	EXEC_WORD_GO,
	EXEC_WORD_STOPPED,
	EXEC_WORD_SIGNAL,
	EXEC_WORD_ENDED,
	EXEC_WORD_FAILED,
};

struct exec_word {
	uint32_t kind; /* enum exec_word_kind */
	int32_t value; /* a signal, a status, or a negative errno */
	char words[EXEC_WORDS_BYTES];
};

/* 0 or a negative errno; the descriptors stay open here. */
int exec_word_send(
    int fd, const struct exec_word *word, const int *fds, size_t fds_count);
int exec_word_say(int fd, enum exec_word_kind kind, int value);

/* 0, -EPIPE at the end, or another negative errno.  *fds_count: how many there
 * is room for, and how many came; more are closed. */
int exec_word_receive(
    int fd, struct exec_word *ret, int *ret_fds, size_t *fds_count);

#endif
