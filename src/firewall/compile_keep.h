/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_keep: the proxy's connections that come from a client's
 * address (`keep source`).
 *
 *	output      one of the proxy's sockets asks under an address that is not
 *	            the gateway's: only one of a zone that may keep it
 *	prerouting  the answers are for the client by their address, and for the
 *	            proxy by their flow: they are given to its socket
 *
 * Nothing of it stands where no zone keeps its sources.
 */
#ifndef GATEHOUSE_FIREWALL_COMPILE_KEEP_H
#define GATEHOUSE_FIREWALL_COMPILE_KEEP_H

#include "firewall/compile_impl.h"

/* Lines in `output`, before the proxy's others are accepted. */
void compile_keep_asks(struct compiler *compiler);

/* Lines in `aside`, before all that is handed over. */
void compile_keep_answers(struct compiler *compiler);

void compile_keep_chains(struct compiler *compiler);

#endif
