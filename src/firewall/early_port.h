/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/early_port: an interface that packets from elsewhere come in by, and
 * whether the program of early drop is on it.
 *
 * It is held there by a descriptor, and gone with it.  Why it is not there is
 * kept for `status`, and said once.
 */
#ifndef GATEHOUSE_FIREWALL_EARLY_PORT_H
#define GATEHOUSE_FIREWALL_EARLY_PORT_H

#include "base/json.h"
#include "firewall/early_mode.h"

#include <net/if.h>
#include <stdint.h>

#define EARLY_WHY_BYTES 192

struct early_program;
struct host_links;

struct early_port {
	char name[IF_NAMESIZE];
	uint32_t index;
	int fd; /* -1: it is not there */
	bool is_generic;
	uint8_t hardware[6];
	char why[EARLY_WHY_BYTES]; /* it is not; "" else */
};

void early_port_detach(struct early_port *port);

/*
 * Sees to it that the program is on the interface as it is now, or is not
 * where the frames may be somebody else's.  true: it has begun to be there.
 * Otherwise what an administrator must hear is appended to *words, a line.
 */
bool early_port_look(struct early_port *port, struct early_program *program,
    enum early_mode mode, const struct host_links *links, struct text *words);

/* Another program in one step; where that fails, none is there. */
void early_port_follow(struct early_port *port, struct early_program *program);

/* {"name", "driver": "native" or "generic" or null, "why"} */
void early_port_json(const struct early_port *port, struct json *json);

#endif
