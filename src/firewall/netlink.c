/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/netlink.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>

/* Not a wait for the kernel, which answers at once: a stop for our mistakes. */
#define ANSWER_SECONDS_MAX 10

static void
set_options(struct mnl_socket *socket)
{
	int on = 1;
	struct timeval limit = { .tv_sec = ANSWER_SECONDS_MAX };

	/* Both are comforts: without them only words or a stop are missing. */
	(void)mnl_socket_setsockopt(socket, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO,
	    &limit, sizeof(limit));
}

int
netlink_open(struct netlink *netlink, int bus)
{
	struct mnl_socket *socket = mnl_socket_open2(bus, SOCK_CLOEXEC);

	netlink->socket = NULL;
	netlink->sequence = 0;
	if (socket == NULL)
		return -errno;
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		int rc = -errno;
		(void)mnl_socket_close(socket);
		return rc;
	}
	set_options(socket);
	netlink->socket = socket;
	return 0;
}

void
netlink_close(struct netlink *netlink)
{
	if (netlink->socket != NULL)
		(void)mnl_socket_close(netlink->socket);
	netlink->socket = NULL;
}

void
netlink_enlarge_queue(struct netlink *netlink, int bytes)
{
	int fd = mnl_socket_get_fd(netlink->socket);

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) <
	    0)
		(void)setsockopt(
		    fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

struct nlmsghdr *
netlink_begin(struct netlink *netlink, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(netlink->buffer);
	bool dump = (flags & NLM_F_DUMP) == NLM_F_DUMP;

	request->nlmsg_type = type;
	request->nlmsg_flags =
	    (uint16_t)(NLM_F_REQUEST | flags | (dump ? 0 : NLM_F_ACK));
	request->nlmsg_seq = ++netlink->sequence;
	return request;
}

void
netlink_put_family(struct nlmsghdr *request, uint8_t family)
{
	struct nfgenmsg *head =
	    mnl_nlmsg_put_extra_header(request, sizeof(*head));

	head->nfgen_family = family;
	head->version = NFNETLINK_V0;
	head->res_id = 0;
}

struct attribute_table {
	const struct nlattr **table;
	size_t count;
};

static int
take_attribute(const struct nlattr *attribute, void *context)
{
	struct attribute_table *found = context;
	uint16_t type = mnl_attr_get_type(attribute);

	if (type < found->count)
		found->table[type] = attribute;
	return MNL_CB_OK;
}

static void
clear_table(const struct nlattr **table, size_t count)
{
	for (size_t i = 0; i < count; i++)
		table[i] = NULL;
}

void
netlink_attributes(const struct nlmsghdr *message, size_t head_bytes,
    const struct nlattr **table, size_t count)
{
	struct attribute_table found = { table, count };

	clear_table(table, count);
	if (head_bytes <= mnl_nlmsg_get_payload_len(message))
		(void)mnl_attr_parse(
		    message, (unsigned)head_bytes, take_attribute, &found);
}

void
netlink_nested(
    const struct nlattr *nest, const struct nlattr **table, size_t count)
{
	struct attribute_table found = { table, count };

	clear_table(table, count);
	(void)mnl_attr_parse_nested(nest, take_attribute, &found);
}

uint64_t
netlink_number(const struct nlattr *attribute)
{
	size_t len =
	    attribute != NULL ? mnl_attr_get_payload_len(attribute) : 0;
	uint64_t number = 0;

	if (len != 1 && len != 2 && len != 4 && len != 8)
		return 0;
	const uint8_t *bytes = mnl_attr_get_payload(attribute);
	for (size_t i = 0; i < len; i++)
		number = number << 8 | bytes[i];
	return number;
}

/* The attributes stand behind the error and as much as it quotes of us. */
static void
add_words_of(const struct nlmsghdr *message, struct text *words)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);
	const struct nlattr *found[NLMSGERR_ATTR_MSG + 1];
	size_t quoted = sizeof(*error);

	if ((message->nlmsg_flags & NLM_F_ACK_TLVS) == 0)
		return;
	if ((message->nlmsg_flags & NLM_F_CAPPED) == 0)
		quoted += error->msg.nlmsg_len - NLMSG_HDRLEN;
	netlink_attributes(message, quoted, found, NLMSGERR_ATTR_MSG + 1);
	const struct nlattr *words_of = found[NLMSGERR_ATTR_MSG];
	if (words_of != NULL &&
	    mnl_attr_validate(words_of, MNL_TYPE_NUL_STRING) >= 0)
		text_addz(words, mnl_attr_get_str(words_of));
}

void
netlink_words(const struct netlink *netlink, size_t len, struct text *words)
{
	int left = (int)len;
	const struct nlmsghdr *message =
	    (const struct nlmsghdr *)netlink->buffer;

	while (mnl_nlmsg_ok(message, left)) {
		if (message->nlmsg_type == NLMSG_ERROR &&
		    mnl_nlmsg_get_payload_len(message) >=
			sizeof(struct nlmsgerr))
			add_words_of(message, words);
		message = mnl_nlmsg_next(message, &left);
	}
}

static int
receive(struct netlink *netlink, uint32_t sequence, mnl_cb_t each,
    void *context, struct text *reterr_words)
{
	unsigned port = mnl_socket_get_portid(netlink->socket);

	for (;;) {
		ssize_t n = mnl_socket_recvfrom(
		    netlink->socket, netlink->buffer, sizeof(netlink->buffer));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		int rc = mnl_cb_run(
		    netlink->buffer, (size_t)n, sequence, port, each, context);
		if (rc == MNL_CB_STOP)
			return 0;
		if (rc == MNL_CB_OK)
			continue;
		rc = -errno;
		if (reterr_words != NULL)
			netlink_words(netlink, (size_t)n, reterr_words);
		return rc;
	}
}

int
netlink_ask(struct netlink *netlink, struct nlmsghdr *request, mnl_cb_t each,
    void *context, struct text *reterr_words)
{
	uint32_t sequence = request->nlmsg_seq; /* the answer overwrites it */

	while (
	    mnl_socket_sendto(netlink->socket, request, request->nlmsg_len) < 0)
		if (errno != EINTR)
			return -errno;
	return receive(netlink, sequence, each, context, reterr_words);
}

int
netlink_take(struct netlink *netlink, mnl_cb_t each, void *context)
{
	struct sockaddr_nl sender = { 0 };
	socklen_t sender_len = sizeof(sender);
	ssize_t n = recvfrom(mnl_socket_get_fd(netlink->socket),
	    netlink->buffer, sizeof(netlink->buffer), MSG_DONTWAIT,
	    (struct sockaddr *)&sender, &sender_len);

	if (n < 0 && errno == EINTR)
		return 1;
	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
	/* Only the kernel has port 0. */
	if (sender.nl_pid == 0)
		(void)mnl_cb_run(
		    netlink->buffer, (size_t)n, 0, 0, each, context);
	return 1;
}
