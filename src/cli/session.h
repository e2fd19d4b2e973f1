/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/session: tells a running gateway from where its orders come.
 *
 * So that it never bans, for what somebody does there, the address that an
 * administrator is connected from.
 */
#ifndef GATEHOUSE_CLI_SESSION_H
#define GATEHOUSE_CLI_SESSION_H

/* Nothing, where nobody comes by ssh; nor is anything said of a failure. */
void session_tell(const char *runtime);

#endif
