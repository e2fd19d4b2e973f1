/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/pam_check: one question to PAM, in a process that ends with it.
 *
 * Both of PAM's answers are wanted: that the password is right (auth), and that
 * whoever knows it may come in now (account).  What modules have to say is for
 * nobody, and what they ask for is the password, or nothing.
 */
#ifndef GATEHOUSE_DAEMON_PAM_CHECK_H
#define GATEHOUSE_DAEMON_PAM_CHECK_H

#include "proxy/pam_question.h"

enum pam_answer pam_check(
    const char *service, const struct pam_question *question);

#endif
