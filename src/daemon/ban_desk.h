/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/ban_desk: commands about bans: who is banned, who is to be, and who
 * is not any more.
 */
#ifndef GATEHOUSE_DAEMON_BAN_DESK_H
#define GATEHOUSE_DAEMON_BAN_DESK_H

#include "base/text.h"

struct gateway;

/*
 * `line` is "RANGE SECONDS BECAUSE" (SECONDS 0: for ever; BECAUSE may be
 * empty), or "RANGE".  0 with a sentence in `out`; else a negative errno with
 * one: -EINVAL when it is not understood, -EPERM when it is refused, -ENOENT
 * when there is no such ban, another when the world is wrong.
 */
int ban_desk_add(
    struct gateway *gateway, struct str line, bool by_force, struct text *out);
int ban_desk_remove(struct gateway *gateway, struct str line, struct text *out);

/* {"bans": [...]}, as daemon/ban_words has each. */
void ban_desk_list(const struct gateway *gateway, struct text *out);

#endif
