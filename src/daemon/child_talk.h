/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/child_talk: questions to gatehouse-proxy, and the wait for answers.
 *
 * Who has come into the proxy speaks here in its place, and gatehoused stands
 * still while it waits.  So the proxy is ended that says what it was not asked,
 * or more than there can be; and it has no more of our time than this:
 *
 *	one that owes an answer is asked nothing until that has come, nor is it
 *	waited for when it does not read; and what comes late is thrown
 *	away, for it would be taken for the next answer;
 *
 *	all waiting together is CHILD_PATIENCE, of which a fifth of the time
 *	that goes by comes back.  Behind it an answer has CHILD_GLANCE, and owes
 *	what it has not said by then.
 *
 * Who owes one for CHILD_ANSWER_SECONDS is ended, unless it is young.  What is
 * waited for with child_read is not counted: nobody but an administrator has
 * that asked.
 */
#ifndef GATEHOUSE_DAEMON_CHILD_TALK_H
#define GATEHOUSE_DAEMON_CHILD_TALK_H

#include "daemon/channel.h"
#include "daemon/child.h"

#define CHILD_PATIENCE        (10 * CLOCK_SECOND)
#define CHILD_PATIENCE_RETURN 5 /* one second comes back in so many */
#define CHILD_GLANCE          (100 * CLOCK_MS)

/* More than the socket holds: it is filled while it is emptied. */
#define CHILD_LATE_MAX 1024

/* Sends one; fd goes along if its type has one, and stays open here. */
int child_say(
    struct child *child, const struct channel_message *message, int fd);
int child_say_bare(
    struct child *child, enum channel_type type, uint32_t generation);

/* Throws away what has come too late.  0, or -EBADMSG: it has no end. */
int child_forget_late(struct child *child);

/* Forgets what is late and sends what is to be answered; -ETIMEDOUT where it
 * owes an answer still. */
int child_ask(
    struct child *child, const struct channel_message *question, int fd);
int child_ask_bare(struct child *child, enum channel_type type);

/* The next message, whatever it is; a proxy that sends none lives on. */
int child_read(
    struct child *child, struct channel_message *ret, int64_t deadline);

/* An answer of this type. */
int child_hear(struct child *child, enum channel_type type,
    struct channel_message *ret, int64_t deadline);

/* For the answers that need no work: when they must be here. */
int64_t child_soon(void);

/* Waits for an answer of this type; who gives none is ended. */
int child_await_answer(struct child *child, enum channel_type type,
    struct channel_message *ret, int64_t deadline);

/* What does not answer, or not to what was asked, will not later: it is ended,
 * and another one started. */
void child_end_if_lost(struct child *child, int rc);

#endif
