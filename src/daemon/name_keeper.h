/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/name_keeper: names that the proxy's DNS has answered, from the answer
 * to the packet that may pass.
 *
 * The proxy tells of each answer before it sends it (proxy/learning).  What has
 * come by the time that somebody looks is one transaction of the kernel's; when
 * that holds, the proxy is told and the client gets its answer.  So a name is
 * known before anybody can come by it, and a thousand a second are some dozens
 * of transactions.
 *
 * The list of what is known (firewall/learned_names) and its file belong to the
 * gateway and not to a policy: another policy has its sets filled from it
 * before its rules hold, and so has the next life of the daemon.
 *
 * The proxy is believed which name an address has, and no more: a name of
 * letters, digits, `-`, `_` and `.` for a zone whose DNS is ours, and an
 * address that is the gateway's own or lives inside opens nothing
 * (policy/learning, and again the rules, which ask such a set only for what
 * lives elsewhere).
 */
#ifndef GATEHOUSE_DAEMON_NAME_KEEPER_H
#define GATEHOUSE_DAEMON_NAME_KEEPER_H

#include "daemon/name_file.h"
#include "firewall/learned_sets.h"

struct channel_learn;
struct flow;
struct generation;

/* Heard before the kernel is told: as many as are read in a row. */
#define NAME_KEEPER_HEARD_MAX 64

/* A kernel that refuses is complained of once in this time. */
#define NAME_KEEPER_TOLD (60 * CLOCK_SECOND)

struct name_keeper {
	/* Lent: */
	const struct generation *const *current; /* NULL in it: none yet */
	struct learned_sets *sets;               /* the kernel's */
	/* Its own: */
	struct learned_names names;
	struct name_file file;
	struct learned_change change;          /* while something is heard */
	uint32_t heard[NAME_KEEPER_HEARD_MAX]; /* who waits for it */
	size_t heard_count;
	int64_t complained;
	uint64_t answers; /* that were learned */
	uint64_t refused; /* that were not */
	struct {
		struct str *items;
		size_t count, room;
	} found; /* for name_keeper_give */
};

/* Reads those of an earlier life; what is wrong with them is said. */
void name_keeper_open(struct name_keeper *keeper, const char *dir);
void name_keeper_close(struct name_keeper *keeper);

/* Puts it into what is to be settled, at most NAME_KEEPER_HEARD_MAX.  `proxy`
 * is the channel by which it is told; -1: nobody is there any more. */
void name_keeper_hear(
    struct name_keeper *keeper, const struct channel_learn *learn, int proxy);

/* The kernel has all that was heard, and the proxy knows. */
void name_keeper_settle(struct name_keeper *keeper, int proxy);

/*
 * Gives the flow the names that are learned for its destination, if it is one
 * whose packets show them and it has none.  Lent until the next call.
 */
void name_keeper_give(struct name_keeper *keeper, struct flow *flow);

/* A name of the address, the one that ends last; at == NULL: none. */
struct str name_keeper_name(
    const struct name_keeper *keeper, struct str zone, struct address address);

#endif
