/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of the DNS, of any bytes, from a client and from a server.  Besides
 * not crashing:
 * - what is made of an answer is whole: its records are read to its last byte,
 *   and each belongs to the question or to the section that proves it;
 * - of what was made once, the same is made again;
 * - a reply to it fits the room, and says so if it was cut.
 */
#include "base/must.h"
#include "dns/reply.h"
#include "dns/service.h"
#include "dns/store.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct dns_ttl_limits limits = { 0, 86400 };

static void
see(void *context, struct address address)
{
	(void)context;
	must(address.family != ADDRESS_NONE);
}

static void
check_whole(const struct dns_answer *answer)
{
	struct str bytes = { answer->bytes, answer->len };
	struct dns_inquiry question;
	struct dns_record record;
	struct address address;
	size_t at = DNS_HEAD_BYTES;

	must(answer->ttl_count == answer->answers + answer->authorities);
	must(dns_inquiry_read(bytes, &at, &question) == 0);
	for (unsigned i = 0; i < answer->ttl_count; i++) {
		must(dns_record_read(bytes, &at, &record) == 0);
		must(answer->ttls[i] == record.data_at - 6);
		must(record.class == DNS_CLASS_IN);
	}
	must(at == answer->len);
	for (size_t i = 0; dns_answer_address(answer, i, &address); i++)
		see(NULL, address);
	dns_service_each_hint(answer, see, NULL);
}

static void
check_replies(const struct dns_answer *answer, struct dns_query *query)
{
	static char to[DNS_MESSAGE_MAX];
	const struct dns_reply reply = { .query = query,
		.answer = answer,
		.extended = DNS_EXTENDED_STALE,
		.words = "words" };

	for (size_t room = DNS_REPLY_BYTES_MIN; room <= sizeof(to);
	     room = room * 2 + 1) {
		size_t len = dns_reply_write(&reply, answer->born, room, to);
		must(len <= room);
		must(len >= answer->len ||
		     (dns_get16(to + 2) & DNS_FLAG_TRUNCATED) != 0);
	}
}

/* An answer's bytes have no head yet. */
static void
check_again(const struct dns_answer *answer, const struct dns_inquiry *asked)
{
	char *copy = malloc(answer->len);
	struct dns_answer *again;

	must(copy != NULL);
	memcpy(copy, answer->bytes, answer->len);
	dns_put16(copy + 2, (uint16_t)answer->rcode);
	dns_put16(copy + 4, 1);
	dns_put16(copy + 6, answer->answers);
	dns_put16(copy + 8, answer->authorities);
	must(dns_answer_make(asked, (struct str){ copy, answer->len }, &limits,
		 0, &again) == 0);
	must(again->len == answer->len);
	must(memcmp(again->bytes + DNS_HEAD_BYTES,
		 answer->bytes + DNS_HEAD_BYTES,
		 answer->len - DNS_HEAD_BYTES) == 0);
	dns_answer_unref(again);
	free(copy);
}

static void
check_shown(const struct dns_answer *answer)
{
	struct dns_answer *shown, *again;

	must(dns_service_show_names(answer, &shown) == 0);
	if (shown == NULL)
		return;
	check_whole(shown);
	must(dns_service_show_names(shown, &again) == 0 && again == NULL);
	dns_answer_unref(shown);
}

static void
take_answer(struct str message)
{
	struct dns_query query = { 0 };
	struct dns_answer *answer;
	size_t at = DNS_HEAD_BYTES;

	if (message.len < DNS_HEAD_BYTES ||
	    dns_inquiry_read(message, &at, &query.question) < 0 ||
	    dns_answer_make(&query.question, message, &limits, 0, &answer) < 0)
		return;
	check_whole(answer);
	check_replies(answer, &query);
	query.edns.present = true;
	check_replies(answer, &query);
	check_again(answer, &query.question);
	check_shown(answer);
	dns_answer_unref(answer);
}

static void
take_query(struct str message)
{
	static char to[DNS_REPLY_BYTES_MIN];
	char text[DNS_NAME_TEXT_BYTES];
	struct dns_query query;
	struct dns_reply reply = { .query = &query,
		.rcode = DNS_RCODE_NO_NAME,
		.extended = DNS_EXTENDED_BLOCKED,
		.words = "words" };

	int rc = dns_query_read(message, &query);
	if (rc == 0)
		must(dns_name_text(&query.question.name, text).len <
		     sizeof(text));
	else
		reply.rcode = dns_query_fault(&query);
	must(dns_reply_write(&reply, 0, sizeof(to), to) <= sizeof(to));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str message = { (const char *)data, size };

	take_query(message);
	take_answer(message);
	return 0;
}
