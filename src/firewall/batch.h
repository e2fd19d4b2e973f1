/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/batch: messages for nftables that the kernel takes all or none of.
 *
 * What is big or has to be quick goes past libnftables: sets of a million
 * addresses, and one address that is banned now.  Messages are put into one
 * buffer one after the other and are sent with one call; the kernel commits
 * them as one transaction within that call, or refuses the first that is wrong
 * and forgets the others.
 *
 *	batch_begin, then for each: batch_message, libmnl, batch_add;
 *	batch_commit
 *
 * For private use of src/firewall.
 */
#ifndef GATEHOUSE_FIREWALL_BATCH_H
#define GATEHOUSE_FIREWALL_BATCH_H

#include "base/text.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>

/* The longest message: a list of elements is one attribute, of 16 bits. */
#define BATCH_MESSAGE_BYTES_MAX 66000

/*
 * Of one transaction, when there may be several: 200,000 ranges of IPv4.  Each
 * commit costs time for all that its sets hold, each byte is held twice while
 * it is sent: a million ranges take 1.9 s in one batch of 40 MB, 2.1 s in five
 * of 8 MB and 3.1 s in twenty.
 */
#define BATCH_BYTES_WANTED ((size_t)8 << 20)

struct batch {
	char *bytes; /* owned */
	size_t len, room;
	size_t last; /* where the last message begins; 0: there is none */
	uint32_t sequence;
	bool full; /* no memory; a commit will say so */
};

#define BATCH_EMPTY ((struct batch){ 0 })

void batch_fini(struct batch *batch);

/* Forgets what is in it and begins anew, in the same memory. */
void batch_begin(struct batch *batch);

/*
 * Begins a message about our table, of BATCH_MESSAGE_BYTES_MAX at most; NULL
 * without memory.  Valid until it is added.
 */
struct nlmsghdr *batch_message(
    struct batch *batch, enum nf_tables_msg_types type, uint16_t flags);
void batch_add(struct batch *batch, const struct nlmsghdr *message);

/*
 * Has the kernel do it.  0: all is done, or there was nothing to do.  A
 * negative errno: nothing is, and what the kernel said of it is appended to
 * *reterr_words; -EIO alone says that it is not known which.
 */
int batch_commit(struct batch *batch, struct text *reterr_words);

#endif
