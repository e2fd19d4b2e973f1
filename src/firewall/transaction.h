/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/transaction: our table in the kernel, replaced whole or not at all.
 *
 * Three nftables transactions bring a ruleset about:
 *
 *	1	all that base chains stand on is made, under names of its own
 *		(firewall/split); no packet can reach it
 *	2	the old base chains go, the new come
 *	3	what the old ones stood on is taken away
 *
 * The third is the caller's to begin, when nobody waits any more.  Only the
 * second is felt: a packet meets the old rules or the new, or for some
 * microseconds the old chains without their rules, which drop.  Were all one,
 * it would meet new rules with sets of ranges that hold nothing yet, or old
 * ones whose maps are empty already.  A failure of the first two leaves the old
 * rules, and nothing of the new; what the third cannot take away harms nobody,
 * and the next replacement tries again.
 *
 * The table itself stays, and with it the sets that the caller has loaded
 * before (firewall/list_sets): a million addresses outlive a change of rules.
 * Three things are asked of the ruleset: its base chains end in an explicit
 * drop (a chain's policy alone leaks a few packets while it is replaced), there
 * is no set of ranges without a name in them, and it speaks of the table of
 * firewall/names.h only, which is checked here.
 *
 * Texts are read in a child (firewall/nft), one for each; the caller waits for
 * it, up to FIREWALL_TRANSACTION_SECONDS_MAX.  Should the child be killed, the
 * kernel is asked what stands, so the answer is never a guess.
 */
#ifndef GATEHOUSE_FIREWALL_TRANSACTION_H
#define GATEHOUSE_FIREWALL_TRANSACTION_H

#include "base/text.h"

/*
 * Puts `table inet gatehouse { ... }` in force.  0: it is.  Otherwise what was
 * in force before still is, untouched, and words for people are appended to
 * *reterr_why:
 *	-EINVAL		the text is not of our table alone, or refused by
 *			nftables or the kernel, in its words
 *	-EAGAIN		no child could be made, or the kernel not be asked
 *	-ETIMEDOUT	the child was late or died before it committed
 *	-EIO		as before, and the kernel could not be asked either:
 *			the only answer with which nothing is known
 */
int transaction_commit(struct str ruleset, struct text *reterr_why);

/* The third transaction, still to be done; owned, NULL: there is none. */
struct batch;

/* Which of the sets that stand are no part of the ruleset's text. */
struct transaction_kept {
	bool (*is_kept)(const void *context, const char *name);
	const void *context;
};

/*
 * The same, but these sets stay as they are, for the ruleset to name them; and
 * what is left over still stands, until transaction_clear.
 */
int transaction_commit_beside(struct str ruleset,
    const struct transaction_kept *kept, struct batch **ret_leftovers,
    struct text *reterr_why);

/* Takes the leftovers out of the kernel, or only forgets them. */
void transaction_clear(struct batch **leftovers);
void transaction_forget(struct batch **leftovers);

/*
 * What a commit would answer, by library and kernel; nothing changes.  What
 * the kernel looks at last of all passes here and is refused by a commit: a
 * statement in a hook that is not for it.
 */
int transaction_check(struct str ruleset, struct text *reterr_why);

/* Takes the table away; 0 as well if there was none, or a negative errno. */
int transaction_remove(struct text *reterr_why);

/*
 * Which rules stand: another number after each commit; 0: none do, or it could
 * not be found out.
 */
uint64_t transaction_mark(void);

/* 1: our table is in the kernel; 0: it is not; a negative errno. */
int transaction_exists(void);

/* Whether a chain of it translates addresses; also if the kernel cannot be
 * asked. */
bool transaction_translates(void);

#endif
