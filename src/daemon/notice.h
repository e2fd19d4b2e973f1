/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/notice: what gatehoused tells the administrator, on standard error.
 */
#ifndef GATEHOUSE_DAEMON_NOTICE_H
#define GATEHOUSE_DAEMON_NOTICE_H

#include "base/text.h"
#include "daemon/sandbox.h"

__attribute__((format(printf, 1, 2))) void notice_say(const char *format, ...);

/* Each line of the words, and they are freed. */
void notice_say_lines(struct text *words);

/* What a sandbox lacks, if that is a problem; an event says it too. */
void notice_sandbox(const char *program, const struct sandbox *sandbox);

#endif
