/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_map: addresses that are called otherwise outside.
 *
 * The list sees the outside's address, as the client wrote it.  Of an address
 * that is mapped alone, the kernel's opinion that it is the gateway's own does
 * not count; of a mapped prefix the gateway keeps what is its own.
 */
#ifndef GATEHOUSE_FIREWALL_COMPILE_MAP_H
#define GATEHOUSE_FIREWALL_COMPILE_MAP_H

#include "firewall/compile_impl.h"

/* mapped.ZONE.4: the outsides that are single addresses. */
void compile_map_sets(struct compiler *compiler);

/* Of a chain that looks for the zone of a destination: `goto BEFORE.ZONE`. */
void compile_map_entry(struct compiler *compiler, const char *before);

/* Whether the gateway's own packets to itself may be for somebody else. */
bool compile_map_has_singles(const struct compiler *compiler);

/* Lines that return what is for somebody else. */
void compile_map_returns(struct compiler *compiler);

/* Lines that drop what is invalid and so was not translated on its way to
 * somebody else. */
void compile_map_invalid(struct compiler *compiler);

/* What was mapped to the gateway itself was never judged as that. */
void compile_map_input(struct compiler *compiler);

/* Lines of chains that translate. */
void compile_map_destinations(struct compiler *compiler);
void compile_map_hairpins(struct compiler *compiler);
void compile_map_sources(struct compiler *compiler);

#endif
