/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/who: whether somebody is who he says.
 *
 * To check a password costs a tenth of a second of a processor, on purpose, so
 * that it is done by threads of its own:
 *
 *	ask -> remembered, or too many wrong ones: answered at once
 *	    -> queue (bounded) -> hashed by a thread -> posted to the loop
 *
 * What was right is remembered for WHO_REMEMBERED under a keyed digest of name,
 * password and hash: the password itself is wiped as soon as it was hashed.
 * From an address (IPv6: a /64) that said WHO_WRONG_MAX wrong ones within
 * WHO_WRONG_TIME nothing more is hashed until that time is over.  A name that
 * nobody has is hashed too, against somebody's hash, or its answer would come
 * sooner than that of one who is there.
 *
 * One for all workers.  Any thread asks; the answer comes to the loop that was
 * named.  A question is the owner's and lives until it is answered or
 * cancelled, both in the loop's thread.
 */
#ifndef GATEHOUSE_PROXY_WHO_H
#define GATEHOUSE_PROXY_WHO_H

#include "base/address.h"
#include "base/clock.h"
#include "net/loop.h"
#include "proxy/credentials.h"
#include "proxy/generation.h"

/* Two at once: the workers are to have processors, too. */
#define WHO_THREADS 2

/* That wait for a thread: about ten seconds of work. */
#define WHO_QUEUE_MAX 128

#define WHO_REMEMBERED (300 * CLOCK_SECOND)
#define WHO_WRONG_MAX  5
#define WHO_WRONG_TIME (60 * CLOCK_SECOND)

enum who_answer {
	WHO_IS,        /* he is; `user` is he */
	WHO_IS_NOT,    /* nobody is called so, or the password is wrong */
	WHO_THROTTLED, /* too many wrong ones have come from there */
	WHO_BUSY,      /* too many wait */
	WHO_WAITS,     /* the answer comes by fn */
};

struct who;
struct who_job;
struct who_question;

/* `user`, of WHO_IS, is the generation's, and lent for the call. */
typedef void (*who_fn)(struct who_question *question, enum who_answer answer,
    const struct policy_user *user);

struct who_question {
	who_fn fn;
	void *context;
	struct who_job *job; /* NULL: nothing is asked */
};

struct who *who_create(void); /* NULL: no memory */

/*
 * Ends the threads; questions that still wait are told nothing.  All loops
 * still take mail, which is to be delivered afterwards.  NULL is fine.
 */
void who_destroy(struct who **who);

/*
 * Asks, for a client at `from`, by the users of the generation; the credentials
 * are copied.  Answered at once, with *ret_user if it is WHO_IS, or WHO_WAITS.
 */
enum who_answer who_ask(struct who *who, struct loop *loop,
    struct proxy_generation *generation, struct address from,
    const struct credentials *credentials, struct who_question *question,
    const struct policy_user **ret_user);

/* It is not answered any more; so for one that does not wait. */
void who_cancel(struct who_question *question);

/* Forgets who was right: the policy has changed. */
void who_forget(struct who *who);

#endif
