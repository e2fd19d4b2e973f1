/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/leash: what the gatehoused of before still does for this one.
 *
 *	before				now
 *	hand over	->		listens, and has the rules
 *			<-		is ready
 *	its proxy finishes what		changes the policy
 *	it has begun		<-	closes the leash
 *	ends
 *
 * Both hold an end of a socket pair.  Who was before does not end until this
 * one is ready, for a supervisor would take that for the end of all; and if
 * this one ends sooner, he says so by his exit status.
 *
 * The proxy of before knows no policy but the one that it was handed over with,
 * so that it goes on only for as long as that is in force, to the letter: with
 * the first that is another one, the leash is closed and what it still does
 * ends at once.  So it does when this process dies, and past LEASH_TIME.
 */
#ifndef GATEHOUSE_DAEMON_LEASH_H
#define GATEHOUSE_DAEMON_LEASH_H

#include "base/clock.h"
#include "base/sha256.h"
#include "daemon/snapshot.h"
#include "net/loop.h"

/* A download of a few GiB by a slow line. */
#define LEASH_TIME (600 * CLOCK_SECOND)

/* What is said on it. */
#define LEASH_READY 'r'
#define LEASH_CUT   'c' /* end what you do */

struct leash {
	struct loop_watch watch; /* fd -1: nobody is held */
	bool is_ready;
	bool cut; /* he waits for us to be ready, and for nothing else */
	char digest[SHA256_TEXT_BYTES];
};

/* Takes fd.  Without it, when it cannot be watched, nobody is held. */
void leash_take(struct leash *leash, struct loop *loop, int fd,
    const char digest[static SHA256_TEXT_BYTES]);

/* This process is ready: who is held may end. */
void leash_say_ready(struct leash *leash);

bool leash_holds(const struct leash *leash);

/* Lets go of who is held, unless all files are those of his policy. */
void leash_judge(struct leash *leash, const struct snapshot *snapshot);

/* Somebody is banned, of which who is held does not hear: the kernel keeps him
 * away, unless a balancer of the policy speaks for him.  Then lets go. */
void leash_see_ban(struct leash *leash, const struct policy *policy);

/* Lets go: what is still done ends at once. */
void leash_close(struct leash *leash);

/* Of all files of a policy, their names and what is in them.  0 or a negative
 * errno. */
int leash_digest(
    const struct snapshot *snapshot, char ret[static SHA256_TEXT_BYTES]);

#endif
