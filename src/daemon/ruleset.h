/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/ruleset: the policy in force, as the kernel has it.
 *
 * Rules are text for one transaction; lists of addresses are sets that are
 * loaded before it and outlive it (firewall/list_sets).  A draft is made of a
 * generation while nothing changes, and is then committed: lists that are the
 * same are not loaded again, and where a few ranges of some lists are all that
 * differs, they are changed in place and the rules are not touched.
 */
#ifndef GATEHOUSE_DAEMON_RULESET_H
#define GATEHOUSE_DAEMON_RULESET_H

#include "daemon/generation.h"
#include "firewall/ban_sets.h"
#include "firewall/caught_sets.h"
#include "firewall/learned_sets.h"
#include "firewall/list_sets.h"

/* What stands; all zero: nothing of ours. */
struct ruleset {
	struct list_sets lists;
	struct ban_sets bans;
	struct caught_sets caught;
	struct learned_sets learned;
	struct text rules; /* as they were without what was counted before */
	uint64_t mark;     /* by which the kernel's are known to be these */
	bool has_bans;     /* the rules as text do */
	bool has_caught;   /* so too */
	bool translates;
	struct batch *leftovers; /* of the rules before; NULL: none */
};

struct ruleset_draft {
	struct list_plan lists;
	struct learned_sets learned; /* a plan, unless it is in place */
	struct text rules;
	struct text counted; /* the same, going on from what was counted */
	bool in_place;       /* no rule changes */
	bool has_bans, has_caught, translates;
	struct policy *policy; /* lent by the generation */
};

#define RULESET_DRAFT_EMPTY ((struct ruleset_draft){ 0 })

/* What sets are filled from that outlive rules. */
struct ruleset_kept {
	const struct bans *bans, *caught;
	struct learned_names *names;
};

void ruleset_fini(struct ruleset *ruleset);
void ruleset_draft_fini(struct ruleset_draft *draft);

/*
 * Takes away what the rules before have left in the kernel: some ten
 * milliseconds for a thousand of them, when nobody waits.  A draft begins with
 * it if it was not done.
 */
void ruleset_clear(struct ruleset *ruleset);

/*
 * Makes a draft of the generation.  `host` has what is not of the policy;
 * `goes_on`: rules that stay go on counting.  0, or a negative errno with a
 * sentence.  ruleset_draft_fini in any case.
 */
int ruleset_draft(struct ruleset *ruleset, const struct generation *generation,
    struct firewall_host host, bool goes_on, struct ruleset_draft *ret,
    struct text *reterr_why);

/*
 * Puts the draft in force, or leaves all as it was; bans and names hold before
 * the rules do.  Errors as those of transaction_commit, or of the lists.
 */
int ruleset_commit(struct ruleset *ruleset, struct ruleset_draft *draft,
    const struct ruleset_kept *kept, struct text *reterr_why);

#endif
