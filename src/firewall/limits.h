/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/limits: how much of anything, and why.
 */
#ifndef GATEHOUSE_FIREWALL_LIMITS_H
#define GATEHOUSE_FIREWALL_LIMITS_H

/* The kernel's own: NF_LOG_PREFIXLEN is 128 with its NUL. */
#define FIREWALL_LOG_PREFIX_BYTES_MAX 127

/*
 * What the kernel copies of a logged packet: an IPv6 head (40), the usual
 * extension headers (up to 48 in sight), and ports and flags behind them.
 */
#define FIREWALL_LOG_SNAPLEN 128

/*
 * A commit of a thousand rules takes some 80 ms, one of ten thousand less than
 * a second; lists are not part of it.  A child that needs longer than this
 * hangs.
 */
#define FIREWALL_TRANSACTION_SECONDS_MAX 60

/*
 * Of all that is learned of names, an address of a name in a zone each: what a
 * network of some thousands asks for in a day.  22 MB with short names that no
 * rule asks for, 45 with the longest; so no set in the kernel has more.
 */
#define FIREWALL_LEARNED_MAX 65536

/* What is kept of the words of libnftables: the first errors. */
#define FIREWALL_WORDS_BYTES_MAX 8192

#endif
