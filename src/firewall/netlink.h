/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/netlink: one question to the kernel, and its answer.
 *
 * What routes, addresses, transactions and the packet log share: a socket, a
 * request in a buffer, and the kernel's own words when it refuses (they come
 * as attributes of the error message, the "extended ack").  For private use of
 * src/firewall.
 *
 * A socket is opened for a task and closed after it, so that an answer can
 * never be taken for the answer to an older question.  The kernel answers
 * within the system call that asks; nothing here waits for anybody else.
 */
#ifndef GATEHOUSE_FIREWALL_NETLINK_H
#define GATEHOUSE_FIREWALL_NETLINK_H

#include "base/text.h"

#include <libmnl/libmnl.h>

/* The kernel fills dumps up to this when the reader has the room. */
#define NETLINK_BUFFER_BYTES 32768

struct netlink {
	struct mnl_socket *socket; /* NULL: closed */
	uint32_t sequence;
	_Alignas(struct nlmsghdr) char buffer[NETLINK_BUFFER_BYTES];
};

/* bus: NETLINK_ROUTE or NETLINK_NETFILTER.  0 or a negative errno. */
int netlink_open(struct netlink *netlink, int bus);
void netlink_close(struct netlink *netlink);

/* How much may wait to be read; root may go over the host's limit. */
void netlink_enlarge_queue(struct netlink *netlink, int bytes);

/*
 * Begins a request in the buffer, to be filled with libmnl.  An ack is asked
 * for unless flags hold NLM_F_DUMP, whose end is the ack.
 */
struct nlmsghdr *netlink_begin(
    struct netlink *netlink, uint16_t type, uint16_t flags);

/* The head of what nftables, conntrack and their like are asked. */
void netlink_put_family(struct nlmsghdr *request, uint8_t family);

/*
 * Sends the request and hands each message of the answer to `each` (NULL:
 * none is expected), which returns MNL_CB_OK or MNL_CB_ERROR with errno.
 * Returns 0, or the kernel's negative errno; then *reterr_words (may be NULL)
 * has the kernel's words appended if it said any.  -EINTR: a dump that changed
 * while it was read; open anew and ask again.
 */
int netlink_ask(struct netlink *netlink, struct nlmsghdr *request,
    mnl_cb_t each, void *context, struct text *reterr_words);

/*
 * Takes one message that the kernel sends by itself, with what `each` does as
 * in netlink_ask; what is malformed ends it.  1: one was taken; 0: none is
 * there; -ENOBUFS: some were lost, and there may be more; another negative
 * errno.
 */
int netlink_take(struct netlink *netlink, mnl_cb_t each, void *context);

/*
 * Sorts the attributes behind a message's fixed head of head_bytes by their
 * type: table[TYPE], or NULL.  Types from `count` on are passed over.
 */
void netlink_attributes(const struct nlmsghdr *message, size_t head_bytes,
    const struct nlattr **table, size_t count);

/* The same for the attributes inside of an attribute. */
void netlink_nested(
    const struct nlattr *nest, const struct nlattr **table, size_t count);

/* Appends the words of the errors among `len` bytes of answer in the buffer. */
void netlink_words(
    const struct netlink *netlink, size_t len, struct text *words);

/* A number in network order, of 1, 2, 4 or 8 bytes; 0 for NULL and any other
 * length. */
uint64_t netlink_number(const struct nlattr *attribute);

#endif
