/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/proxy_sandbox: how gatehouse-proxy goes into its sandbox.
 *
 * With all in its memory that the libraries would read of the host later, and
 * somebody who tells of what is refused from then on.
 */
#ifndef GATEHOUSE_DAEMON_PROXY_SANDBOX_H
#define GATEHOUSE_DAEMON_PROXY_SANDBOX_H

#include "daemon/refusal.h"
#include "daemon/sandbox.h"

/* No other thread runs.  `folder` as in daemon/sandbox.  0 or a negative errno;
 * what the kernel lacks is no error but in *ret. */
int proxy_sandbox_enter(struct loop *loop, struct refusal_watch *watch,
    int folder, struct sandbox *ret);

#endif
