/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/ban_keeper: bans, from the command to the dropped packet.
 *
 * A ban, by command (daemon/ban_desk) or by what the proxy has counted
 * (daemon/caught_keeper), is put into the list (firewall/bans), then into the
 * kernel, where it is in force at once, and into early drop; then the proxy
 * ends the connections of that client, the file gets a line (daemon/ban_file)
 * and the journal an event.  What the kernel refuses is taken from the list
 * again.  Bans belong to the gateway and not to a policy: an apply does not
 * touch them.
 *
 * Who is never banned is the affair of daemon/ban_exempt.  Whom the rules ban
 * for packets is kept apart (daemon/caught_keeper).
 */
#ifndef GATEHOUSE_DAEMON_BAN_KEEPER_H
#define GATEHOUSE_DAEMON_BAN_KEEPER_H

#include "daemon/ban_file.h"

#include "net/loop.h"

struct ban_exempt;
struct ban_sets;
struct child;
struct early;
struct generation;
struct leash;

struct ban_keeper {
	/* Lent: */
	struct loop *loop;
	const struct generation *const *current; /* NULL in it: none yet */
	struct ban_sets *sets;                   /* the kernel's */
	struct early *early;
	struct child *child;
	struct leash *leash;
	const struct ban_exempt *exempt;
	/* Its own: */
	struct bans bans;
	struct ban_file file;
	struct loop_timer end; /* of the ban that ends first */
	int64_t due;           /* when that is, while it is armed */
};

/* Reads the bans of an earlier life; what is wrong with them is said. */
void ban_keeper_open(struct ban_keeper *keeper, const char *dir);
void ban_keeper_close(struct ban_keeper *keeper);

/* The proxy has just started and knows of none.  0 or its end. */
int ban_keeper_tell_proxy(struct ban_keeper *keeper);

/* The gateway has other addresses: bans that hold one of them end. */
void ban_keeper_see_own(struct ban_keeper *keeper);

/*
 * Bans, whoever it is; `line`: of the rule that does, 0: none.  0 with a
 * sentence in `out`, and then caught_keeper_forget is the caller's to call; or
 * a negative errno with one.
 */
int ban_keeper_add(struct ban_keeper *keeper, const struct ban *ban,
    uint32_t line, struct text *out);

/* One of its bans, by command; as above, and the kernel may refuse. */
int ban_keeper_remove(
    struct ban_keeper *keeper, const struct ban *ban, struct text *out);

#endif
