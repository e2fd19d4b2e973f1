/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/alias_datagram.h"

#include "proxy/alias_question.h"
#include "proxy/aliases.h"
#include "proxy/limits.h"
#include "proxy/worker.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

/* Read from a listener in one go. */
#define DATAGRAMS_MAX 64

struct alias_datagram {
	struct alias_question question;
	struct alias_datagram *next, **link; /* of the worker's */
	int listener;                        /* the generation's */
	struct address_port from;
	struct address to; /* that was asked */
};

/* Of both families, the larger. */
union ancillary {
	char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	struct cmsghdr head;
};

/* ---- to and fro ---- */

static struct address
destination_of(struct msghdr *message)
{
	const struct cmsghdr *one = CMSG_FIRSTHDR(message);
	struct in6_pktinfo six;
	struct in_pktinfo four;

	if (one != NULL && one->cmsg_level == IPPROTO_IP &&
	    one->cmsg_type == IP_PKTINFO) {
		memcpy(&four, CMSG_DATA(one), sizeof(four));
		return address_from_bytes(ADDRESS_IPV4, &four.ipi_addr);
	}
	if (one != NULL && one->cmsg_level == IPPROTO_IPV6 &&
	    one->cmsg_type == IPV6_PKTINFO) {
		memcpy(&six, CMSG_DATA(one), sizeof(six));
		return address_from_bytes(ADDRESS_IPV6, &six.ipi6_addr);
	}
	return (struct address){ .family = ADDRESS_NONE };
}

static void
put_source(struct msghdr *message, struct address from)
{
	struct in_pktinfo four = { 0 };
	struct in6_pktinfo six = { 0 };
	bool ipv6 = from.family == ADDRESS_IPV6;
	size_t len = ipv6 ? sizeof(six) : sizeof(four);
	struct cmsghdr *one;

	if (from.family == ADDRESS_NONE)
		return;
	memcpy(&four.ipi_spec_dst, from.bytes, sizeof(four.ipi_spec_dst));
	memcpy(&six.ipi6_addr, from.bytes, sizeof(six.ipi6_addr));
	message->msg_controllen = CMSG_SPACE(len);
	one = CMSG_FIRSTHDR(message);
	one->cmsg_level = ipv6 ? IPPROTO_IPV6 : IPPROTO_IP;
	one->cmsg_type = ipv6 ? IPV6_PKTINFO : IP_PKTINFO;
	one->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(one), ipv6 ? (void *)&six : (void *)&four, len);
}

/* What cannot be sent is lost, and is asked for again. */
static void
send_back(
    const struct alias_datagram *datagram, const uint8_t *bytes, size_t len)
{
	union ancillary ancillary = { .bytes = { 0 } };
	struct sockaddr_storage sa;
	struct iovec span = { (void *)(uintptr_t)bytes, len };
	struct msghdr message = {
		.msg_name = &sa,
		.msg_namelen = address_to_sockaddr(datagram->from, &sa),
		.msg_iov = &span,
		.msg_iovlen = 1,
		.msg_control = &ancillary,
		.msg_controllen = sizeof(ancillary),
	};

	put_source(&message, datagram->to);
	(void)sendmsg(
	    datagram->listener, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* ---- questions ---- */

static void
destroy(struct alias_datagram *datagram)
{
	struct worker *worker = datagram->question.worker;

	*datagram->link = datagram->next;
	if (datagram->next != NULL)
		datagram->next->link = datagram->link;
	worker->datagram_count--;
	free(datagram);
}

static void
on_answer(struct alias_question *question, const uint8_t *bytes, size_t len)
{
	struct alias_datagram *datagram = question->context;

	if (len > 0)
		send_back(datagram, bytes, len);
	destroy(datagram);
}

static void
take(struct worker *worker, int listener, struct address_port from,
    struct address to, struct str bytes)
{
	struct alias_datagram *datagram =
	    worker->datagram_count < PROXY_QUESTIONS_MAX
		? calloc(1, sizeof(*datagram))
		: NULL;

	if (datagram == NULL)
		return;
	datagram->listener = listener;
	datagram->to = to;
	datagram->question.worker = worker;
	datagram->from = from;
	datagram->question.source = (struct address_port){
		alias_client((enum address_family)from.address.family),
		from.port
	};
	datagram->question.answer = on_answer;
	datagram->question.context = datagram;
	datagram->next = worker->datagrams;
	datagram->link = &worker->datagrams;
	if (datagram->next != NULL)
		datagram->next->link = &datagram->next;
	worker->datagrams = datagram;
	worker->datagram_count++;
	alias_question_put(&datagram->question, bytes);
}

static bool
receive_one(struct worker *worker, int listener)
{
	char bytes[DNS_MESSAGE_BYTES_MAX];
	union ancillary ancillary;
	struct sockaddr_storage sa = { .ss_family = AF_UNSPEC };
	struct iovec span = { bytes, sizeof(bytes) };
	struct msghdr message = {
		.msg_name = &sa,
		.msg_namelen = sizeof(sa),
		.msg_iov = &span,
		.msg_iovlen = 1,
		.msg_control = &ancillary,
		.msg_controllen = sizeof(ancillary),
	};
	ssize_t len = recvmsg(listener, &message, MSG_DONTWAIT);

	if (len < 0)
		return false;
	if ((message.msg_flags & MSG_TRUNC) == 0)
		take(worker, listener,
		    address_from_sockaddr((struct sockaddr *)&sa),
		    destination_of(&message),
		    (struct str){ bytes, (size_t)len });
	return true;
}

void
alias_datagrams_receive(struct worker *worker, int listener)
{
	for (int i = 0; i < DATAGRAMS_MAX; i++)
		if (!receive_one(worker, listener))
			return;
}

void
alias_datagrams_end_all(struct worker *worker)
{
	while (worker->datagrams != NULL) {
		alias_question_cancel(&worker->datagrams->question);
		destroy(worker->datagrams);
	}
}
