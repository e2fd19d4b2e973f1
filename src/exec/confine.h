/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec/confine: what a process in a cell takes from itself, for good.
 *
 * Every capability, in all sets; the gaining of any by a program's bits; the
 * calls of exec/denied_calls; signals and abstract sockets to who is outside,
 * where Landlock knows of them, which the namespaces keep away as well.
 */
#ifndef GATEHOUSE_EXEC_CONFINE_H
#define GATEHOUSE_EXEC_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

/* 0 or a negative errno. */
int confine_rights(bool unix_sockets);

/* Leaves 0 to 2 and these open for the next program, and no other. */
void confine_descriptors(const int *kept, size_t count);

#endif
