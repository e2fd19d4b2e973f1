/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/quic_flows: the QUIC that is handed over, by who sends it where.
 *
 * The kernel gives what is intercepted over UDP to one listener until the flow
 * has a socket of its own.  One worker takes all of it; a flow costs it no more
 * than two system calls a datagram.
 *
 * One thread, that worker's.
 */
#ifndef GATEHOUSE_PROXY_QUIC_FLOWS_H
#define GATEHOUSE_PROXY_QUIC_FLOWS_H

#include "base/address.h"
#include "proxy/failure.h"

struct quic_flow;
struct worker;

/* More are refused by silence; of these so many may wait for their hello, of 18
 * KiB each, or for an answer. */
#define QUIC_FLOWS_MAX 8192
#define QUIC_YOUNG_MAX 512

/* The listener has datagrams. */
void quic_flows_receive(struct worker *worker, int listener);

/* For the flow itself: it waits for nothing any more; it ends. */
void quic_flows_settle(struct quic_flow *flow);
void quic_flows_end(struct quic_flow *flow, enum proxy_failure why);

/* As clients are judged, banned and ended. */
void quic_flows_judge_again(struct worker *worker);
void quic_flows_ban(struct worker *worker, const struct address_range *range);
void quic_flows_end_used_up(struct worker *worker);
void quic_flows_end_all(struct worker *worker);

#endif
