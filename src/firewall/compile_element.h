/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_element: lines of the list as elements of maps.
 *
 * The shape of a line is what it asks for, without the values: so many bits of
 * the source, so many of the destination, a protocol, a port.  A line that
 * names several values is an element for each combination of them.  Addresses
 * alone may be any ranges, unless they are prefixes of a few lengths.
 */
#ifndef GATEHOUSE_FIREWALL_COMPILE_ELEMENT_H
#define GATEHOUSE_FIREWALL_COMPILE_ELEMENT_H

#include "firewall/compile_impl.h"
#include "firewall/compile_span.h"

enum shape_service {
	SHAPE_ANY_SERVICE,
	SHAPE_PROTOCOL,
	SHAPE_PORT,
	SHAPE_PORTS,
};

/* Of a side, besides the bits of a prefix. */
#define SHAPE_NOTHING 254
#define SHAPE_RANGES  255

struct shape {
	uint8_t family; /* of its addresses; 0: it asks for none */
	uint8_t source;
	uint8_t destination;
	uint8_t service; /* enum shape_service */
};

struct element {
	struct shape shape;
	uint8_t protocol; /* enum policy_protocol */
	uint16_t first_port, last_port;
	struct bound source, destination; /* of SHAPE_RANGES: first and last */
	uint32_t outcome;
	uint32_t line; /* where it comes from */
};

struct elements {
	struct element *items;
	size_t count, room;
};

/* The parts of a line: time, source, destination, service. */
#define LINE_PARTS 4

/*
 * Adds what says the same as the line.  False, and nothing was added: no map
 * can say it, or too many elements would have to.  -ENOMEM goes to
 * compiler->rc.
 */
bool elements_add(struct compiler *compiler, struct elements *elements,
    const struct match *const parts[static LINE_PARTS], uint32_t outcome,
    uint32_t line);

/* By shape, then by value, then by rule. */
void elements_sort(struct elements *elements);

/* Of the values, without the rules; `rest`: without the ports as well. */
int element_cmp(const struct element *a, const struct element *b);
int element_cmp_rest(const struct element *a, const struct element *b);

/* The bits of an address. */
unsigned element_width(uint8_t family);

bool shape_eq(const struct shape *a, const struct shape *b);

/* Whether no packet can be of both; the protocols are bits. */
bool shape_is_apart(const struct shape *a, unsigned a_protocols,
    const struct shape *b, unsigned b_protocols);

#endif
