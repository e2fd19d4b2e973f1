/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dns/answer_take: what belongs to a question, of all that a server has sent.
 */
#include "dns/answer_impl.h"

#include <errno.h>
#include <string.h>

/* Serial, refresh, retry, expire and minimum of an SOA. */
#define SOA_NUMBERS_BYTES 20

/* A TTL with its highest bit set is 0 (RFC 2181, 8). */
static uint32_t
limit_ttl(const struct dns_draft *draft, uint32_t ttl)
{
	if (ttl > INT32_MAX)
		ttl = 0;
	if (ttl < draft->limits->min)
		ttl = draft->limits->min;
	return ttl < draft->limits->max ? ttl : draft->limits->max;
}

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
answers_of(const struct dns_draft *draft)
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
next(const struct dns_draft *draft, struct place *place, struct dns_record *ret)
{
	if (place->left == 0)
		return 0;
	place->left--;
	return dns_record_read(draft->message, &place->at, ret) < 0 ? -EBADMSG
								    : 1;
}

/* Of the record that came last: whether it is in the answer already. */
static bool *
taken_of(struct dns_draft *draft, const struct place *place)
{
	return &draft->taken[draft->head.answers - place->left - 1];
}

/*
 * Whether it stands between the last name and another one: an alias of it, or
 * one of a name above it (RFC 6672), from which the server has made the alias.
 * That may be above the next one as well, and stands there once.
 */
static bool
is_alias(
    const struct dns_draft *draft, const struct dns_record *record, bool taken)
{
	if (is_of_type(record, DNS_TYPE_CNAME))
		return dns_name_eq(&record->owner, &draft->last);
	return !taken && is_of_type(record, DNS_TYPE_DNAME) &&
	       !dns_name_eq(&record->owner, &draft->last) &&
	       dns_name_is_within(&draft->last, &record->owner);
}

/* The step from the last name to the next; false: it has no alias. */
static int
take_alias(struct dns_draft *draft, bool *ret_led)
{
	struct place place = answers_of(draft);
	struct dns_record record;
	struct dns_name to;
	int rc;

	*ret_led = false;
	while ((rc = next(draft, &place, &record)) > 0) {
		bool *taken = taken_of(draft, &place);
		if (record.class != DNS_CLASS_IN ||
		    !is_alias(draft, &record, *taken))
			continue;
		if (record.type == DNS_TYPE_CNAME) {
			size_t at = record.data_at;
			if (*ret_led)
				continue; /* there is one at most */
			if (dns_name_read(draft->message, &at, &to) < 0)
				return -EBADMSG;
			*ret_led = true;
		}
		rc = dns_draft_put_record(
		    draft, &record, limit_ttl(draft, record.ttl));
		if (rc < 0)
			return rc;
		*taken = true;
		draft->answers++;
	}
	if (rc == 0 && *ret_led)
		draft->last = to;
	return rc;
}

static int
take_aliases(struct dns_draft *draft)
{
	bool led = dns_answer_follows_aliases(draft->asked->type);
	int rc = 0;

	draft->last = draft->asked->name;
	memset(draft->taken, 0, draft->head.answers * sizeof(*draft->taken));
	while (rc == 0 && led) {
		rc = take_alias(draft, &led);
		if (led && draft->aliases++ == DNS_ALIASES_MAX)
			return -ELOOP;
	}
	return rc;
}

/* The records of the last name that were asked for: what led to it, or signs an
 * alias that is not there, may be of them. */
static int
take_found(struct dns_draft *draft)
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
		draft->found = true;
		if (*taken_of(draft, &place))
			continue;
		rc = dns_draft_put_record(
		    draft, &record, limit_ttl(draft, record.ttl));
		if (rc < 0)
			return rc;
		draft->answers++;
	}
	return rc;
}

/* ---- that there is nothing ---- */

/* Its last field (RFC 1035, 3.3.13): behind two names and four others. */
static bool
read_minimum(
    const struct dns_draft *draft, const struct dns_record *soa, uint32_t *ret)
{
	size_t at = soa->data_at, end = at + soa->data.len;
	struct dns_name name;

	if (dns_name_read(draft->message, &at, &name) < 0 ||
	    dns_name_read(draft->message, &at, &name) < 0 ||
	    at + SOA_NUMBERS_BYTES != end)
		return false;
	*ret = dns_get32(draft->message.at + end - sizeof(*ret));
	return true;
}

/* RFC 2308, 5: the least of its own TTL and its last field.  The limits are for
 * what there is. */
static uint32_t
negative_ttl(const struct dns_record *soa, uint32_t minimum)
{
	uint32_t ttl = soa->ttl < minimum ? soa->ttl : minimum;

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
is_soa(const struct dns_draft *draft, const struct dns_record *record,
    uint32_t *ret_minimum)
{
	return !draft->found && record->type == DNS_TYPE_SOA &&
	       dns_name_is_within(&draft->last, &record->owner) &&
	       read_minimum(draft, record, ret_minimum);
}

/* Behind the answer section.  True: an SOA says for how long there is nothing.
 */
static int
take_authority(struct dns_draft *draft, struct place place, bool *ret_soa)
{
	struct dns_record record;
	uint32_t minimum = 0;
	int rc;

	*ret_soa = false;
	place.left = draft->head.authorities;
	while ((rc = next(draft, &place, &record)) > 0) {
		bool soa = is_soa(draft, &record, &minimum) && !*ret_soa;
		if (record.class != DNS_CLASS_IN ||
		    (!soa && !is_proof(&record)))
			continue;
		uint32_t ttl =
		    soa ? negative_ttl(&record, minimum) : record.ttl;
		rc = dns_draft_put_record(draft, &record,
		    ttl < DNS_NEGATIVE_SECONDS_MAX ? ttl
						   : DNS_NEGATIVE_SECONDS_MAX);
		if (rc < 0)
			return rc;
		draft->authorities++;
		*ret_soa |= soa;
	}
	return rc;
}

int
dns_answer_make(const struct dns_inquiry *asked, struct str message,
    const struct dns_ttl_limits *limits, int64_t now, struct dns_answer **ret)
{
	struct dns_draft *draft = dns_draft_room();
	struct dns_record skipped;
	bool soa = false;

	dns_draft_begin(draft, asked);
	draft->message = message;
	draft->limits = limits;
	if (dns_head_read(message, &draft->head) < 0 ||
	    (unsigned)draft->head.answers + draft->head.authorities >
		DNS_DRAFT_RECORDS_MAX)
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
	return dns_draft_finish(draft, now, ret);
}
