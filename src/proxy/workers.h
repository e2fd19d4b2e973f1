/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/workers: all threads of the proxy, and what they share.
 *
 * The thread that creates the workers hands them a new generation, bans and
 * ends by message, and each does what it is told between two events.
 *
 * Calls are for that thread, if nothing else is said.
 */
#ifndef GATEHOUSE_PROXY_WORKERS_H
#define GATEHOUSE_PROXY_WORKERS_H

#include "cache/store.h"
#include "event/tally.h"
#include "proxy/generation.h"
#include "proxy/learning.h"
#include "proxy/sources.h"

struct workers;

/*
 * So many, at most PROXY_WORKERS_MAX, and what each needs of the host; then
 * their threads, from which on only calls of `workers_` reach them: so that the
 * process can give up in between what none of them needs any more.  0 or a
 * negative errno.
 */
int workers_create(size_t count, struct workers **ret);
int workers_start(struct workers *workers);

/*
 * Whom they ask for sockets that bear a client's address; said before the first
 * generation is used.  0 or -ENOMEM.  Then what came of a question, as
 * sources_answer has it.
 */
int workers_open_sources(
    struct workers *workers, sources_send_fn send, sources_stand_fn stand);
void workers_take_source(struct workers *workers, uint32_t number, int fd);

/* Whom they tell of names, in the same way. */
int workers_open_learning(struct workers *workers, learning_send_fn send);
void workers_take_learned(struct workers *workers, uint32_t number, int error);

/* Who is told of those that are refused too often (proxy/refusals); before the
 * first generation is used. */
void workers_tell_refused(struct workers *workers,
    void (*tell)(struct address source, uint32_t generation, uint32_t rule));

/* Where gatehouse-pam is asked; likewise. */
void workers_ask_pam_at(struct workers *workers, int helper);

/* Who is told every second that all of them turn (proxy/pulse); before they are
 * started. */
void workers_tell_alive(struct workers *workers, void (*tell)(void));

/* Has each use it from now on.  0, or -ENOMEM and then none does. */
int workers_use(struct workers *workers, struct proxy_generation *generation);

/*
 * A client in the prefix is served no more, and its connections end; or it may
 * come again.  The kernel keeps away whom it sees; this is for those whom a
 * balancer speaks for.  0; -EINVAL for what is no prefix; -ENOMEM.
 */
int workers_ban(struct workers *workers, const struct address_range *range);
int workers_unban(struct workers *workers, const struct address_range *range);

/*
 * Makes the cache as large as the policy wants it, unless there is one already:
 * for who gives it a disk before the first generation is used.  0 or -ENOMEM.
 */
int workers_open_cache(struct workers *workers, const struct policy *policy);

/* What they share, NULL before the first generation; any thread may purge it
 * and ask for its figures. */
struct cache *workers_cache(struct workers *workers);
/* Adds what they have decided since the last time; any one thread. */
void workers_reckon(struct workers *workers, struct tally *sum);

/* Has each end the flows whose quota is used up.  0 or -ENOMEM. */
int workers_end_used_up(struct workers *workers);

/*
 * Another process serves new clients: nobody is accepted any more, and who is
 * connected has what he asked for and is then sent away.  0 or -ENOMEM.
 */
int workers_drain(struct workers *workers);

/* Ends all connections and threads; NULL is fine. */
void workers_destroy(struct workers **workers);

#endif
