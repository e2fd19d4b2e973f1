/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/kernel: what this kernel lacks, said in plain sentences.
 *
 * A ruleset that the kernel refuses fails with a word like "Operation not
 * supported" and a line of generated text.  So every feature that rulesets
 * use is tried before, alone, in a transaction that is checked and thrown
 * away; who has not got it is told what will not work and which module or
 * kernel option brings it.
 */
#ifndef GATEHOUSE_FIREWALL_KERNEL_H
#define GATEHOUSE_FIREWALL_KERNEL_H

#include "base/report.h"

/* One row a feature. */
struct kernel_feature {
	const char *name;
	const char *probe;   /* the inside of a table, apart from others */
	const char *without; /* what fails without it; continues a sentence */
	const char *cure;
	bool is_ipv6; /* not needed where there is no IPv6 */
};

/*
 * Reports one error for each feature that this kernel or libnftables lacks,
 * one if the process may not change the firewall at all, and one warning of
 * kind "forwarding" for each family that is not forwarded.  What *ret_has_ipv6
 * says is kernel_has_ipv6().  0, whatever was found; a negative errno if it
 * could not be found out, with an error in the report as well.
 */
int kernel_check(struct report *report, bool *ret_has_ipv6);

/*
 * The same for rows of the caller's; in one child where all is well.  The
 * first row is what all others need: without it they are not tried.
 */
int kernel_check_features(
    const struct kernel_feature *rows, size_t count, struct report *report);

/*
 * True when the interface lo can carry IPv6: neither was it left out of the
 * kernel or switched off at boot (ipv6.disable=1), nor by sysctl.
 */
bool kernel_has_ipv6(void);

#endif
