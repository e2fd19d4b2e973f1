/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/packet_log: packets that rules log become events.
 *
 * The kernel sends the head of each logged packet, with the record that its
 * rule wrote (firewall/log_prefix), to log group FIREWALL_NUMBER of the network
 * namespace; this is the one reader of that group.  Opened after the kernel
 * was checked, before rules are committed; what is logged with no reader is
 * gone.
 *
 * Under a flood the kernel's queue overflows and packets are not told of.
 * Each carries a number, so COUNTER_PACKETS_LOST counts the holes to the
 * packet, and reading goes on.  Packets with a prefix that is not ours, which
 * other programs may log to the group, are passed over.
 *
 * Owned by the daemon's one thread.  Limits: packet_log.c.
 */
#ifndef GATEHOUSE_FIREWALL_PACKET_LOG_H
#define GATEHOUSE_FIREWALL_PACKET_LOG_H

#include "base/address.h"
#include "base/text.h"

struct packet_log;

/*
 * The group of the current network namespace.  0, or a negative errno with a
 * sentence in *reterr_why: -EBUSY when another process reads it.
 */
int packet_log_open(struct packet_log **ret, struct text *reterr_why);

/*
 * Who is told during packet_log_read of each source that the rule with this
 * line and name has banned (firewall/compile_refused); none is held back, and
 * there is no event.  Nobody, unless it is said.
 */
typedef void (*packet_log_caught_fn)(void *context, struct address source,
    uint32_t rule_line, struct str rule_name);
void packet_log_on_caught(
    struct packet_log *log, packet_log_caught_fn fn, void *context);

/* Likewise of each packet that a rule logs, those held back too. */
struct log_prefix;
struct packet;
typedef void (*packet_log_fn)(void *context, const struct log_prefix *prefix,
    const struct packet *packet);
void packet_log_on_packet(
    struct packet_log *log, packet_log_fn fn, void *context);

/* Takes NULL.  The group is free again. */
void packet_log_close(struct packet_log *log);

/* Readable when packets wait; lent until the close. */
int packet_log_fd(const struct packet_log *log);

/*
 * Emits an event (event/event.h) for each waiting packet, as long as its rule
 * may log (firewall/log_bound), and returns how many packets of ours there
 * were.  Does not block, and leaves what is more than a
 * few thousand packets to the next call, so that a flood of logs does not keep
 * the daemon from its other work: the descriptor stays readable.  A negative
 * errno means that the log must be opened anew.
 */
int packet_log_read(struct packet_log *log);

/*
 * To be called a second after packets were read, and each second as long as it
 * is true, and before the close: emits an event for each rule of which packets
 * had none, with their number.
 */
bool packet_log_settle(struct packet_log *log);

#endif
