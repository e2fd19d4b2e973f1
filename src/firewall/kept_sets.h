/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/kept_sets: sets that a list of bans fills, and that outlive rules.
 *
 * The kernel numbers a set when it is made.  Who finds the numbers that he
 * knows has filled the sets himself; all others are filled anew, in one
 * transaction.
 *
 * For private use of src/firewall.
 */
#ifndef GATEHOUSE_FIREWALL_KEPT_SETS_H
#define GATEHOUSE_FIREWALL_KEPT_SETS_H

#include "firewall/bans.h"
#include "firewall/kernel_set.h"

#define KEPT_SETS_MAX 4

struct kept_sets {
	const struct kernel_set *sets;
	size_t count; /* at most KEPT_SETS_MAX */
	void (*put)(struct batch *batch, const struct bans *bans); /* all */
	const char *failure; /* "the kernel did not take the bans" */
};

bool kept_sets_has(const struct kept_sets *kept, const char *name);

/*
 * Makes and fills the sets, unless those that stand have the numbers in
 * `handles`, which then are theirs.  0, or a negative errno with a sentence.
 */
int kept_sets_ensure(const struct kept_sets *kept, uint64_t *handles,
    const struct bans *bans, struct text *reterr_why);

/* If rc is an error, the sentence with what the kernel said; rc. */
int kept_sets_say(const struct kept_sets *kept, int rc,
    const struct text *words, struct text *reterr_why);

/* Of a ban that ends then, for the kernel; 0: never.  What is over already is
 * as good as over in a moment. */
uint64_t kept_sets_timeout_ms(int64_t ends);

#endif
