/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/words: a line of a foreign file, cut at its blanks.
 */
#ifndef GATEHOUSE_IMPORT_WORDS_H
#define GATEHOUSE_IMPORT_WORDS_H

#include "base/arena.h"

/* A line has so many words at most; what is behind them makes it too long. */
#define IMPORT_WORDS_MAX 512

struct import_wordlist {
	struct str at[IMPORT_WORDS_MAX];
	bool quoted[IMPORT_WORDS_MAX];
	size_t count;
	bool cut; /* there were more */
};

/* Words in '"' may hold blanks; '\' in them takes the next character as it is.
 * They are lent from the line, or lie in the arena. */
void import_wordlist_read(
    struct import_wordlist *words, struct arena *arena, struct str line);

#endif
