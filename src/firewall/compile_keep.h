/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_keep: the proxy's connections that come from a client's
 * address (`keep source`).
 *
 *	output      a socket that gatehoused made for it asks, under an address
 *	            of a zone that may keep it; none of the proxy's own may
 *	prerouting  the answers are for the client by their address, and for the
 *	            proxy by their flow: they are given to its socket
 *
 * Where nothing is intercepted nothing of it stands, and where no zone keeps
 * its sources only that the proxy has no address but the gateway's.
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
