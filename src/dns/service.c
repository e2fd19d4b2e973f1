/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns/service.h"

#include <errno.h>
#include <stdlib.h>

enum parameter {
	PARAMETER_HINT_4 = 4,
	PARAMETER_ECH = 5,
	PARAMETER_HINT_6 = 6,
};

/* ---- reading ---- */

static bool
is_service(const struct dns_record *record)
{
	return record->type == DNS_TYPE_SVCB || record->type == DNS_TYPE_HTTPS;
}

/* The parameters stand behind a priority and a name. */
static struct str
parameters_of(struct str message, const struct dns_record *record)
{
	size_t at = record->data_at + 2,
	       end = record->data_at + record->data.len;
	struct str whole = { message.at, end };
	struct dns_name target;

	if (record->data.len < 2 || dns_name_read(whole, &at, &target) < 0)
		return (struct str){ NULL, 0 };
	return (struct str){ message.at + at, end - at };
}

/* Cuts the first one off; false at the end, or where it is not well formed. */
static bool
next_parameter(struct str *rest, unsigned *ret_key, struct str *ret_value)
{
	if (rest->len < 4 || dns_get16(rest->at + 2) > rest->len - 4)
		return false;
	*ret_key = dns_get16(rest->at);
	*ret_value = (struct str){ rest->at + 4, dns_get16(rest->at + 2) };
	*rest = str_skip(*rest, 4 + ret_value->len);
	return true;
}

static void
tell_hints(struct str value, enum address_family family, size_t width,
    void (*each)(void *context, struct address address), void *context)
{
	for (; value.len >= width; value = str_skip(value, width))
		each(context, address_from_bytes(family, value.at));
}

void
dns_service_each_hint(const struct dns_answer *answer,
    void (*each)(void *context, struct address address), void *context)
{
	struct str message = { answer->bytes, answer->len }, value;
	struct dns_inquiry question;
	struct dns_record record;
	size_t at = DNS_HEAD_BYTES;
	unsigned key;

	if (dns_inquiry_read(message, &at, &question) < 0)
		return;
	for (unsigned i = 0; i < answer->answers; i++) {
		if (dns_record_read(message, &at, &record) < 0)
			return;
		struct str rest = is_service(&record)
				      ? parameters_of(message, &record)
				      : (struct str){ NULL, 0 };
		while (next_parameter(&rest, &key, &value)) {
			if (key == PARAMETER_HINT_4)
				tell_hints(
				    value, ADDRESS_IPV4, 4, each, context);
			else if (key == PARAMETER_HINT_6)
				tell_hints(
				    value, ADDRESS_IPV6, 16, each, context);
		}
	}
}

/* ---- another answer ---- */

static bool
has_keys(struct str message, const struct dns_record *record)
{
	struct str rest = parameters_of(message, record), value;
	unsigned key;

	while (next_parameter(&rest, &key, &value))
		if (key == PARAMETER_ECH)
			return true;
	return false;
}

struct copy {
	struct str from;
	char *to;
	size_t len;
	uint16_t records;
};

static void
put(struct copy *copy, const char *bytes, size_t len)
{
	memcpy(copy->to + copy->len, bytes, len);
	copy->len += len;
}

/* What is not well formed behind the keys goes with them. */
static void
put_service(struct copy *copy, size_t begin, const struct dns_record *record)
{
	struct str rest = parameters_of(copy->from, record), value;
	size_t before = (size_t)(rest.at - copy->from.at) - begin;
	size_t data = copy->len + (record->data_at - begin);
	unsigned key;

	put(copy, copy->from.at + begin, before);
	while (next_parameter(&rest, &key, &value))
		if (key != PARAMETER_ECH)
			put(copy, value.at - 4, value.len + 4);
	dns_put16(copy->to + data - 2, (uint16_t)(copy->len - data));
}

/* All but the signatures, which would be wrong. */
static void
put_records(struct copy *copy, size_t *at, unsigned count)
{
	struct dns_record record;

	copy->records = 0;
	for (unsigned i = 0; i < count; i++) {
		size_t begin = *at;
		if (dns_record_read(copy->from, at, &record) < 0)
			return;
		if (record.type == DNS_TYPE_RRSIG)
			continue;
		if (is_service(&record) && has_keys(copy->from, &record))
			put_service(copy, begin, &record);
		else
			put(copy, copy->from.at + begin, *at - begin);
		copy->records++;
	}
}

static bool
bears_keys(const struct dns_answer *answer)
{
	struct str message = { answer->bytes, answer->len };
	struct dns_inquiry question;
	struct dns_record record;
	size_t at = DNS_HEAD_BYTES;

	if (!answer->has_services ||
	    dns_inquiry_read(message, &at, &question) < 0)
		return false;
	for (unsigned i = 0; i < answer->answers; i++)
		if (dns_record_read(message, &at, &record) < 0)
			return false;
		else if (is_service(&record) && has_keys(message, &record))
			return true;
	return false;
}

int
dns_service_show_names(const struct dns_answer *answer, struct dns_answer **ret)
{
	struct copy copy = { .from = { answer->bytes, answer->len } };
	struct dns_inquiry question;
	size_t at = DNS_HEAD_BYTES;
	int rc = 0;

	*ret = NULL;
	if (!bears_keys(answer))
		return 0;
	copy.to = malloc(answer->len);
	if (copy.to == NULL)
		return -ENOMEM;
	(void)dns_inquiry_read(copy.from, &at, &question);
	put(&copy, answer->bytes, at);
	put_records(&copy, &at, answer->answers);
	uint16_t answers = copy.records;
	put_records(&copy, &at, answer->authorities);
	rc = dns_answer_copy(answer, (struct str){ copy.to, copy.len }, answers,
	    copy.records, ret);
	free(copy.to);
	return rc;
}
