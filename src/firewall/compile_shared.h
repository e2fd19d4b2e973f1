/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_shared: what several lists of the table have in common.
 *
 * A list that is written as maps (compile_lines) numbers what its lines lead
 * to: rule 34 is 340, ten times its line and the place on that line.  Where the
 * lines of several files mix, or many rules stand on one line, it is ten times
 * the place in the list.  The maps find numbers; what a number means stands
 * here, once for all lists:
 *
 *	shape.N		a map from what a packet shows to numbers
 *	ports.N		a chain: ranges of ports to numbers
 *	first.340	keeps 340 unless a lower number was found
 *	decided		counts for the rule, and its verdict
 *	tail.N		the rest of a line that is no plain verdict
 *
 * Lists that ask the same share the map.
 */
#ifndef GATEHOUSE_FIREWALL_COMPILE_SHARED_H
#define GATEHOUSE_FIREWALL_COMPILE_SHARED_H

#include "firewall/compile_impl.h"

/*
 * The number that was found is kept in the packet's priority, and forgotten
 * before anything but a drop becomes of the packet.  Of what a ruleset can
 * write it is what others miss least: ip_forward() sets it anew from the type
 * of service.  What is lost is a priority from a VLAN's map (IPv6) or a socket,
 * of packets that begin a flow.  Marks belong to everybody.
 */
#define COMPILE_NONE_YET "0xffffffff"
#define COMPILE_FORGET   "meta priority set 0"

struct shared;

/* NULL without memory. */
struct shared *compile_shared_create(const struct policy *policy);
void compile_shared_destroy(struct shared *shared);

/*
 * What the lines of a rule lead to, in the order of the list: two of each
 * rule, what is settled and what might match.
 */
static inline uint32_t
compile_outcome(size_t rule, bool is_open)
{
	return (uint32_t)(2 * rule + is_open);
}

/* The number of an outcome, as it is written. */
uint32_t compile_number(const struct shared *shared, uint32_t outcome);

/* Uses of an outcome, so that what stands for it is written. */
enum shared_use {
	SHARED_FIRST = 1,
	SHARED_PLAIN = 2,
	SHARED_PROXIED = 4,
};
void compile_shared_use(
    struct shared *shared, uint32_t outcome, enum shared_use use);

/*
 * The number N of the map or chain (`kind`) called `name`.N that has this body,
 * written as often as it is asked for.
 */
unsigned compile_shared_piece(struct compiler *compiler, const char *kind,
    const char *name, struct str body);

/* All of it, at the end of the table. */
void compile_shared_write(struct compiler *compiler);

#endif
