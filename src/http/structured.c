/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The algorithms of RFC 9651, 4.2, one function each; all take what they read
 * off the head of *rest.
 */
#include "http/structured.h"

#include <errno.h>

#include "http/octet.h"

#define INTEGER_DIGITS_MAX 15 /* RFC 9651, 3.3.1 */
#define DECIMAL_DIGITS_MAX 12 /* before the point; 3 behind it */
#define FRACTION_MAX       3

static bool
begins(struct str s, char c)
{
	return s.len > 0 && s.at[0] == c;
}

static bool
take(struct str *rest, char c)
{
	if (!begins(*rest, c))
		return false;
	*rest = str_skip(*rest, 1);
	return true;
}

static struct str
take_bytes(struct str *rest, size_t len)
{
	struct str taken = { rest->at, len };

	*rest = str_skip(*rest, len);
	return taken;
}

static bool
is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool
is_key(char c)
{
	return is_lower(c) || ascii_is_digit(c) || c == '_' || c == '-' ||
	       c == '.' || c == '*';
}

/* 4.2.3.3 */
static int
take_key(struct str *rest, struct str *ret)
{
	size_t len = 0;

	if (rest->len == 0 || (!is_lower(rest->at[0]) && rest->at[0] != '*'))
		return -EINVAL;
	while (len < rest->len && is_key(rest->at[len]))
		len++;
	*ret = take_bytes(rest, len);
	return 0;
}

static size_t
digits(struct str s)
{
	size_t len = 0;

	while (len < s.len && ascii_is_digit(s.at[len]))
		len++;
	return len;
}

/* 4.2.4 */
static int
take_number(struct str *rest, struct http_structured *ret)
{
	bool negative = take(rest, '-');
	struct str whole = take_bytes(rest, digits(*rest));

	if (whole.len == 0 || whole.len > INTEGER_DIGITS_MAX)
		return -EINVAL;
	if (take(rest, '.')) {
		struct str fraction = take_bytes(rest, digits(*rest));
		ret->type = HTTP_STRUCTURED_ANOTHER;
		return whole.len <= DECIMAL_DIGITS_MAX && fraction.len > 0 &&
			       fraction.len <= FRACTION_MAX
			   ? 0
			   : -EINVAL;
	}
	ret->type = HTTP_STRUCTURED_INTEGER;
	ret->number = 0;
	for (size_t i = 0; i < whole.len; i++)
		ret->number = ret->number * 10 + (whole.at[i] - '0');
	if (negative)
		ret->number = -ret->number;
	return 0;
}

/* 4.2.5; the opening quote is taken. */
static int
take_string(struct str *rest, struct str *ret)
{
	size_t len = 0;

	for (; len < rest->len && rest->at[len] != '"'; len++) {
		char c = rest->at[len];
		if (c < 0x20 || c > 0x7e)
			return -EINVAL;
		if (c != '\\')
			continue;
		if (++len == rest->len ||
		    (rest->at[len] != '"' && rest->at[len] != '\\'))
			return -EINVAL;
	}
	*ret = take_bytes(rest, len);
	return take(rest, '"') ? 0 : -EINVAL;
}

/* 4.2.6 */
static int
take_token(struct str *rest, struct str *ret)
{
	size_t len = 0;

	while (len < rest->len &&
	       (http_octet_is(rest->at[len], HTTP_OCTET_TOKEN) ||
		   rest->at[len] == ':' || rest->at[len] == '/'))
		len++;
	*ret = take_bytes(rest, len);
	return 0;
}

static bool
is_base64(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c) || c == '+' || c == '/' ||
	       c == '=';
}

/* 4.2.7; the opening colon is taken. */
static int
take_byte_sequence(struct str *rest)
{
	while (rest->len > 0 && is_base64(rest->at[0]))
		*rest = str_skip(*rest, 1);
	return take(rest, ':') ? 0 : -EINVAL;
}

/* 4.2.10; the percent sign is taken.  Escapes are two lower-case digits. */
static int
take_display_string(struct str *rest)
{
	if (!take(rest, '"'))
		return -EINVAL;
	while (rest->len > 0 && rest->at[0] != '"') {
		char c = rest->at[0];
		if (c < 0x20 || c > 0x7e)
			return -EINVAL;
		*rest = str_skip(*rest, 1);
		for (unsigned i = 0; c == '%' && i < 2; i++) {
			if (rest->len == 0 ||
			    !http_octet_is(rest->at[0], HTTP_OCTET_HEX) ||
			    ascii_lower(rest->at[0]) != rest->at[0])
				return -EINVAL;
			*rest = str_skip(*rest, 1);
		}
	}
	return take(rest, '"') ? 0 : -EINVAL;
}

/* 4.2.8; the question mark is taken. */
static int
take_boolean(struct str *rest, struct http_structured *ret)
{
	ret->type = HTTP_STRUCTURED_BOOLEAN;
	ret->number = begins(*rest, '1');
	return take(rest, '1') || take(rest, '0') ? 0 : -EINVAL;
}

/* 4.2.9; the at sign is taken. */
static int
take_date(struct str *rest)
{
	struct http_structured number;

	if (take_number(rest, &number) < 0)
		return -EINVAL;
	return number.type == HTTP_STRUCTURED_INTEGER ? 0 : -EINVAL;
}

/* 4.2.3.1 */
static int
take_bare_item(struct str *rest, struct http_structured *ret)
{
	if (begins(*rest, '-') || digits(*rest) > 0)
		return take_number(rest, ret);
	ret->type = HTTP_STRUCTURED_STRING;
	if (take(rest, '"'))
		return take_string(rest, &ret->text);
	ret->type = HTTP_STRUCTURED_TOKEN;
	if (begins(*rest, '*') || (rest->len > 0 && ascii_is_alpha(*rest->at)))
		return take_token(rest, &ret->text);
	if (take(rest, '?'))
		return take_boolean(rest, ret);
	ret->type = HTTP_STRUCTURED_ANOTHER;
	if (take(rest, ':'))
		return take_byte_sequence(rest);
	if (take(rest, '@'))
		return take_date(rest);
	if (take(rest, '%'))
		return take_display_string(rest);
	return -EINVAL;
}

static void
skip_spaces(struct str *rest)
{
	while (take(rest, ' '))
		;
}

/* 4.2.3.2 */
static int
take_parameters(struct str *rest)
{
	struct http_structured ignored;

	while (take(rest, ';')) {
		skip_spaces(rest);
		if (take_key(rest, &ignored.key) < 0)
			return -EINVAL;
		if (take(rest, '=') && take_bare_item(rest, &ignored) < 0)
			return -EINVAL;
	}
	return 0;
}

/* 4.2.1.2; the opening bracket is taken. */
static int
take_inner_list(struct str *rest)
{
	struct http_structured ignored;

	for (;;) {
		skip_spaces(rest);
		if (take(rest, ')'))
			return 0;
		if (take_bare_item(rest, &ignored) < 0 ||
		    take_parameters(rest) < 0)
			return -EINVAL;
		if (!begins(*rest, ' ') && !begins(*rest, ')'))
			return -EINVAL;
	}
}

static int
take_value(struct str *rest, struct http_structured *ret)
{
	if (!take(rest, '=')) {
		ret->type = HTTP_STRUCTURED_BOOLEAN;
		ret->number = 1;
		return 0;
	}
	if (!take(rest, '('))
		return take_bare_item(rest, ret);
	ret->type = HTTP_STRUCTURED_ANOTHER;
	return take_inner_list(rest);
}

/* 4.2.2 */
int
http_structured_next(struct str *rest, struct http_structured *ret)
{
	struct http_structured member = { .text = { "", 0 } };
	struct str left = http_octet_trim(*rest);

	if (left.len == 0) {
		*rest = left;
		return 0;
	}
	if (take_key(&left, &member.key) < 0 ||
	    take_value(&left, &member) < 0 || take_parameters(&left) < 0)
		return -EINVAL;
	left = http_octet_trim(left);
	if (left.len > 0) {
		if (!take(&left, ','))
			return -EINVAL;
		left = http_octet_trim(left);
		if (left.len == 0) /* a comma that nothing follows */
			return -EINVAL;
	}
	*rest = left;
	*ret = member;
	return 1;
}
