/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/batch.h"

#include "firewall/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>

/* Beside what is sent, the kernel counts its own record of it. */
#define SEND_QUEUE_SLACK 65536

void
batch_fini(struct batch *batch)
{
	free(batch->bytes);
	*batch = BATCH_EMPTY;
}

/* Twice as much each time, so that a large batch is not copied often. */
static bool
make_room(struct batch *batch)
{
	size_t wanted = batch->len + BATCH_MESSAGE_BYTES_MAX;
	size_t room = batch->room > 0 ? batch->room : BATCH_MESSAGE_BYTES_MAX;

	if (batch->full || wanted <= batch->room)
		return !batch->full;
	while (room < wanted)
		room *= 2;
	char *bytes = realloc(batch->bytes, room);
	if (bytes == NULL) {
		batch->full = true;
		return false;
	}
	batch->bytes = bytes;
	batch->room = room;
	return true;
}

/* Where the next one begins. */
static size_t
aligned(const struct nlmsghdr *message)
{
	return (message->nlmsg_len + NLMSG_ALIGNTO - 1) / NLMSG_ALIGNTO *
	       NLMSG_ALIGNTO;
}

static struct nlmsghdr *
put_head(struct batch *batch, uint16_t type, uint16_t flags, uint8_t family,
    uint16_t resource)
{
	if (!make_room(batch))
		return NULL;
	struct nlmsghdr *message =
	    mnl_nlmsg_put_header(batch->bytes + batch->len);
	message->nlmsg_type = type;
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	message->nlmsg_seq = ++batch->sequence;
	struct nfgenmsg *head =
	    mnl_nlmsg_put_extra_header(message, sizeof(*head));
	head->nfgen_family = family;
	head->version = NFNETLINK_V0;
	head->res_id = htons(resource);
	return message;
}

static void
add_mark(struct batch *batch, uint16_t type)
{
	const struct nlmsghdr *mark =
	    put_head(batch, type, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);

	if (mark != NULL)
		batch->len += aligned(mark);
}

void
batch_begin(struct batch *batch)
{
	batch->len = 0;
	batch->last = 0;
	batch->full = false;
	add_mark(batch, NFNL_MSG_BATCH_BEGIN);
}

struct nlmsghdr *
batch_message(
    struct batch *batch, enum nf_tables_msg_types type, uint16_t flags)
{
	return put_head(batch,
	    (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | (unsigned)type), flags,
	    NFPROTO_INET, 0);
}

void
batch_add(struct batch *batch, const struct nlmsghdr *message)
{
	batch->last = batch->len;
	batch->len += aligned(message);
}

/* Over the host's limit, as root may. */
static void
enlarge_send_queue(struct netlink *netlink, size_t bytes)
{
	int wanted = (int)(bytes + SEND_QUEUE_SLACK);

	(void)setsockopt(mnl_socket_get_fd(netlink->socket), SOL_SOCKET,
	    SO_SNDBUFFORCE, &wanted, sizeof(wanted));
}

static int
send_all(struct netlink *netlink, const struct batch *batch)
{
	enlarge_send_queue(netlink, batch->len);
	while (mnl_socket_sendto(netlink->socket, batch->bytes, batch->len) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/*
 * The kernel has answered by now.  The last message asks for an ack (kernels
 * before 6.10 give none for the batch's end); what was refused is told of, by
 * its own number or by that of the batch, so any number is ours: the socket is
 * of this batch alone.
 */
static int
read_answer(struct netlink *netlink, struct text *reterr_words)
{
	ssize_t n;

	do
		n = recv(mnl_socket_get_fd(netlink->socket), netlink->buffer,
		    sizeof(netlink->buffer), MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -EIO;
	int rc = mnl_cb_run(netlink->buffer, (size_t)n, 0,
	    mnl_socket_get_portid(netlink->socket), NULL, NULL);
	if (rc >= 0)
		return 0;
	rc = -errno;
	netlink_words(netlink, (size_t)n, reterr_words);
	return rc;
}

/* Errors come as they are met, the ack at the end: the first one tells. */
static int
commit(const struct batch *batch, struct text *reterr_words)
{
	struct netlink netlink;
	int on = 1, rc = netlink_open(&netlink, NETLINK_NETFILTER);

	if (rc < 0)
		return rc;
	/* Else an error quotes a message that is longer than our buffer. */
	(void)mnl_socket_setsockopt(
	    netlink.socket, NETLINK_CAP_ACK, &on, sizeof(on));
	rc = send_all(&netlink, batch);
	if (rc == 0)
		rc = read_answer(&netlink, reterr_words);
	netlink_close(&netlink);
	return rc;
}

int
batch_commit(struct batch *batch, struct text *reterr_words)
{
	if (batch->full)
		return -ENOMEM;
	if (batch->last == 0)
		return 0;
	struct nlmsghdr *last = (struct nlmsghdr *)(batch->bytes + batch->last);
	last->nlmsg_flags |= NLM_F_ACK;
	add_mark(batch, NFNL_MSG_BATCH_END);
	return batch->full ? -ENOMEM : commit(batch, reterr_words);
}
