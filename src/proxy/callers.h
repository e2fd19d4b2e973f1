/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/callers: whose datagrams are whose.
 *
 * All clients' datagrams come to the one port of the listener, and one worker
 * reads them, for their order.  Here stands which client has an association
 * (proxy/association), and with which worker.  A client that did not say from
 * which port it will send is known by the first that it sends from; of several
 * such at one address, the oldest gets it.
 *
 * Any thread.  A caller lies in its association, and is taken out by the
 * worker that put it in before it dies; so what callers_mine returns lives as
 * long as its own worker does nothing else.
 */
#ifndef GATEHOUSE_PROXY_CALLERS_H
#define GATEHOUSE_PROXY_CALLERS_H

#include "base/address.h"

struct callers;
struct worker;

struct caller {
	struct address_port listener;
	struct address_port client; /* port 0: not known yet */
	struct worker *worker;
	struct caller *next, **link; /* of the bucket, oldest first */
};

struct callers *callers_create(void); /* NULL: no memory */
void callers_destroy(struct callers *callers);

/* -EADDRINUSE: the port has another association. */
int callers_add(struct callers *callers, struct caller *caller);
void callers_remove(struct callers *callers, struct caller *caller);

/* The worker that has what comes from there; NULL: nobody. */
struct worker *callers_worker(struct callers *callers,
    const struct address_port *listener, const struct address_port *from);

/* The worker's own caller; NULL: it is not there, or another's. */
struct caller *callers_mine(struct callers *callers,
    const struct worker *worker, const struct address_port *listener,
    const struct address_port *from);

#endif
