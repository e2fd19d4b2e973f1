/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/listening: what a worker takes from the listeners of its generation.
 *
 * All workers watch all listeners, and the kernel wakes one for each client
 * (EPOLLEXCLUSIVE).  Where descriptors or memory are short, nobody is accepted
 * for a moment.
 *
 * The worker's own thread.
 */
#ifndef GATEHOUSE_PROXY_LISTENING_H
#define GATEHOUSE_PROXY_LISTENING_H

struct worker;

/* Those of the worker's generation; it does not listen yet. */
void listening_start(struct worker *worker);

/* Before the generation goes; none is fine. */
void listening_stop(struct worker *worker);

#endif
