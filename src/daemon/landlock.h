/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/landlock: the files and ports that a process can reach by name.
 *
 * By Landlock, which the kernel has from 5.13 on and learns more of with each
 * version of its interface.  What a process holds open is not touched; what it
 * is to open from then on must lie below one folder.
 */
#ifndef GATEHOUSE_DAEMON_LANDLOCK_H
#define GATEHOUSE_DAEMON_LANDLOCK_H

/*
 * For this thread and those that it makes, for good; no_new_privs is set.
 * Files can be made, read, written and removed below `folder` (-1: there is
 * none), nothing can be executed, no TCP port be chosen, and no signal or
 * abstract socket reaches another process, as far as the kernel knows of these.
 *
 * The version of the interface (1 or more), or a negative errno: -EOPNOTSUPP
 * where Landlock is switched off, -ENOSYS where the kernel has none.
 */
int landlock_confine(int folder);

/*
 * For this thread and those that it makes, for good: no signal and no abstract
 * socket leads to a process that has not come of it.  Files are not touched.
 * 0, or a negative errno: -EOPNOTSUPP where the kernel does not know how.
 */
int landlock_scope(void);

/* So too, but files can be read wherever they lie, and nothing else. */
int landlock_only_read(void);

#endif
