/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns/reply.h"

#define OPT_BYTES       11
#define EXTENDED_BYTES  6  /* of its option, without the words */
#define OPTION_EXTENDED 15 /* RFC 8914, 2 */
#define WORDS_BYTES_MAX 120

struct writing {
	const struct dns_reply *reply;
	enum dns_extended extended;
	size_t words;
};

static struct writing
begin(const struct dns_reply *reply)
{
	struct writing writing = { .reply = reply,
		.extended = reply->extended };

	if (writing.extended == DNS_EXTENDED_NONE && reply->answer != NULL)
		writing.extended = reply->answer->extended;
	if (writing.extended != DNS_EXTENDED_NONE && reply->words != NULL)
		writing.words = strlen(reply->words);
	if (writing.words > WORDS_BYTES_MAX)
		writing.words = WORDS_BYTES_MAX;
	return writing;
}

static size_t
opt_bytes(const struct writing *writing)
{
	if (!writing->reply->query->edns.present)
		return 0;
	if (writing->extended == DNS_EXTENDED_NONE)
		return OPT_BYTES;
	return OPT_BYTES + EXTENDED_BYTES + writing->words;
}

/* The size is what we take ourselves, of questions. */
static size_t
put_opt(const struct writing *writing, char *to)
{
	const struct dns_reply *reply = writing->reply;
	size_t len = opt_bytes(writing);
	uint32_t flags = reply->query->edns.secure ? DNS_EDNS_SECURE : 0;

	if (len == 0)
		return 0;
	to[0] = 0;
	dns_put16(to + 1, DNS_TYPE_OPT);
	dns_put16(to + 3, DNS_UDP_BYTES_MAX);
	if (reply->answer == NULL)
		flags |= (uint32_t)reply->rcode >> 4 << 24;
	dns_put32(to + 5, flags);
	dns_put16(to + 9, (uint16_t)(len - OPT_BYTES));
	if (len == OPT_BYTES)
		return len;
	dns_put16(to + 11, OPTION_EXTENDED);
	dns_put16(to + 13, (uint16_t)(2 + writing->words));
	dns_put16(to + 15, (uint16_t)writing->extended);
	if (writing->words > 0)
		memcpy(to + 17, reply->words, writing->words);
	return len;
}

/* RFC 6840, 5.8: AD is for who has asked for it, by AD or by DO. */
static uint16_t
flags_of(const struct writing *writing)
{
	const struct dns_reply *reply = writing->reply;
	const struct dns_query *query = reply->query;
	uint16_t asked = query->head.flags;
	uint16_t flags = DNS_FLAG_ANSWER | DNS_FLAG_RECURSIVE;

	flags |=
	    asked & (DNS_FLAG_OPCODE | DNS_FLAG_RECURSE | DNS_FLAG_UNCHECKED);
	if (reply->answer == NULL)
		return flags | (reply->rcode & DNS_FLAG_RCODE);
	if (reply->answer->authentic && !reply->stale &&
	    ((asked & DNS_FLAG_AUTHENTIC) != 0 || query->edns.secure))
		flags |= DNS_FLAG_AUTHENTIC;
	return flags | (reply->answer->rcode & DNS_FLAG_RCODE);
}

static size_t
put_question(const struct dns_query *query, char *to)
{
	const struct dns_inquiry *question = &query->question;

	memcpy(to, question->name.bytes, question->name.len);
	dns_put16(to + question->name.len, question->type);
	dns_put16(to + question->name.len + 2, question->class);
	return question->name.len + (size_t)4;
}

static void
put_head(const struct writing *writing, uint16_t flags, uint16_t answers,
    uint16_t authorities, char *to)
{
	const struct dns_query *query = writing->reply->query;

	dns_put16(to, query->head.id);
	dns_put16(to + 2, flags);
	dns_put16(to + 4, query->question.name.len > 0);
	dns_put16(to + 6, answers);
	dns_put16(to + 8, authorities);
	dns_put16(to + 10, query->edns.present);
}

static size_t
write_bare(const struct writing *writing, uint16_t flags, char *to)
{
	size_t len = DNS_HEAD_BYTES;

	put_head(writing, flags, 0, 0, to);
	if (writing->reply->query->question.name.len > 0)
		len += put_question(writing->reply->query, to + len);
	return len + put_opt(writing, to + len);
}

static void
age(const struct dns_reply *reply, int64_t now, char *message)
{
	const struct dns_answer *answer = reply->answer;
	uint32_t gone = (uint32_t)((now - answer->born) / CLOCK_SECOND);

	for (size_t i = 0; i < answer->ttl_count; i++) {
		char *at = message + answer->ttls[i];
		uint32_t ttl = dns_get32(at);
		dns_put32(at, reply->stale ? DNS_STALE_TTL_SECONDS
			      : ttl > gone ? ttl - gone
					   : 0);
	}
}

size_t
dns_reply_write(
    const struct dns_reply *reply, int64_t now, size_t room, char *to)
{
	const struct dns_answer *answer = reply->answer;
	struct writing writing = begin(reply);
	uint16_t flags = flags_of(&writing);

	if (answer == NULL)
		return write_bare(&writing, flags, to);
	if (answer->len + opt_bytes(&writing) > room)
		return write_bare(&writing, flags | DNS_FLAG_TRUNCATED, to);
	memcpy(to, answer->bytes, answer->len);
	put_head(&writing, flags, answer->answers, answer->authorities, to);
	(void)put_question(reply->query, to + DNS_HEAD_BYTES);
	age(reply, now, to);
	return answer->len + put_opt(&writing, to + answer->len);
}

size_t
dns_reply_room(const struct dns_query *query)
{
	size_t room = query->edns.present ? query->edns.bytes_max : 0;

	if (room < DNS_UDP_BYTES)
		return DNS_UDP_BYTES;
	return room < DNS_UDP_BYTES_MAX ? room : DNS_UDP_BYTES_MAX;
}
