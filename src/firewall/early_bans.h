/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/early_bans: who is banned, in the program of early drop.
 *
 * Of the ruleset it is the first word that counts: so bans go to the kernel's
 * sets first (firewall/ban_sets), and here afterwards.  What is not here is
 * refused there, so nothing that fails here can let a packet pass.
 *
 * Each ban is an element of a trie and costs the same whatever else is banned
 * or listed.  The sieve in front of the tries (bpf/early_drop.h) has a bit for
 * each that is banned at any time; what is over takes its bits along only if no
 * other has them, so it is reckoned anew when one goes.
 */
#ifndef GATEHOUSE_FIREWALL_EARLY_BANS_H
#define GATEHOUSE_FIREWALL_EARLY_BANS_H

#include "bpf/early_drop.h"
#include "firewall/bans.h"

struct early_program;

/* All of them, into a program that has none yet.  0 or a negative errno. */
int early_bans_fill(struct early_program *program, const struct bans *bans);

/*
 * Follows a change of the list: the ban of this range was put into it or taken
 * from it.  0 or a negative errno.
 */
int early_bans_follow(struct early_program *program, const struct bans *bans,
    const struct address_range *range);

/* Adds what a ban of the range needs to be found. */
void early_sieve_add(
    struct early_sieve *sieve, const struct address_range *range);

#endif
