/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/alias_datagram: a sandbox's questions for names, by UDP.
 *
 * Each is answered from the address that it was sent to, whichever that was.
 * At most PROXY_QUESTIONS_MAX wait for the DNS in each worker.
 *
 * One thread, that of the worker.
 */
#ifndef GATEHOUSE_PROXY_ALIAS_DATAGRAM_H
#define GATEHOUSE_PROXY_ALIAS_DATAGRAM_H

struct alias_datagram;
struct worker;

/* The listener has datagrams. */
void alias_datagrams_receive(struct worker *worker, int listener);

/* Those that wait are never answered. */
void alias_datagrams_end_all(struct worker *worker);

#endif
