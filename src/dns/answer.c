/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns/answer.h"

#include "dns/answer_impl.h"

#include <stdlib.h>

struct dns_answer *
dns_answer_failure(
    const struct dns_inquiry *asked, enum dns_extended extended, int64_t now)
{
	struct dns_draft *draft = dns_draft_room();
	struct dns_answer *answer;

	dns_draft_begin(draft, asked);
	draft->head = (struct dns_head){ .flags = DNS_RCODE_FAILURE };
	draft->ttl = 0;
	if (dns_draft_finish(draft, now, &answer) < 0)
		return NULL;
	answer->fresh_until = now + DNS_FAILURE_TTL;
	answer->extended = extended;
	return answer;
}

/* Where TTLs and addresses stand in a message of our own making. */
static void
find_places(struct dns_draft *draft)
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
		dns_draft_note(draft, &record, record.data_at);
	}
}

int
dns_answer_copy(const struct dns_answer *answer, struct str message,
    uint16_t answers, uint16_t authorities, struct dns_answer **ret)
{
	struct dns_draft *draft = dns_draft_room();
	struct dns_answer *copy;

	draft->full = draft->has_services = false;
	draft->len = draft->ttl_count = draft->address_count = 0;
	draft->answers = answers;
	draft->authorities = authorities;
	draft->head = (struct dns_head){ .flags = (uint16_t)answer->rcode };
	draft->ttl = 0;
	dns_draft_put(draft, message.at, message.len);
	find_places(draft);
	int rc = dns_draft_finish(draft, answer->born, &copy);
	if (rc < 0)
		return rc;
	copy->fresh_until = answer->fresh_until;
	copy->extended = answer->extended;
	*ret = copy;
	return 0;
}

bool
dns_answer_follows_aliases(uint16_t type)
{
	return type != DNS_TYPE_CNAME && type != DNS_TYPE_ANY;
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
	    !dns_answer_follows_aliases(question.type))
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
