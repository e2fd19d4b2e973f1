/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/pam_question: a name and a password, on their way to gatehouse-pam.
 *
 * Modules of PAM are other people's code, want root and take their time: none
 * of it is for the proxy's process.  What it asks goes as one message over a
 * socket of SOCK_SEQPACKET, and with it the end of a pipe for the one byte that
 * answers it.  So answers cannot be mixed up, and whoever ends with a question
 * in his hands has answered it: the pipe is closed, and nobody was right.
 *
 * Any thread; a question blocks the thread that asks it.
 */
#ifndef GATEHOUSE_PROXY_PAM_QUESTION_H
#define GATEHOUSE_PROXY_PAM_QUESTION_H

#include "base/address.h"
#include "base/clock.h"
#include "proxy/credentials.h"

/* How long a module may take, and who asks waits: the first one is ended. */
#define PAM_MODULE_PATIENCE   (5 * CLOCK_SECOND)
#define PAM_QUESTION_PATIENCE (8 * CLOCK_SECOND)

/* At once, as many as threads that ask. */
#define PAM_QUESTIONS_MAX 8

enum pam_answer {
	PAM_ANSWER_NONE, /* nobody could say */
	PAM_ANSWER_IS,
	PAM_ANSWER_IS_NOT,
};

/* Texts end with NUL and have no other; `name` is not empty. */
struct pam_question {
	char name[CREDENTIALS_TEXT_MAX + 1];
	char password[CREDENTIALS_TEXT_MAX + 1];
	struct address from;
};

/* Asks, and waits for the answer. */
enum pam_answer pam_question_ask(
    int helper, const struct credentials *credentials, struct address from);

/*
 * Takes one question, and the end of the pipe for its answer, which is the
 * caller's.  0; -EAGAIN; -EPIPE at the end; -EBADMSG for what is no question,
 * of which nothing is left open.
 */
int pam_question_take(int socket, struct pam_question *ret, int *ret_answer);

#endif
