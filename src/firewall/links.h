/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/links: the host's interfaces as early drop has to know them.
 *
 * Whether the frames that come in by an interface are the host's own, and end
 * at our ruleset, or somebody else's: those of a bridge that it belongs to, or
 * of another interface that stands on it and has the same hardware address
 * (VLANs whose tags the card takes off, ipvlan).
 */
#ifndef GATEHOUSE_FIREWALL_LINKS_H
#define GATEHOUSE_FIREWALL_LINKS_H

#include "base/text.h"

#include <net/if.h>
#include <stdint.h>

#define LINK_KIND_BYTES 16

struct host_link {
	uint32_t index;
	uint32_t master; /* 0: none */
	uint32_t under;  /* the one that it stands on, in this namespace */
	char name[IF_NAMESIZE];
	char kind[LINK_KIND_BYTES]; /* "veth"; "" for hardware */
	uint8_t hardware[6];
	bool is_ethernet;
};

struct host_links {
	struct host_link *items;
	size_t count, room;
};

#define HOST_LINKS_EMPTY ((struct host_links){ 0 })

/* 0 or a negative errno; links_fini in any case. */
int links_read(struct host_links *ret);
void links_fini(struct host_links *links);

/* NULL: there is none. */
const struct host_link *links_find(
    const struct host_links *links, const char *name);
const struct host_link *links_find_index(
    const struct host_links *links, uint32_t index);

/* One that stands on it and cannot be told from it by its frames, or NULL. */
const struct host_link *links_find_twin(
    const struct host_links *links, const struct host_link *link);

#endif
