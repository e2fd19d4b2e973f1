/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/control_client: a word with a running gateway.
 */
#ifndef GATEHOUSE_CLI_CONTROL_CLIENT_H
#define GATEHOUSE_CLI_CONTROL_CLIENT_H

#include "cli/command.h"

#include "daemon/control_fds.h"

/*
 * Sends the line to the gateway of this runtime folder and waits for its
 * answer, which is appended to `out`.  Returns the status that the gateway
 * gives, STATUS_WORLD (complained) when there is none to talk to, or
 * STATUS_USAGE (complained) when the line holds a line end.
 */
enum status control_ask(
    const char *runtime, const char *line, struct text *out);

/*
 * The same, and the descriptors that come along, which are the caller's then;
 * nothing is complained of.  False when there is none to talk to, or its
 * answer was cut off.
 */
bool control_ask_fds(const char *runtime, const char *line,
    enum status *ret_status, struct text *out, struct control_fds *fds);

/*
 * The same for a long answer: each line of one with status 0 is told as it
 * comes, without its end, and nothing of it is kept.  Any other answer is
 * appended to `out`.
 */
enum status control_read_lines(const char *runtime, const char *line,
    void (*each)(void *context, struct str line), void *context,
    struct text *out);

/*
 * A connection on which the line was said, for those who read the answer (its
 * status on a line of its own, then the text) as it comes; or a negative
 * errno, and nothing is complained of.
 */
int control_say(const char *runtime, const char *line);

/* Whether a gateway runs with this folder, or may: who is not root is not told;
 * *ret_pid is its process, or 0. */
bool control_is_running(const char *runtime, int *ret_pid);

/* Waits until it has ended; false after `seconds`. */
bool control_wait_for_end(const char *runtime, unsigned seconds);

#endif
