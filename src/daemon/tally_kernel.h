/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/tally_kernel: the kernel's part of what happened over time.
 *
 * The counters of the rules, by their differences; those that count refusals
 * of no rule; and the packets that rules log, of which clients and zones are
 * known.  For the kernel a flow that has begun is a packet that it has judged:
 * one whose client tries again, and one that nobody answers, counts each time.
 *
 * A look at 10,000 rules takes the daemon's one thread 15 ms, at a hundred 0.3.
 */
#ifndef GATEHOUSE_DAEMON_TALLY_KERNEL_H
#define GATEHOUSE_DAEMON_TALLY_KERNEL_H

#include "base/address.h"
#include "base/text.h"

struct early_drop;
struct log_prefix;
struct packet;
struct policy;
struct rule_hits;
struct tally;

#define TALLY_KERNEL_OWN_MAX 16
#define TALLY_KERNEL_WAYS    2 /* in and out */

struct tally_kernel {
	/* Lent: */
	const struct early_drop *early;
	struct rule_hits *hits; /* are counted */
	struct tally *news;     /* it goes there; NULL: nothing is counted */
	/* Its own: */
	uint64_t own[TALLY_KERNEL_OWN_MAX]; /* counters of no rule, as seen */
	uint64_t bytes[TALLY_KERNEL_WAYS];  /* passed on, as seen */
	uint64_t early_bans;                /* packets of the banned */
	/* By line: all of its rules are from one zone to one other. */
	bool *is_paired;
	size_t line_count;
};

void tally_kernel_fini(struct tally_kernel *kernel);

/* Another policy is in force. */
void tally_kernel_follow(
    struct tally_kernel *kernel, const struct policy *policy);

/* What it has counted since the last time. */
void tally_kernel_look(struct tally_kernel *kernel, int64_t wall);

/* A packet that a rule logs. */
void tally_kernel_see(struct tally_kernel *kernel,
    const struct log_prefix *prefix, const struct packet *packet);

#endif
