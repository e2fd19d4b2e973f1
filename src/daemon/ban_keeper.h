/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/ban_keeper: bans, from the command to the dropped packet.
 *
 * A ban is put into the list (firewall/bans), then into the kernel, where it is
 * in force at once, and into early drop; then the proxy ends the connections of
 * that client, the file gets a line (daemon/ban_file) and the journal an event.
 * What the kernel refuses is taken from the list again.  Bans belong to the
 * gateway and not to a policy: an apply does not touch them.
 *
 * Who is never banned is the affair of daemon/ban_exempt.  Whom the rules ban
 * for packets is kept apart (daemon/caught_keeper).
 */
#ifndef GATEHOUSE_DAEMON_BAN_KEEPER_H
#define GATEHOUSE_DAEMON_BAN_KEEPER_H

#include "daemon/ban_file.h"

#include "net/loop.h"

struct gateway;

struct ban_keeper {
	struct bans bans;
	struct ban_file file;
	struct loop_timer end; /* of the ban that ends first */
	int64_t due;           /* when that is, while it is armed */
};

/* Reads the bans of an earlier life; what is wrong with them is said. */
void ban_keeper_open(struct gateway *gateway);
void ban_keeper_close(struct gateway *gateway);

/* The proxy has just started and knows of none.  0 or its end. */
int ban_keeper_tell_proxy(struct gateway *gateway);

/* The gateway has other addresses: bans that hold one of them end. */
void ban_keeper_see_own(struct gateway *gateway);

/*
 * Bans, whoever it is; `line`: of the rule that does, 0: none.  0 with a
 * sentence in `out`; or a negative errno with one.
 */
int ban_keeper_add(struct gateway *gateway, const struct ban *ban,
    uint32_t line, struct text *out);

/*
 * `line` is "RANGE SECONDS BECAUSE" (SECONDS 0: for ever; BECAUSE may be
 * empty), or "RANGE".  0 with a sentence in `out`; else a negative errno with
 * one: -EINVAL when it is not understood, -EPERM when it is refused, -ENOENT
 * when there is no such ban, another when the world is wrong.
 */
int gateway_ban(
    struct gateway *gateway, struct str line, bool by_force, struct text *out);
int gateway_unban(struct gateway *gateway, struct str line, struct text *out);

/* {"bans": [...]}, as daemon/ban_words has each. */
void gateway_bans(const struct gateway *gateway, struct text *out);

/* The ban that a flow between the two meets; NULL: none. */
const struct ban *gateway_banned(const struct gateway *gateway,
    struct address source, struct address destination);

#endif
