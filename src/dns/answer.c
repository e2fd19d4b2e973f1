/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns/answer.h"

#include <errno.h>
#include <stdlib.h>

/* A record is 11 bytes at least. */
#define RECORDS_MAX (DNS_MESSAGE_MAX / 11)

/* What a draft becomes; one a thread. */
struct draft {
	const struct dns_inquiry *asked;
	struct str message; /* of the server */
	struct dns_head head;
	const struct dns_ttl_limits *limits;
	struct dns_name last; /* of the aliases */
	size_t aliases;
	uint32_t ttl; /* the shortest */
	bool has_services, found, full;
	uint16_t answers, authorities;
	size_t len, ttl_count, address_count;
	uint16_t ttls[RECORDS_MAX], addresses[RECORDS_MAX];
	char bytes[DNS_MESSAGE_MAX];
};

/* Too large for a stack; what is made of it is made before it is used again. */
static _Thread_local struct draft draft_room;

/* ---- writing ---- */

static void
put(struct draft *draft, const void *bytes, size_t len)
{
	if (draft->full || len > sizeof(draft->bytes) - draft->len) {
		draft->full = true;
		return;
	}
	memcpy(draft->bytes + draft->len, bytes, len);
	draft->len += len;
}

static void
put16(struct draft *draft, uint16_t value)
{
	char bytes[2];

	dns_put16(bytes, value);
	put(draft, bytes, sizeof(bytes));
}

static void
put_owner(struct draft *draft, const struct dns_name *owner)
{
	if (dns_name_eq(owner, &draft->asked->name))
		put16(draft, 0xc000 | DNS_HEAD_BYTES);
	else
		put(draft, owner->bytes, owner->len);
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
put_names(struct draft *draft, const struct dns_record *record, size_t *at,
    unsigned count)
{
	struct dns_name name;
	/* A name in the data ends there. */
	struct str whole = { draft->message.at,
		record->data_at + record->data.len };

	for (unsigned i = 0; i < count; i++) {
		if (dns_name_read(whole, at, &name) < 0)
			return -EBADMSG;
		put(draft, name.bytes, name.len);
	}
	return 0;
}

static int
put_data(struct draft *draft, const struct dns_record *record)
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
	put(draft, draft->message.at + at, before);
	at += before;
	if (put_names(draft, record, &at, names) < 0)
		return -EBADMSG;
	put(draft, draft->message.at + at, end - at);
	return 0;
}

/* A TTL with its highest bit set is 0 (RFC 2181, 8). */
static uint32_t
limit_ttl(const struct draft *draft, uint32_t ttl)
{
	if (ttl > INT32_MAX)
		ttl = 0;
	if (ttl < draft->limits->min)
		ttl = draft->limits->min;
	return ttl < draft->limits->max ? ttl : draft->limits->max;
}

static void
note(struct draft *draft, const struct dns_record *record, size_t data_at)
{
	size_t wanted = record->type == DNS_TYPE_A      ? 4
			: record->type == DNS_TYPE_AAAA ? 16
							: 0;

	if (wanted != 0 && record->data.len == wanted)
		draft->addresses[draft->address_count++] = (uint16_t)data_at;
	draft->has_services |=
	    record->type == DNS_TYPE_SVCB || record->type == DNS_TYPE_HTTPS;
}

static int
put_record(struct draft *draft, const struct dns_record *record, uint32_t ttl)
{
	char bytes[4];

	put_owner(draft, &record->owner);
	put16(draft, record->type);
	put16(draft, record->class);
	draft->ttls[draft->ttl_count++] = (uint16_t)draft->len;
	dns_put32(bytes, ttl);
	put(draft, bytes, sizeof(bytes));
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
	note(draft, record, length_at + 2);
	return 0;
}

/* ---- what belongs to the question ---- */

static uint16_t
covered_by(const struct dns_record *signature)
{
	return signature->data.len >= 2 ? dns_get16(signature->data.at) : 0;
}

static bool
is_of_type(const struct dns_record *record, uint16_t type)
{
	return record->type == type ||
	       (record->type == DNS_TYPE_RRSIG && covered_by(record) == type);
}

struct place {
	size_t at; /* of the answer section */
	unsigned left;
};

static struct place
answers_of(const struct draft *draft)
{
	struct dns_inquiry question;
	struct place place = { DNS_HEAD_BYTES, draft->head.answers };

	for (unsigned i = 0; i < draft->head.questions; i++)
		if (dns_inquiry_read(draft->message, &place.at, &question) < 0)
			place.left = 0;
	return place;
}

/* 1 and the next one, 0 at the end, or -EBADMSG. */
static int
next(const struct draft *draft, struct place *place, struct dns_record *ret)
{
	if (place->left == 0)
		return 0;
	place->left--;
	return dns_record_read(draft->message, &place->at, ret) < 0 ? -EBADMSG
								    : 1;
}

/*
 * Whether it stands between the last name and another one: an alias of it, or
 * one of a name above it (RFC 6672), from which the server has made the alias.
 */
static bool
is_alias(const struct draft *draft, const struct dns_record *record)
{
	if (is_of_type(record, DNS_TYPE_CNAME))
		return dns_name_eq(&record->owner, &draft->last);
	return is_of_type(record, DNS_TYPE_DNAME) &&
	       !dns_name_eq(&record->owner, &draft->last) &&
	       dns_name_is_within(&draft->last, &record->owner);
}

/* The step from the last name to the next; false: it has no alias. */
static int
take_alias(struct draft *draft, bool *ret_led)
{
	struct place place = answers_of(draft);
	struct dns_record record;
	struct dns_name to;
	int rc;

	*ret_led = false;
	while ((rc = next(draft, &place, &record)) > 0) {
		if (record.class != DNS_CLASS_IN || !is_alias(draft, &record))
			continue;
		if (record.type == DNS_TYPE_CNAME) {
			size_t at = record.data_at;
			if (*ret_led)
				continue; /* there is one at most */
			if (dns_name_read(draft->message, &at, &to) < 0)
				return -EBADMSG;
			*ret_led = true;
		}
		rc = put_record(draft, &record, limit_ttl(draft, record.ttl));
		if (rc < 0)
			return rc;
		draft->answers++;
	}
	if (rc == 0 && *ret_led)
		draft->last = to;
	return rc;
}

static bool
follows_aliases(uint16_t type)
{
	return type != DNS_TYPE_CNAME && type != DNS_TYPE_ANY;
}

static int
take_aliases(struct draft *draft)
{
	bool led = follows_aliases(draft->asked->type);
	int rc = 0;

	draft->last = draft->asked->name;
	while (rc == 0 && led) {
		rc = take_alias(draft, &led);
		if (led && draft->aliases++ == DNS_ALIASES_MAX)
			return -ELOOP;
	}
	return rc;
}

/* The records of the last name that were asked for. */
static int
take_found(struct draft *draft)
{
	struct place place = answers_of(draft);
	struct dns_record record;
	uint16_t type = draft->asked->type;
	int rc;

	while ((rc = next(draft, &place, &record)) > 0) {
		if (record.class != DNS_CLASS_IN ||
		    !dns_name_eq(&record.owner, &draft->last) ||
		    (type != DNS_TYPE_ANY && !is_of_type(&record, type)))
			continue;
		rc = put_record(draft, &record, limit_ttl(draft, record.ttl));
		if (rc < 0)
			return rc;
		draft->answers++;
		draft->found = true;
	}
	return rc;
}

/* ---- that there is nothing ---- */

/* RFC 2308, 5: the least of its own TTL and its last field.  The limits are for
 * what there is. */
static uint32_t
negative_ttl(const struct dns_record *soa)
{
	uint32_t last = soa->data.len >= 4
			    ? dns_get32(soa->data.at + soa->data.len - 4)
			    : 0;
	uint32_t ttl = soa->ttl < last ? soa->ttl : last;

	if (ttl > INT32_MAX)
		ttl = 0;
	return ttl < DNS_NEGATIVE_SECONDS_MAX ? ttl : DNS_NEGATIVE_SECONDS_MAX;
}

/* What proves an answer is opaque here, and for who has asked for it. */
static bool
is_proof(const struct dns_record *record)
{
	return record->type == DNS_TYPE_NSEC ||
	       record->type == DNS_TYPE_NSEC3 || record->type == DNS_TYPE_RRSIG;
}

static bool
is_soa(const struct draft *draft, const struct dns_record *record)
{
	return !draft->found && record->type == DNS_TYPE_SOA &&
	       dns_name_is_within(&draft->last, &record->owner);
}

/* Behind the answer section.  True: an SOA says for how long there is nothing.
 */
static int
take_authority(struct draft *draft, struct place place, bool *ret_soa)
{
	struct dns_record record;
	int rc;

	*ret_soa = false;
	place.left = draft->head.authorities;
	while ((rc = next(draft, &place, &record)) > 0) {
		bool soa = is_soa(draft, &record) && !*ret_soa;
		if (record.class != DNS_CLASS_IN ||
		    (!soa && !is_proof(&record)))
			continue;
		uint32_t ttl = soa ? negative_ttl(&record) : record.ttl;
		rc = put_record(draft, &record,
		    ttl < DNS_NEGATIVE_SECONDS_MAX ? ttl
						   : DNS_NEGATIVE_SECONDS_MAX);
		if (rc < 0)
			return rc;
		draft->authorities++;
		*ret_soa |= soa;
	}
	return rc;
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
fill(struct dns_answer *answer, const struct draft *draft)
{
	uint16_t *numbers = (uint16_t *)(void *)(answer + 1);

	memcpy(numbers, draft->ttls, draft->ttl_count * sizeof(*numbers));
	memcpy(numbers + draft->ttl_count, draft->addresses,
	    draft->address_count * sizeof(*numbers));
	memcpy(numbers + draft->ttl_count + draft->address_count, draft->bytes,
	    draft->len);
}

static int
finish(const struct draft *draft, int64_t now, struct dns_answer **ret)
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

static void
begin(struct draft *draft, const struct dns_inquiry *asked)
{
	static const char head[DNS_HEAD_BYTES] = { 0 };

	draft->asked = asked;
	draft->aliases = 0;
	draft->ttl = UINT32_MAX;
	draft->has_services = draft->found = draft->full = false;
	draft->answers = draft->authorities = 0;
	draft->len = draft->ttl_count = draft->address_count = 0;
	put(draft, head, sizeof(head));
	put(draft, asked->name.bytes, asked->name.len);
	put16(draft, asked->type);
	put16(draft, asked->class);
}

int
dns_answer_make(const struct dns_inquiry *asked, struct str message,
    const struct dns_ttl_limits *limits, int64_t now, struct dns_answer **ret)
{
	struct draft *draft = &draft_room;
	struct dns_record skipped;
	bool soa = false;

	begin(draft, asked);
	draft->message = message;
	draft->limits = limits;
	if (dns_head_read(message, &draft->head) < 0 ||
	    (unsigned)draft->head.answers + draft->head.authorities >
		RECORDS_MAX)
		return -EBADMSG;
	int rc = take_aliases(draft);
	if (rc == 0)
		rc = take_found(draft);
	struct place place = answers_of(draft);
	while (rc == 0 && next(draft, &place, &skipped) > 0)
		continue;
	if (rc == 0)
		rc = take_authority(draft, place, &soa);
	if (rc < 0)
		return rc;
	/* RFC 2308, 5: what says not how long there is nothing is not kept. */
	if ((!draft->found && !soa) || draft->ttl == UINT32_MAX)
		draft->ttl = 0;
	return finish(draft, now, ret);
}

struct dns_answer *
dns_answer_failure(
    const struct dns_inquiry *asked, enum dns_extended extended, int64_t now)
{
	struct draft *draft = &draft_room;
	struct dns_answer *answer;

	begin(draft, asked);
	draft->head = (struct dns_head){ .flags = DNS_RCODE_FAILURE };
	draft->ttl = 0;
	if (finish(draft, now, &answer) < 0)
		return NULL;
	answer->fresh_until = now + DNS_FAILURE_TTL;
	answer->extended = extended;
	return answer;
}

/* Where TTLs and addresses stand in a message of our own making. */
static void
find_places(struct draft *draft)
{
	struct str message = { draft->bytes, draft->len };
	struct dns_inquiry question;
	struct dns_record record;
	size_t at = DNS_HEAD_BYTES;
	unsigned left = (unsigned)draft->answers + draft->authorities;

	if (dns_inquiry_read(message, &at, &question) < 0)
		return;
	for (; left > 0 && dns_record_read(message, &at, &record) == 0;
	     left--) {
		draft->ttls[draft->ttl_count++] =
		    (uint16_t)(record.data_at - 6);
		note(draft, &record, record.data_at);
	}
}

int
dns_answer_copy(const struct dns_answer *answer, struct str message,
    uint16_t answers, uint16_t authorities, struct dns_answer **ret)
{
	struct draft *draft = &draft_room;
	struct dns_answer *copy;

	draft->full = draft->has_services = false;
	draft->len = draft->ttl_count = draft->address_count = 0;
	draft->answers = answers;
	draft->authorities = authorities;
	draft->head = (struct dns_head){ .flags = (uint16_t)answer->rcode };
	draft->ttl = 0;
	put(draft, message.at, message.len);
	find_places(draft);
	int rc = finish(draft, answer->born, &copy);
	if (rc < 0)
		return rc;
	copy->fresh_until = answer->fresh_until;
	copy->extended = answer->extended;
	*ret = copy;
	return 0;
}

struct dns_answer *
dns_answer_ref(struct dns_answer *answer)
{
	(void)__atomic_add_fetch(&answer->refs, 1, __ATOMIC_RELAXED);
	return answer;
}

void
dns_answer_unref(struct dns_answer *answer)
{
	if (answer != NULL &&
	    __atomic_sub_fetch(&answer->refs, 1, __ATOMIC_ACQ_REL) == 0)
		free(answer);
}

size_t
dns_answer_bytes(const struct dns_answer *answer)
{
	return sizeof(*answer) + answer->len +
	       ((size_t)answer->ttl_count + answer->address_count) *
		   sizeof(uint16_t);
}

/* ---- looking at it ---- */

/* In front of the data stand its length, and before it the rest of what every
 * record has. */
bool
dns_answer_address(
    const struct dns_answer *answer, size_t i, struct address *ret)
{
	if (i >= answer->address_count)
		return false;
	const char *data = answer->bytes + answer->addresses[i];
	*ret = address_from_bytes(
	    dns_get16(data - 2) == 4 ? ADDRESS_IPV4 : ADDRESS_IPV6, data);
	return true;
}

bool
dns_answer_alias(
    const struct dns_answer *answer, size_t i, struct dns_name *ret)
{
	struct str bytes = { answer->bytes, answer->len };
	struct dns_inquiry question;
	struct dns_record record;
	size_t at = DNS_HEAD_BYTES;

	if (dns_inquiry_read(bytes, &at, &question) < 0 ||
	    !follows_aliases(question.type))
		return false;
	for (unsigned n = 0; n < answer->answers; n++) {
		if (dns_record_read(bytes, &at, &record) < 0)
			return false;
		if (record.type != DNS_TYPE_CNAME || i-- > 0)
			continue;
		at = record.data_at;
		return dns_name_read(bytes, &at, ret) == 0;
	}
	return false;
}

uint32_t
dns_answer_ttl(const struct dns_answer *answer, int64_t now)
{
	if (answer->fresh_until <= now)
		return 0;
	return (uint32_t)((answer->fresh_until - now) / CLOCK_SECOND);
}
