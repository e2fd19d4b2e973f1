/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec/keeper: the first process of a cell.
 *
 * Sets the cell up while it still has the rights to, takes them from itself and
 * from all that will come of it, and is what init(8) is: parent of the command
 * and of whatever is left behind by its children.
 */
#ifndef GATEHOUSE_EXEC_KEEPER_H
#define GATEHOUSE_EXEC_KEEPER_H

#include "exec/cell.h"

/* In the new process.  `words` is its end of the pair. */
_Noreturn void keeper_run(
    int words, struct captive *captive, const struct cell_wish *wish);

#endif
