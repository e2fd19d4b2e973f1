/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/trail: a file is opened link by link.
 *
 * Root can read all files, and what it reads here others get to see.  So who
 * keeps a list, or a folder on the way to one, does not lead us by a link to
 * what is not his.  Root's own links lead where they like; one of somebody
 * else's behind them is his all the same.  Between the look at a link and its
 * use nobody can put another one in its place.
 */
#ifndef GATEHOUSE_DAEMON_TRAIL_H
#define GATEHOUSE_DAEMON_TRAIL_H

/*
 * A descriptor to read, which does not block; -EPERM: the owner of a link on
 * the way does not own the file; or another negative errno.
 */
int trail_open(const char *path);

#endif
