/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/pam_keeper: gatehouse-pam, as gatehoused keeps it.
 *
 * It is there as long as the policy in force says `users pam`, for the service
 * that it names.  Both ends of the socket by which the proxy asks it are held
 * here, so that neither process misses the other's end: questions wait in it
 * while the one or the other is started again.  Those that it had in its hands
 * when it died are answered by that (proxy/pam_question).
 *
 * What hangs does not beat, and is killed.
 */
#ifndef GATEHOUSE_DAEMON_PAM_KEEPER_H
#define GATEHOUSE_DAEMON_PAM_KEEPER_H

#include "base/text.h"
#include "net/loop.h"
#include "policy/policy.h"

#include <sys/types.h>

/* The descriptors that gatehouse-pam is started with. */
#define PAM_QUESTIONS_FD 3
#define PAM_PULSE_FD     4
#define PAM_FDS_END      5

#define PAM_PULSE_EVERY CLOCK_SECOND
#define PAM_SILENCE_MAX (5 * CLOCK_SECOND)

/* A module that ends its process at once is not to eat a processor. */
#define PAM_RESTART_FIRST (50 * CLOCK_MS)
#define PAM_RESTART_MAX   (5 * CLOCK_SECOND)
#define PAM_LIVES         (10 * CLOCK_SECOND)

struct json;

struct pam_keeper {
	struct loop *loop;
	pid_t pid;     /* 0: not running */
	int questions; /* gatehouse-pam's end */
	int helper;    /* the proxy's; lent to daemon/child */
	char service[POLICY_SERVICE_NAME_MAX + 1]; /* "": nobody is asked */
	unsigned starts;
	int64_t started;
	int64_t restart_after;
	struct loop_watch pulse; /* fd -1: none */
	struct loop_timer silence;
	struct loop_timer restart;
};

/* Zeroes, with no descriptor. */
#define PAM_KEEPER_CLOSED                                                      \
	{                                                                      \
		.questions = -1, .helper = -1, .pulse.fd = -1                  \
	}

/* The loop is lent until it is closed.  0 or a negative errno. */
int pam_keeper_open(struct pam_keeper *keeper, struct loop *loop);
void pam_keeper_close(struct pam_keeper *keeper);

/* Another policy is in force. */
void pam_keeper_follow(struct pam_keeper *keeper, const struct policy *policy);

/* After SIGCHLD. */
void pam_keeper_see_child(struct pam_keeper *keeper);

/* {"service", "pid", "starts"}, or null. */
void pam_keeper_json(const struct pam_keeper *keeper, struct json *json);

#endif
