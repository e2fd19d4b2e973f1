/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/parse_facts: what a message's fields say about itself.
 *
 * Framing and hop: the fields on which two programs must never disagree.  Each
 * of them may stand once, and each has one meaning or none.
 */
#include "http/parse_impl.h"

#include "http/limits.h"
#include "http/octet.h"

/* The same name where '_' is read as '-'. */
static bool
looks_like(struct str name, enum http_name known)
{
	struct str text = http_name_text(known);
	size_t i = 0;

	if (name.len != text.len)
		return false;
	while (i < text.len && (ascii_lower(name.at[i]) == text.at[i] ||
				   (name.at[i] == '_' && text.at[i] == '-')))
		i++;
	return i == text.len;
}

/*
 * Servers that put fields into environment variables cannot tell '_' from '-'
 * there: Content_Length would frame a message for them and not for us.
 */
static bool
is_framing_lookalike(struct str name)
{
	return looks_like(name, HTTP_NAME_CONTENT_LENGTH) ||
	       looks_like(name, HTTP_NAME_TRANSFER_ENCODING);
}

/* A field that frames or addresses stands once, or there are two readings. */
static int
keep_one(const struct http_field **slot, const struct http_field *field,
    enum http_fault many, enum http_fault *reterr_fault)
{
	if (*slot != NULL)
		return http_refuse(reterr_fault, many);
	*slot = field;
	return 0;
}

static int
note_field(const struct http_field *field, struct http_facts *facts,
    enum http_fault *reterr_fault)
{
	switch (field->id) {
	case HTTP_NAME_OTHER:
		if (is_framing_lookalike(field->name))
			return http_refuse(reterr_fault, HTTP_FAULT_FIELD_NAME);
		return 0;
	case HTTP_NAME_HOST:
		return keep_one(
		    &facts->host, field, HTTP_FAULT_HOST_MANY, reterr_fault);
	case HTTP_NAME_CONTENT_LENGTH:
		return keep_one(&facts->length, field, HTTP_FAULT_LENGTH_MANY,
		    reterr_fault);
	case HTTP_NAME_TRANSFER_ENCODING:
		return keep_one(&facts->coding, field, HTTP_FAULT_CODING_MANY,
		    reterr_fault);
	case HTTP_NAME_UPGRADE:
		/* Several lines would be a choice; we offer none. */
		if (facts->upgrade != NULL)
			facts->odd = true;
		facts->upgrade = field;
		return 0;
	case HTTP_NAME_EXPECT:
		facts->expects = true;
		return 0;
	default:
		return 0;
	}
}

static void
mark_named(struct http_fields *fields, struct str option)
{
	enum http_name id = http_name_find(option);

	for (size_t i = 0; i < fields->count; i++) {
		struct http_field *field = &fields->items[i];
		if (field->id == id && (id != HTTP_NAME_OTHER ||
					   http_field_is_named(field, option)))
			field->hop = true;
	}
}

/* RFC 9110, 7.6.1: an option is a token and may be the name of a field. */
static void
note_option(
    struct http_fields *fields, struct str option, struct http_facts *facts)
{
	if (!http_octet_all(option, HTTP_OCTET_TOKEN))
		facts->odd = true;
	else if (str_eq_nocase(option, STR("close")))
		facts->close = true;
	else if (str_eq_nocase(option, STR("keep-alive")))
		facts->keep_alive = true;
	else if (str_eq_nocase(option, STR("upgrade")))
		facts->may_upgrade = true;
	else
		mark_named(fields, option);
}

int
http_facts_read(struct http_fields *fields, struct http_facts *ret,
    enum http_fault *reterr_fault)
{
	struct http_members options =
	    HTTP_MEMBERS(fields, HTTP_NAME_CONNECTION);
	struct http_facts facts = { 0 };
	unsigned count = 0;
	struct str option;

	for (size_t i = 0; i < fields->count; i++) {
		int error = note_field(&fields->items[i], &facts, reterr_fault);
		if (error < 0)
			return error;
	}
	while (http_members_next(&options, &option)) {
		if (++count > HTTP_CONNECTION_OPTIONS_MAX)
			return http_refuse(
			    reterr_fault, HTTP_FAULT_CONNECTION_MANY);
		note_option(fields, option, &facts);
	}
	*ret = facts;
	return 0;
}

bool
http_digits_read(struct str text, int64_t *ret)
{
	int64_t value = 0;

	if (text.len == 0)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (!ascii_is_digit(text.at[i]) ||
		    __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, text.at[i] - '0', &value))
			return false;
	}
	*ret = value;
	return true;
}

/* What is wrong with a Transfer-Encoding that is not "chunked". */
static enum http_fault
coding_fault(struct str value)
{
	bool chunked = false;

	if (value.len == 0 || value.at[value.len - 1] == ',')
		return HTTP_FAULT_CODING;
	while (value.len > 0) {
		struct str coding = http_octet_trim(str_cut(&value, ','));
		if (chunked || !http_octet_all(coding, HTTP_OCTET_TOKEN))
			return HTTP_FAULT_CODING;
		chunked = str_eq_nocase(coding, STR("chunked"));
	}
	return HTTP_FAULT_CODING_UNKNOWN;
}

/*
 * RFC 9112, 6.1 and 6.3.  Transfer-Encoding would override Content-Length
 * there; here the two together are refused, and so is a coding in a message
 * of HTTP/1.0, which the RFC calls faulty framing.
 */
int
http_length_read(const struct http_facts *facts, unsigned minor,
    struct http_length *ret, enum http_fault *reterr_fault)
{
	const struct http_field *coding = facts->coding;
	struct http_length length = { coding != NULL, HTTP_UNSAID };

	if (coding != NULL && facts->length != NULL)
		return http_refuse(reterr_fault, HTTP_FAULT_CODING_LENGTH);
	if (coding != NULL && minor == 0)
		return http_refuse(reterr_fault, HTTP_FAULT_CODING_VERSION);
	if (coding != NULL && !str_eq_nocase(coding->value, STR("chunked")))
		return http_refuse(reterr_fault, coding_fault(coding->value));
	if (facts->length != NULL &&
	    !http_digits_read(facts->length->value, &length.length))
		return http_refuse(reterr_fault, HTTP_FAULT_LENGTH);
	*ret = length;
	return 0;
}

bool
http_facts_persist(const struct http_facts *facts, unsigned minor)
{
	if (facts->close || facts->odd)
		return false;
	return minor > 0 || facts->keep_alive;
}
