/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/nearest: the known word that was probably meant.
 */
#ifndef GATEHOUSE_BASE_NEAREST_H
#define GATEHOUSE_BASE_NEAREST_H

#include "base/str.h"

/*
 * Feed candidates one by one; `best` is the nearest that is near enough to be
 * worth asking "did you mean".  A change, an insertion, a loss and a swap of
 * neighbours count one each; a quarter of the word and one more may differ, one
 * where the word has less than five letters, and never all of the candidate.
 */
struct nearest {
	struct str wanted;
	struct str best; /* at == NULL: none is near */
	unsigned distance;
};

void nearest_begin(struct nearest *nearest, struct str wanted);
void nearest_offer(struct nearest *nearest, struct str candidate);

#endif
