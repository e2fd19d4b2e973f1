/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Netlink that fails when it is told to: this program's mnl_socket_sendto
 * stands before libmnl's.
 *
 *	FAULTY_SEND	the n-th batch is not sent
 *	FAULTY_MESSAGE	the n-th message of all batches is one that the kernel
 *			does not know: the kernel itself refuses the batch
 *	FAULTY_ANSWER	the n-th batch is sent, and its answer is lost
 *	FAULTY_LATE	before the n-th batch somebody else does something
 */
#ifndef GATEHOUSE_TESTS_FIREWALL_FAULTY_NETLINK_H
#define GATEHOUSE_TESTS_FIREWALL_FAULTY_NETLINK_H

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum faulty_kind {
	FAULTY_NEVER,
	FAULTY_SEND,
	FAULTY_MESSAGE,
	FAULTY_ANSWER,
	FAULTY_LATE,
};

static enum faulty_kind faulty_kind;
static unsigned faulty_left;
static bool faulty_met;
static const char *faulty_command; /* of FAULTY_LATE, for a shell */

static inline void
faulty_at(enum faulty_kind kind, unsigned n)
{
	faulty_kind = kind;
	faulty_left = n;
	faulty_met = false;
}

static inline bool
faulty_was_met(void)
{
	return faulty_met;
}

static inline void
faulty_never(void)
{
	faulty_kind = FAULTY_NEVER;
}

static inline bool
faulty_is_due(void)
{
	if (faulty_met || faulty_left-- > 0)
		return false;
	faulty_met = true;
	return true;
}

/* Marks of the batch stay: without them the kernel would wait for more. */
static inline void
faulty_spoil(char *bytes, size_t len)
{
	struct nlmsghdr *message = (struct nlmsghdr *)bytes;
	int left = (int)len;

	for (; mnl_nlmsg_ok(message, left);
	     message = mnl_nlmsg_next(message, &left))
		if (message->nlmsg_type >> 8 == NFNL_SUBSYS_NFTABLES &&
		    faulty_is_due())
			message->nlmsg_type |= 0xff;
}

static inline bool
faulty_is_batch(const void *bytes)
{
	return ((const struct nlmsghdr *)bytes)->nlmsg_type ==
	       NFNL_MSG_BATCH_BEGIN;
}

ssize_t mnl_socket_sendto(
    const struct mnl_socket *socket, const void *bytes, size_t len);

ssize_t
mnl_socket_sendto(
    const struct mnl_socket *socket, const void *bytes, size_t len)
{
	int fd = mnl_socket_get_fd(socket);
	char answer[8192], *copy = malloc(len);
	bool loses = false;

	if (copy == NULL)
		abort();
	memcpy(copy, bytes, len);
	if (faulty_is_batch(bytes) && faulty_kind == FAULTY_SEND &&
	    faulty_is_due()) {
		free(copy);
		errno = ENOBUFS;
		return -1;
	}
	if (faulty_is_batch(bytes) && faulty_kind == FAULTY_MESSAGE)
		faulty_spoil(copy, len);
	if (faulty_is_batch(bytes) && faulty_kind == FAULTY_ANSWER)
		loses = faulty_is_due();
	if (faulty_is_batch(bytes) && faulty_kind == FAULTY_LATE &&
	    faulty_is_due() && system(faulty_command) != 0)
		abort();
	ssize_t n = send(fd, copy, len, 0);
	while (loses && recv(fd, answer, sizeof(answer), MSG_DONTWAIT) > 0)
		continue;
	free(copy);
	return n;
}

#endif
