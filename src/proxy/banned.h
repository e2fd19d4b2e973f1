/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/banned: who is served no more, whoever speaks for him.
 *
 * Packets of a banned address do not get past the kernel; but a client that
 * comes by a balancer is known by the balancer's header alone.  A table of
 * prefixes that follows the daemon's list (firewall/bans), which bounds it and
 * says when a ban ends.  Any thread; a look is a hash for each length of prefix
 * that is banned.
 */
#ifndef GATEHOUSE_PROXY_BANNED_H
#define GATEHOUSE_PROXY_BANNED_H

#include "base/address.h"

struct banned;

/* NULL: no memory. */
struct banned *banned_create(void);
void banned_destroy(struct banned *banned); /* NULL is fine */

/* A prefix, once however often it is added.  0, -EINVAL for what is none,
 * -ENOMEM. */
int banned_add(struct banned *banned, const struct address_range *range);

/* 0, also if it was not there; -EINVAL. */
int banned_remove(struct banned *banned, const struct address_range *range);

bool banned_has(const struct banned *banned, struct address address);

#endif
