/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/addresses: the host's interfaces and their addresses.
 *
 * What the policy calls `self` and where its zones are on this host, read
 * whole from rtnetlink; and a monitor that tells when to read again.  The
 * monitor says only that something may have changed: what it says is never
 * believed in detail, so a lost message (ENOBUFS) costs nothing but another
 * reading.  Compare with addresses_eq before doing anything dear: router
 * advertisements renew addresses every few seconds without changing them.
 */
#ifndef GATEHOUSE_FIREWALL_ADDRESSES_H
#define GATEHOUSE_FIREWALL_ADDRESSES_H

#include "base/address.h"
#include "base/text.h"

#include <net/if.h>

struct host_interface {
	uint32_t index;
	char name[IF_NAMESIZE];
	bool is_up; /* by its administrator; the cable may be out */
	bool is_loopback;
};

struct host_address {
	uint32_t interface_index;
	char interface_name[IF_NAMESIZE];
	struct address address;
	uint8_t prefix_bits;
	bool is_broadcast; /* of all on the link, not ours alone */
};

/* Growing arrays (base/vec), sorted by interface, own addresses first. */
struct host_interfaces {
	struct host_interface *items;
	size_t count, room;
};

struct host_addresses {
	struct host_address *items;
	size_t count, room;
};

struct addresses {
	struct host_interfaces interfaces;
	struct host_addresses addresses;
};

#define ADDRESSES_EMPTY ((struct addresses){ 0 })

void addresses_fini(struct addresses *addresses);

/*
 * Reads all anew; what *ret held is freed on success and stays on failure.
 * 0, or a negative errno with a sentence in *reterr_why; -EAGAIN when they
 * went on changing for two seconds, and then the monitor will tell.
 */
int addresses_read(struct addresses *ret, struct text *reterr_why);

/* The same interfaces in the same state with the same addresses. */
bool addresses_eq(const struct addresses *a, const struct addresses *b);

/* NULL: there is none of this name. */
const struct host_interface *addresses_find_interface(
    const struct addresses *addresses, struct str name);

/*
 * A non-blocking descriptor that becomes readable when an interface or an
 * address changes; the caller closes it.  Negative errno with a sentence in
 * *reterr_why.  Open it before the first addresses_read, or a change in
 * between goes unseen.
 */
int addresses_monitor_open(struct text *reterr_why);

/*
 * Empties the descriptor.  1: read the addresses again; 0: nothing was there;
 * negative errno: the descriptor is of no use any more.
 */
int addresses_monitor_read(int fd);

#endif
