/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dns/answer_draft: an answer while it is written.
 */
#include "dns/answer_impl.h"

#include <errno.h>
#include <stdlib.h>

struct dns_draft *
dns_draft_room(void)
{
	static _Thread_local struct dns_draft room;

	return &room;
}

void
dns_draft_put(struct dns_draft *draft, const void *bytes, size_t len)
{
	if (draft->full || len > sizeof(draft->bytes) - draft->len) {
		draft->full = true;
		return;
	}
	memcpy(draft->bytes + draft->len, bytes, len);
	draft->len += len;
}

static void
put16(struct dns_draft *draft, uint16_t value)
{
	char bytes[2];

	dns_put16(bytes, value);
	dns_draft_put(draft, bytes, sizeof(bytes));
}

static void
put_owner(struct dns_draft *draft, const struct dns_name *owner)
{
	if (dns_name_eq(owner, &draft->asked->name))
		put16(draft, 0xc000 | DNS_HEAD_BYTES);
	else
		dns_draft_put(draft, owner->bytes, owner->len);
}

/*
 * Types whose data has names that a server may have written as pointers (RFC
 * 3597, 4): so many bytes, then so many names, then the rest.
 */
static const struct {
	uint16_t type;
	uint8_t before, names;
} shapes[] = {
	{ DNS_TYPE_NS, 0, 1 }, { DNS_TYPE_CNAME, 0, 1 }, { DNS_TYPE_SOA, 0, 2 },
	{ DNS_TYPE_PTR, 0, 1 }, { DNS_TYPE_MX, 2, 1 }, { DNS_TYPE_DNAME, 0, 1 },
	{ DNS_TYPE_SRV, 6, 1 }, { 14, 0, 2 }, /* MINFO */
	{ 17, 0, 2 },                         /* RP */
	{ 18, 2, 1 },                         /* AFSDB */
	{ 21, 2, 1 },                         /* RT */
	{ 26, 2, 2 },                         /* PX */
	{ 36, 2, 1 },                         /* KX */
};

static int
put_names(struct dns_draft *draft, const struct dns_record *record, size_t *at,
    unsigned count)
{
	struct dns_name name;
	/* A name in the data ends there. */
	struct str whole = { draft->message.at,
		record->data_at + record->data.len };

	for (unsigned i = 0; i < count; i++) {
		if (dns_name_read(whole, at, &name) < 0)
			return -EBADMSG;
		dns_draft_put(draft, name.bytes, name.len);
	}
	return 0;
}

static int
put_data(struct dns_draft *draft, const struct dns_record *record)
{
	size_t at = record->data_at, end = at + record->data.len;
	unsigned before = 0, names = 0;

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (shapes[i].type == record->type) {
			before = shapes[i].before;
			names = shapes[i].names;
		}
	if (record->data.len < before)
		return -EBADMSG;
	dns_draft_put(draft, draft->message.at + at, before);
	at += before;
	if (put_names(draft, record, &at, names) < 0)
		return -EBADMSG;
	dns_draft_put(draft, draft->message.at + at, end - at);
	return 0;
}

void
dns_draft_note(
    struct dns_draft *draft, const struct dns_record *record, size_t data_at)
{
	size_t wanted = record->type == DNS_TYPE_A      ? 4
			: record->type == DNS_TYPE_AAAA ? 16
							: 0;

	if (wanted != 0 && record->data.len == wanted)
		draft->addresses[draft->address_count++] = (uint16_t)data_at;
	draft->has_services |=
	    record->type == DNS_TYPE_SVCB || record->type == DNS_TYPE_HTTPS;
}

int
dns_draft_put_record(
    struct dns_draft *draft, const struct dns_record *record, uint32_t ttl)
{
	char bytes[4];

	put_owner(draft, &record->owner);
	put16(draft, record->type);
	put16(draft, record->class);
	draft->ttls[draft->ttl_count++] = (uint16_t)draft->len;
	dns_put32(bytes, ttl);
	dns_draft_put(draft, bytes, sizeof(bytes));
	if (ttl < draft->ttl)
		draft->ttl = ttl;
	size_t length_at = draft->len;
	put16(draft, 0);
	if (put_data(draft, record) < 0)
		return -EBADMSG;
	if (draft->full)
		return -E2BIG;
	dns_put16(
	    draft->bytes + length_at, (uint16_t)(draft->len - length_at - 2));
	dns_draft_note(draft, record, length_at + 2);
	return 0;
}

/* ---- an answer of a draft ---- */

static struct dns_answer *
allocate(size_t len, size_t ttls, size_t addresses)
{
	size_t numbers = (ttls + addresses) * sizeof(uint16_t);
	struct dns_answer *answer = calloc(1, sizeof(*answer) + numbers + len);

	if (answer == NULL)
		return NULL;
	answer->refs = 1;
	answer->extended = DNS_EXTENDED_NONE;
	answer->ttls = (const uint16_t *)(const void *)(answer + 1);
	answer->addresses = answer->ttls + ttls;
	answer->bytes = (const char *)(answer->addresses + addresses);
	answer->len = (uint32_t)len;
	answer->ttl_count = (uint16_t)ttls;
	answer->address_count = (uint16_t)addresses;
	return answer;
}

static void
fill(struct dns_answer *answer, const struct dns_draft *draft)
{
	uint16_t *numbers = (uint16_t *)(void *)(answer + 1);

	memcpy(numbers, draft->ttls, draft->ttl_count * sizeof(*numbers));
	memcpy(numbers + draft->ttl_count, draft->addresses,
	    draft->address_count * sizeof(*numbers));
	memcpy(numbers + draft->ttl_count + draft->address_count, draft->bytes,
	    draft->len);
}

int
dns_draft_finish(
    const struct dns_draft *draft, int64_t now, struct dns_answer **ret)
{
	struct dns_answer *answer =
	    allocate(draft->len, draft->ttl_count, draft->address_count);

	if (answer == NULL)
		return -ENOMEM;
	fill(answer, draft);
	answer->born = now;
	answer->fresh_until = now + (int64_t)draft->ttl * CLOCK_SECOND;
	answer->rcode = (enum dns_rcode)(draft->head.flags & DNS_FLAG_RCODE);
	answer->authentic = (draft->head.flags & DNS_FLAG_AUTHENTIC) != 0;
	answer->has_services = draft->has_services;
	answer->answers = draft->answers;
	answer->authorities = draft->authorities;
	*ret = answer;
	return 0;
}

void
dns_draft_begin(struct dns_draft *draft, const struct dns_inquiry *asked)
{
	static const char head[DNS_HEAD_BYTES] = { 0 };

	draft->asked = asked;
	draft->aliases = 0;
	draft->ttl = UINT32_MAX;
	draft->has_services = draft->found = draft->full = false;
	draft->answers = draft->authorities = 0;
	draft->len = draft->ttl_count = draft->address_count = 0;
	dns_draft_put(draft, head, sizeof(head));
	dns_draft_put(draft, asked->name.bytes, asked->name.len);
	put16(draft, asked->type);
	put16(draft, asked->class);
}
