/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/sandbox: where a sandboxed command lives.
 *
 * `gatehouse exec` gives a command a network of its own, whose one address in
 * each family is below.  A rule that speaks of `sandbox` means it; a policy
 * that does so without a zone of that name has one by that (resolve_sandbox).
 *
 * In that network addresses stand for names (proxy/aliases).  They come from
 * ranges that no host of the world has: 198.18.0.0/15 is for measuring devices
 * (RFC 2544), and the other is a private one (RFC 4193).
 */
#ifndef GATEHOUSE_POLICY_SANDBOX_H
#define GATEHOUSE_POLICY_SANDBOX_H

#define SANDBOX_ZONE "sandbox"

#define SANDBOX_SOURCE4 "198.18.0.1"
#define SANDBOX_SOURCE6 "fd67:6174:6568:6f75::1"

/* The first that stand for names, by counting up. */
#define SANDBOX_ALIASES4 "198.18.1.0"
#define SANDBOX_ALIASES6 "fd67:6174:6568:6f75::1:0"

#endif
