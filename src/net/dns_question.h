/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/dns_question: one question of the DNS, and an answer to it
 * (RFC 1035, 4; RFC 6891).
 *
 * For who answers out of his own knowledge.  A message is read strictly: one
 * question, no compression in it, nothing behind the name that is not whole.
 * Of additional records only the OPT is looked at.
 */
#ifndef GATEHOUSE_NET_DNS_QUESTION_H
#define GATEHOUSE_NET_DNS_QUESTION_H

#include "base/address.h"
#include "base/str.h"

/* Of what a client may send, and of what is answered: one question, a few
 * records.  Fits in every path's MTU. */
#define DNS_MESSAGE_BYTES_MAX 1232

#define DNS_NAME_BYTES_MAX 255

enum dns_type {
	DNS_TYPE_A = 1,
	DNS_TYPE_PTR = 12,
	DNS_TYPE_AAAA = 28,
};

enum dns_code {
	DNS_CODE_OK = 0,
	DNS_CODE_FORMAT = 1,
	DNS_CODE_FAILED = 2,
	DNS_CODE_NO_NAME = 3,
	DNS_CODE_NOT_KNOWN = 4,
	DNS_CODE_REFUSED = 5,
};

/* RFC 8914. */
enum dns_detail {
	DNS_DETAIL_NONE = -1,
	DNS_DETAIL_OTHER = 0,
	DNS_DETAIL_BLOCKED = 15,
};

struct dns_question {
	uint8_t bytes[12 + DNS_NAME_BYTES_MAX + 4]; /* head and question */
	size_t len;
	bool has_opt;
	uint16_t type;
	/* In lower case, without the final dot; letters that no host's name
	 * has are there as they came. */
	char text[DNS_NAME_BYTES_MAX];
	struct str name;
};

struct dns_response {
	enum dns_code code;
	enum dns_detail detail;
	struct str words; /* with the detail */
	uint32_t ttl;
	struct address address; /* family NONE: no record of one */
	struct str name;        /* of a PTR; at == NULL: none */
};

/*
 * 0; -EBADMSG: it is none, and nothing can be said to it; -EINVAL: it is none
 * that can be read, -EOPNOTSUPP: none of those that are answered, and in *ret
 * is what an answer that says so needs.
 */
int dns_question_read(struct str message, struct dns_question *ret);

/* How long the answer is, in a buffer of DNS_MESSAGE_BYTES_MAX. */
size_t dns_response_write(const struct dns_question *question,
    const struct dns_response *response, uint8_t *ret);

/* The address that a name below in-addr.arpa or ip6.arpa stands for. */
bool dns_reverse_parse(struct str name, struct address *ret);

#endif
