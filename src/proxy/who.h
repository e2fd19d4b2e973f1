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
 * Whom the host knows (PAM) is known to a process of its own, gatehouse-pam:
 * a thread asks it and waits (proxy/pam_question), and all else is as above.
 * That costs no processor here, so more of them may wait at once.
 *
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
#include "proxy/pam_question.h"

/* Hashed by two at once: the workers are to have processors, too. */
#define WHO_HASHING_MAX 2
#define WHO_THREADS     PAM_QUESTIONS_MAX

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
	WHO_UNKNOWN,   /* whoever could say does not answer */
	WHO_WAITS,     /* the answer comes by fn */
};

struct who;
struct who_job;
struct who_question;

/* `user`, of WHO_IS, is lent for the call. */
typedef void (*who_fn)(struct who_question *question, enum who_answer answer,
    const struct policy_user *user);

struct who_question {
	who_fn fn;
	void *context;
	struct who_job *job; /* NULL: nothing is asked */
};

struct who *who_create(void); /* NULL: no memory */

/* Where gatehouse-pam is asked, lent for good; before anybody asks. */
void who_ask_pam_at(struct who *who, int helper);

/*
 * Ends the threads; questions that still wait are told nothing.  All loops
 * still take mail, which is to be delivered afterwards.  NULL is fine.
 */
void who_destroy(struct who **who);

/*
 * Asks, for a client at `from`, by the users of the generation; the credentials
 * are copied.  Answered at once, with *ret_user if it is WHO_IS, whose texts
 * are the generation's and the credentials'; or WHO_WAITS.
 */
enum who_answer who_ask(struct who *who, struct loop *loop,
    struct proxy_generation *generation, struct address from,
    const struct credentials *credentials, struct who_question *question,
    struct policy_user *ret_user);

/* It is not answered any more; so for one that does not wait. */
void who_cancel(struct who_question *question);

/* Forgets who was right: the policy has changed. */
void who_forget(struct who *who);

#endif
