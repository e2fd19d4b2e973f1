/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns/message.h"

#include <errno.h>

uint16_t
dns_get16(const char *at)
{
	return (uint16_t)((uint8_t)at[0] << 8 | (uint8_t)at[1]);
}

uint32_t
dns_get32(const char *at)
{
	return (uint32_t)dns_get16(at) << 16 | dns_get16(at + 2);
}

void
dns_put16(char *at, uint16_t value)
{
	at[0] = (char)(value >> 8);
	at[1] = (char)(value & 0xff);
}

void
dns_put32(char *at, uint32_t value)
{
	dns_put16(at, (uint16_t)(value >> 16));
	dns_put16(at + 2, (uint16_t)(value & 0xffff));
}

int
dns_head_read(struct str message, struct dns_head *ret)
{
	if (message.len < DNS_HEAD_BYTES || message.len > DNS_MESSAGE_MAX)
		return -EBADMSG;
	*ret = (struct dns_head){
		.id = dns_get16(message.at),
		.flags = dns_get16(message.at + 2),
		.questions = dns_get16(message.at + 4),
		.answers = dns_get16(message.at + 6),
		.authorities = dns_get16(message.at + 8),
		.additionals = dns_get16(message.at + 10),
	};
	return 0;
}

int
dns_inquiry_read(struct str message, size_t *at, struct dns_inquiry *ret)
{
	if (dns_name_read(message, at, &ret->name) < 0 || message.len - *at < 4)
		return -EBADMSG;
	ret->type = dns_get16(message.at + *at);
	ret->class = dns_get16(message.at + *at + 2);
	*at += 4;
	return 0;
}

int
dns_record_read(struct str message, size_t *at, struct dns_record *ret)
{
	const char *fixed;

	if (dns_name_read(message, at, &ret->owner) < 0 ||
	    message.len - *at < 10)
		return -EBADMSG;
	fixed = message.at + *at;
	ret->type = dns_get16(fixed);
	ret->class = dns_get16(fixed + 2);
	ret->ttl = dns_get32(fixed + 4);
	ret->data.len = dns_get16(fixed + 8);
	*at += 10;
	if (ret->data.len > message.len - *at)
		return -EBADMSG;
	ret->data.at = message.at + *at;
	ret->data_at = *at;
	*at += ret->data.len;
	return 0;
}

/* Its options are looked at for their lengths alone: none of them is ours. */
static bool
are_options(struct str options)
{
	while (options.len > 0) {
		if (options.len < 4 ||
		    dns_get16(options.at + 2) > options.len - 4)
			return false;
		options =
		    str_skip(options, 4 + (size_t)dns_get16(options.at + 2));
	}
	return true;
}

int
dns_edns_read(const struct dns_record *record, struct dns_edns *ret)
{
	if (record->type != DNS_TYPE_OPT || record->owner.len != 1 ||
	    !are_options(record->data))
		return -EBADMSG;
	*ret = (struct dns_edns){
		.present = true,
		.rcode = (uint8_t)(record->ttl >> 24),
		.version = (uint8_t)(record->ttl >> 16 & 0xff),
		.secure = (record->ttl & DNS_EDNS_SECURE) != 0,
		.bytes_max = record->class,
	};
	return 0;
}

/* What stands behind the question: OPT, once, and else nothing that we know
 * (a signature of TSIG is for whom it was made for). */
static int
read_additionals(struct str message, size_t at, struct dns_query *query)
{
	struct dns_record record;

	for (unsigned i = 0; i < query->head.additionals; i++) {
		if (dns_record_read(message, &at, &record) < 0)
			return -EBADMSG;
		if (record.type != DNS_TYPE_OPT)
			continue;
		/* RFC 6891, 6.1.1 */
		if (query->edns.present ||
		    dns_edns_read(&record, &query->edns) < 0)
			return -EBADMSG;
	}
	return at == message.len && query->edns.version == 0 ? 0 : -EBADMSG;
}

int
dns_query_read(struct str message, struct dns_query *ret)
{
	size_t at = DNS_HEAD_BYTES;

	*ret = (struct dns_query){ 0 };
	if (dns_head_read(message, &ret->head) < 0 ||
	    (ret->head.flags & DNS_FLAG_ANSWER) != 0)
		return -EPROTO;
	if ((ret->head.flags & DNS_FLAG_OPCODE) != 0 ||
	    ret->head.questions != 1 || ret->head.answers != 0 ||
	    ret->head.authorities != 0)
		return -EBADMSG;
	if (dns_inquiry_read(message, &at, &ret->question) < 0) {
		ret->question = (struct dns_inquiry){ 0 };
		return -EBADMSG;
	}
	return read_additionals(message, at, ret);
}

enum dns_rcode
dns_query_fault(const struct dns_query *query)
{
	if ((query->head.flags & DNS_FLAG_OPCODE) != 0)
		return DNS_RCODE_NOT_DONE;
	return query->edns.present && query->edns.version != 0
		   ? DNS_RCODE_VERSION
		   : DNS_RCODE_FORMAT;
}
