/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/names: what Gatehouse is called inside the kernel.
 *
 * Tables, marks and numbers are shared with every other program of the host;
 * compiler and runtime must mean the same ones, and an administrator must be
 * able to tell which are ours.  So each stands here once.
 */
#ifndef GATEHOUSE_FIREWALL_NAMES_H
#define GATEHOUSE_FIREWALL_NAMES_H

/* The one table that is ours.  No other table is ever touched. */
#define FIREWALL_TABLE_NAME "gatehouse"
#define FIREWALL_TABLE      "inet " FIREWALL_TABLE_NAME

/*
 * 0x6768, "gh": the log group, the routing table and the TPROXY port (on
 * 127.0.0.1 and ::1) are one number to remember.  As a port it lies below the
 * range that the kernel hands out (32768), so no client gets it by chance.
 */
#define FIREWALL_NUMBER 26472

/*
 * Where datagrams that are handed over arrive, at the port that they were sent
 * to: a socket answers from any address, but from its own port alone.  The
 * first is 127/8's, with the number in the middle, so that no resolver of the
 * host's own is in the way; of IPv6 there is one loopback address only, and the
 * other is of the prefix whose packets are discarded everywhere (RFC 6666).
 */
#define FIREWALL_DATAGRAMS_4 "127.103.104.1"
#define FIREWALL_DATAGRAMS_6 "100::6768"

/* FIREWALL_NUMBER and the marks as text, for rulesets made of literals. */
#define FIREWALL_TEXT(name)    FIREWALL_TEXT_OF(name)
#define FIREWALL_TEXT_OF(name) #name

/*
 * Chains that ask for bans, of what comes in and of what the gateway sends, and
 * those that lead there once somebody is banned (firewall/ban_sets).
 */
#define FIREWALL_BANS       "bans"
#define FIREWALL_BANS_OURS  "bans.ours"
#define FIREWALL_PREROUTING "prerouting"
#define FIREWALL_OUTPUT     "output"

/* Sets of whom the rules themselves have banned (firewall/caught_sets). */
#define FIREWALL_CAUGHT_4 "caught.4"
#define FIREWALL_CAUGHT_6 "caught.6"

/* Stands wherever anything is translated. */
#define FIREWALL_POSTROUTING "nat.postrouting"

/*
 * Bits of the packet mark and of the connection mark.  Other programs use
 * marks too: always set and test under the mask of the bit itself.
 */
#define FIREWALL_MARK_HANDOVER 0x01000000 /* goes to the proxy's listener */
#define FIREWALL_MARK_PUBLISH  0x02000000 /* came in by a publish rule */
#define FIREWALL_MARK_PROXY    0x04000000 /* a connection of the proxy's own */
#define FIREWALL_MARK_ENDED    0x08000000 /* was ended, and stays so */

/* Of the connection mark, both: a connection of the proxy's own that comes from
 * a client's address, so that what answers it is handed over, too. */
#define FIREWALL_MARKS_KEPT 0x05000000
_Static_assert(
    FIREWALL_MARKS_KEPT == (FIREWALL_MARK_HANDOVER | FIREWALL_MARK_PROXY),
    "they are one mask");

/*
 * The first of the ports that such a connection comes from, and how many they
 * are.  Clients choose from higher ones (32768 in Linux, 49152 by RFC 6335): so
 * it is never the same, for conntrack, as one of the client's own.
 */
#define FIREWALL_KEPT_PORT  16384
#define FIREWALL_KEPT_PORTS 16384

/*
 * Of the connection mark: the number of the rule whose bandwidth the flow
 * shares, 1 to POLICY_BANDWIDTHS_MAX; 0: none, or the proxy paces it.
 */
#define FIREWALL_MARK_BANDWIDTH    0xf0000000
#define FIREWALL_MARK_NO_BANDWIDTH 0x0fffffff
#define FIREWALL_BANDWIDTH_SHIFT   28

/* The two that set a known flow's packet aside, in one test. */
#define FIREWALL_MARKS_ASIDE 0x09000000
_Static_assert(
    FIREWALL_MARKS_ASIDE == (FIREWALL_MARK_HANDOVER | FIREWALL_MARK_ENDED),
    "they are one mask");

/*
 * The preference of the rule that routes handed-over packets: before what
 * multi-WAN and VPN tools usually take (from 1000 up), behind the rule for
 * local addresses (0).
 */
#define FIREWALL_RULE_PREFERENCE 200

#endif
