/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/refusals: who is refused so often that he is to be banned.
 *
 * What a rule with `ban` refuses, and each wrong password where the line of
 * users has one, is counted for its source, as the kernel counts packets
 * (firewall/compile_refused): from the first refusal on, for the time that the
 * policy says.  Who comes to the number is told of, once, and counting begins
 * anew; to ban him is the daemon's affair.
 *
 * One for all generations, shared by all workers: a rule that stands in the
 * next policy as it stood in the last one goes on counting where it was.
 *
 * At most REFUSALS_MAX counts are known, in sets of some places.  When a set is
 * full, the one whose time is over first makes room: a crowd can push a count
 * aside and so be banned later, but nobody is banned for another's doing.
 *
 * Any thread; sets are spread over locks.
 */
#ifndef GATEHOUSE_PROXY_REFUSALS_H
#define GATEHOUSE_PROXY_REFUSALS_H

#include "proxy/generation.h"

/* 4 MiB, of which is used what is filled. */
#define REFUSALS_MAX 65536

struct refusals;

/* Rule: of the policy of the generation, or one too many: the users. */
typedef void (*refusals_tell_fn)(
    struct address source, uint32_t generation, uint32_t rule);

/* NULL: no memory. */
struct refusals *refusals_create(void);
void refusals_destroy(struct refusals *refusals); /* NULL is fine */

/* Who is told, by any thread; said before anything is counted. */
void refusals_tell(struct refusals *refusals, refusals_tell_fn tell);

/*
 * The rule has refused something of this source, at `now` (clock_now).  rule
 * NULL: its password was wrong.  Nothing, where nobody is banned for it.
 */
void refusals_count(struct refusals *refusals,
    const struct proxy_generation *generation, const struct policy_rule *rule,
    struct address source, int64_t now);

#endif
