/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/sandbox: what each of the daemons takes from itself.
 *
 * gatehouse-proxy is started without any capability (daemon/child_begin), and
 * before it reads a byte of anybody's it gives up the rest: its memory cannot
 * be looked at by its user's other processes, no file is opened but below the
 * cache's folder, and only the calls of its list can be made.  gatehoused keeps
 * the few capabilities of daemon/capabilities, and has a list as well; it must
 * hold the proxy's, for children inherit it, and gatehouse-pam's.
 *
 * What a kernel does not have is no reason not to start: the state says so, and
 * `gatehouse status` shows it.
 */
#ifndef GATEHOUSE_DAEMON_SANDBOX_H
#define GATEHOUSE_DAEMON_SANDBOX_H

#include "base/json.h"

#define SANDBOX_WORDS_BYTES 160

/* The problem of one that nobody needs to be told of. */
#define SANDBOX_LEFT_OUT "built without a sandbox"

/* As it is; sent by the proxy with its first word. */
struct sandbox {
	uint32_t filter;   /* 1: of system calls */
	uint32_t landlock; /* version of the interface; 0: none */
	char problem[SANDBOX_WORDS_BYTES]; /* why not; "": all stands */
};

/*
 * For good, and before there are other threads; SIGSYS is handled.  `folder`
 * is the cache's, or -1.
 */
void sandbox_enter_proxy(int folder, struct sandbox *ret);

/* gatehouse-pam's: files can be read and nothing else. */
void sandbox_enter_pam(struct sandbox *ret);

/* The same; `modules`: see daemon/capabilities. */
void sandbox_enter_daemon(bool modules, struct sandbox *ret);

/* Of one of the two, as an object. */
void sandbox_json(
    const struct sandbox *sandbox, uint64_t capabilities, struct json *json);

#endif
