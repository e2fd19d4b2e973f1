/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dns/message: reading messages of the DNS (RFC 1035, 4; RFC 6891).
 *
 * Nothing is believed of a message but its bytes: each length is checked
 * against them, and what does not fit is no message.  Nothing is allocated.
 */
#ifndef GATEHOUSE_DNS_MESSAGE_H
#define GATEHOUSE_DNS_MESSAGE_H

#include "dns/name.h"

#define DNS_HEAD_BYTES    12
#define DNS_MESSAGE_MAX   65535
#define DNS_UDP_BYTES     512  /* without EDNS (RFC 1035, 4.2.1) */
#define DNS_UDP_BYTES_MAX 1232 /* on any path unfragmented (flag day 2020) */

enum dns_type {
	DNS_TYPE_A = 1,
	DNS_TYPE_NS = 2,
	DNS_TYPE_CNAME = 5,
	DNS_TYPE_SOA = 6,
	DNS_TYPE_PTR = 12,
	DNS_TYPE_MX = 15,
	DNS_TYPE_AAAA = 28,
	DNS_TYPE_SRV = 33,
	DNS_TYPE_DNAME = 39,
	DNS_TYPE_OPT = 41,
	DNS_TYPE_RRSIG = 46,
	DNS_TYPE_NSEC = 47,
	DNS_TYPE_NSEC3 = 50,
	DNS_TYPE_SVCB = 64,
	DNS_TYPE_HTTPS = 65,
	DNS_TYPE_IXFR = 251,
	DNS_TYPE_AXFR = 252,
	DNS_TYPE_ANY = 255,
};

#define DNS_CLASS_IN 1

enum dns_rcode {
	DNS_RCODE_OK = 0,
	DNS_RCODE_FORMAT = 1,
	DNS_RCODE_FAILURE = 2,
	DNS_RCODE_NO_NAME = 3,
	DNS_RCODE_NOT_DONE = 4,
	DNS_RCODE_REFUSED = 5,
	DNS_RCODE_VERSION = 16, /* BADVERS, its upper bits in OPT */
};

/* Bits of the second word of the head. */
#define DNS_FLAG_ANSWER    0x8000
#define DNS_FLAG_OPCODE    0x7800
#define DNS_FLAG_TRUNCATED 0x0200
#define DNS_FLAG_RECURSE   0x0100
#define DNS_FLAG_RECURSIVE 0x0080
#define DNS_FLAG_AUTHENTIC 0x0020 /* AD (RFC 6840, 5.7) */
#define DNS_FLAG_UNCHECKED 0x0010 /* CD */
#define DNS_FLAG_RCODE     0x000f

/* Of OPT's TTL. */
#define DNS_EDNS_SECURE 0x8000 /* DO (RFC 3225) */

/* Why an answer is not what was hoped for (RFC 8914). */
enum dns_extended {
	DNS_EXTENDED_NONE = -1,
	DNS_EXTENDED_OTHER = 0,
	DNS_EXTENDED_STALE = 3,
	DNS_EXTENDED_BLOCKED = 15,
	DNS_EXTENDED_PROHIBITED = 18,
	DNS_EXTENDED_STALE_NO_NAME = 19,
	DNS_EXTENDED_NO_AUTHORITY = 22, /* nobody was reached */
	DNS_EXTENDED_NETWORK = 23,
};

struct dns_head {
	uint16_t id;
	uint16_t flags;
	uint16_t questions, answers, authorities, additionals;
};

struct dns_inquiry {
	struct dns_name name;
	uint16_t type, class;
};

struct dns_edns {
	bool present;
	uint8_t version;
	uint8_t rcode; /* the upper eight bits */
	bool secure;   /* DO */
	uint16_t bytes_max;
};

struct dns_record {
	struct dns_name owner;
	uint16_t type, class;
	uint32_t ttl;
	struct str data; /* of the message */
	size_t data_at;  /* where it begins there */
};

uint16_t dns_get16(const char *at);
uint32_t dns_get32(const char *at);
void dns_put16(char *at, uint16_t value);
void dns_put32(char *at, uint32_t value);

/* 0 or -EBADMSG; so for all that read. */
int dns_head_read(struct str message, struct dns_head *ret);

/* At *at, which is left behind it. */
int dns_inquiry_read(struct str message, size_t *at, struct dns_inquiry *ret);
int dns_record_read(struct str message, size_t *at, struct dns_record *ret);

/* Of a record of type OPT, whose owner is the root. */
int dns_edns_read(const struct dns_record *record, struct dns_edns *ret);

/* A message from a client. */
struct dns_query {
	struct dns_head head;
	struct dns_inquiry question;
	struct dns_edns edns;
};

/*
 * 0: one question.  -EBADMSG: what it is answered is told by dns_query_fault.
 * -EPROTO: it is not to be answered at all, for it is an answer itself, or has
 * no head.
 */
int dns_query_read(struct str message, struct dns_query *ret);

/* FORMAT, NOT_DONE or VERSION, of one that was -EBADMSG. */
enum dns_rcode dns_query_fault(const struct dns_query *query);

#endif
