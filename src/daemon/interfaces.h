/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/interfaces: which of a policy's interfaces and addresses are here.
 *
 * An interface that is not there is no error: it may come (a dialled link, a
 * tunnel), and a gateway that refused to start for it would stand open.  But
 * it may be misspelt, and then its rules match nothing: so it is said.
 */
#ifndef GATEHOUSE_DAEMON_INTERFACES_H
#define GATEHOUSE_DAEMON_INTERFACES_H

#include "policy/policy.h"

/*
 * A warning of kind "interface" for each that is missing in the network
 * namespace of the caller, for each that is there and in no zone, and for each
 * address of a listener that nobody has there; where there is no interface,
 * this is not the gateway, and one warning says so.
 */
void interfaces_check(const struct policy *policy, struct report *report);

#endif
