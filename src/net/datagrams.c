/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/datagrams.h"

#include <errno.h>

int
datagrams_receive(int fd, struct datagrams *datagrams)
{
	for (size_t i = 0; i < DATAGRAMS_MAX; i++) {
		datagrams->spans[i] =
		    (struct iovec){ datagrams->bytes[i], DATAGRAMS_BYTES };
		datagrams->peers[i].ss_family = AF_UNSPEC;
		datagrams->heads[i] = (struct mmsghdr){
			.msg_hdr = { .msg_name = &datagrams->peers[i],
			    .msg_namelen = sizeof(datagrams->peers[i]),
			    .msg_iov = &datagrams->spans[i],
			    .msg_iovlen = 1 }
		};
	}
	datagrams->count = 0;
	int count =
	    recvmmsg(fd, datagrams->heads, DATAGRAMS_MAX, MSG_DONTWAIT, NULL);
	if (count < 0)
		return -errno;
	datagrams->count = (size_t)count;
	return count;
}

struct str
datagrams_at(
    const struct datagrams *datagrams, size_t i, struct address_port *ret_from)
{
	*ret_from = address_from_sockaddr(
	    (const struct sockaddr *)&datagrams->peers[i]);
	return (struct str){ datagrams->bytes[i], datagrams->heads[i].msg_len };
}

bool
datagrams_add(struct datagrams *datagrams, const struct address_port *to,
    struct str bytes)
{
	size_t i = datagrams->count;

	if (i == DATAGRAMS_MAX || bytes.len > DATAGRAMS_BYTES)
		return false;
	memcpy(datagrams->bytes[i], bytes.at, bytes.len);
	datagrams->spans[i] = (struct iovec){ datagrams->bytes[i], bytes.len };
	datagrams->heads[i] =
	    (struct mmsghdr){ .msg_hdr = { .msg_name = &datagrams->peers[i],
				  .msg_namelen = address_to_sockaddr(
				      *to, &datagrams->peers[i]),
				  .msg_iov = &datagrams->spans[i],
				  .msg_iovlen = 1 } };
	datagrams->count++;
	return true;
}

/* The first that fails stops the rest, so it is passed over. */
void
datagrams_send(int fd, struct datagrams *datagrams)
{
	size_t done = 0;

	while (done < datagrams->count) {
		int count = sendmmsg(fd, datagrams->heads + done,
		    (unsigned)(datagrams->count - done), MSG_NOSIGNAL);
		done += count > 0 ? (size_t)count : 1;
	}
	datagrams->count = 0;
}
