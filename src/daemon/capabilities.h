/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/capabilities: what is left of root.
 *
 * One row a capability that gatehoused keeps, with what it is kept for; of the
 * rest none is left in any set, so that no child can have it either.
 *
 *	name, number in linux/capability.h, what it is for
 */
#ifndef GATEHOUSE_DAEMON_CAPABILITIES_H
#define GATEHOUSE_DAEMON_CAPABILITIES_H

#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>

#define CAPABILITIES(ROW)                                                      \
	ROW(chown, CAP_CHOWN, "gives the cache's folder to the proxy")         \
	ROW(dac_read_search, CAP_DAC_READ_SEARCH,                              \
	    "reads policies, lists and the cache's folder, which need not be " \
	    "root's")                                                          \
	ROW(kill, CAP_KILL, "ends a proxy that does not end by itself")        \
	ROW(setgid, CAP_SETGID, "starts the proxy as its group")               \
	ROW(setuid, CAP_SETUID, "starts the proxy as its user")                \
	ROW(setpcap, CAP_SETPCAP,                                              \
	    "starts the proxy with an empty bounding "                         \
	    "set")                                                             \
	ROW(net_bind_service, CAP_NET_BIND_SERVICE,                            \
	    "listens on ports below 1024")                                     \
	ROW(net_admin, CAP_NET_ADMIN,                                          \
	    "nftables, routes, flows, the packet log, transparent sockets")    \
	ROW(sys_resource, CAP_SYS_RESOURCE,                                    \
	    "gives the proxy more descriptors than the host gives by itself")  \
	ROW(perfmon, CAP_PERFMON, "loads the program of early drop")           \
	ROW(bpf, CAP_BPF, "loads the program of early drop")

/*
 * Where nf_conntrack is a module, the kernel shows the types of its functions,
 * which early drop calls, to nobody else (docs/operating.md).
 */
#define CAPABILITY_FOR_MODULES CAP_SYS_ADMIN

/*
 * Takes away all but these, as far as they are there at all; of this thread,
 * and there is no other.  `modules` keeps the one above.  0 or a negative
 * errno.
 */
int capabilities_keep(bool modules);

/*
 * For a child that becomes another user: first none is left that could ever be
 * had, as far as this may be said; afterwards none is left in any set.
 */
void capabilities_bound_none(void);
int capabilities_drop_all(void);

/* Those in force, as bits. */
uint64_t capabilities_now(void);

#endif
