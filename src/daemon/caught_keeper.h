/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/caught_keeper: who is banned for what he did.
 *
 *	by packets	the rules have put him into the kernel's set already
 *			(firewall/compile_refused); the packet log tells.  He is
 *			put into the list and the file DIR/caught here, or let
 *			go if he is never banned.  Such a ban closes what he
 *			opens.
 *	by requests	the proxy, which counts them, tells by whose rule: that
 *			is a ban like any other (daemon/ban_keeper), for the
 *			source of a connection is no forgery.
 *
 * The kernel ends each by itself; the list follows within a second.
 *
 * The policy in force says for how long.  A proxy that has gone mad can ban so
 * many in a second and no more, and nobody who is never banned.
 */
#ifndef GATEHOUSE_DAEMON_CAUGHT_KEEPER_H
#define GATEHOUSE_DAEMON_CAUGHT_KEEPER_H

#include "daemon/ban_file.h"

#include "net/loop.h"

struct ban_exempt;
struct ban_keeper;
struct channel_caught;
struct generation;

/* So many words of the proxy's are heard at once, and then in a second. */
#define CAUGHT_BURST    1000
#define CAUGHT_A_SECOND 100

/* Of those who are never banned, so many are told of once a minute. */
#define CAUGHT_SPARED_MAX  32
#define CAUGHT_SPARED_TOLD (60 * CLOCK_SECOND)

struct caught_keeper {
	/* Lent: */
	struct loop *loop;
	const struct generation *const *current; /* NULL in it: none yet */
	const struct ban_exempt *exempt;
	struct ban_keeper *ban_keeper; /* of those banned altogether */
	/* Its own: */
	struct bans bans; /* whose reach is what they open */
	struct ban_file file;
	struct loop_timer end; /* of those whose time is over */
	int64_t full_at;       /* when the proxy may say CAUGHT_BURST again */
	struct {
		struct address address;
		int64_t told; /* clock_now */
	} spared[CAUGHT_SPARED_MAX];
	size_t spared_next;
};

/* Reads those of an earlier life; what is wrong with them is said. */
void caught_keeper_open(struct caught_keeper *keeper, const char *dir);
void caught_keeper_close(struct caught_keeper *keeper);

/* The kernel has banned him for the rule with this line and name. */
void caught_keeper_see(struct caught_keeper *keeper, struct address source,
    uint32_t line, struct str name);

/* The proxy says that he is to be. */
void caught_keeper_hear(
    struct caught_keeper *keeper, const struct channel_caught *caught);

/* Those go who are not to be banned: there is a session, or another policy. */
void caught_keeper_sift(struct caught_keeper *keeper);

/* He is banned altogether now, so there is no need of it here. */
void caught_keeper_forget(
    struct caught_keeper *keeper, const struct address_range *range);

/* 0 with a sentence; -ENOENT: he is not there; another with a sentence. */
int caught_keeper_unban(struct caught_keeper *keeper,
    const struct address_range *range, struct text *out);

#endif
