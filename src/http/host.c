/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading is one walk over the bytes.  The order matters: first whether it is a
 * name at all, then whether that name is a number, and only then is it lowered
 * and given out.
 */
#include "http/host.h"

#include "http/limits.h"
#include "http/octet.h"

/* Labels of 1 to 63 bytes, 253 in all; *ret_lower: without a capital. */
static bool
is_name(struct str text, bool *ret_lower)
{
	size_t label = 0;

	*ret_lower = true;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];
		if (!http_octet_is(c, HTTP_OCTET_HOST))
			return false;
		if (c == '.' ? label == 0 : label == HTTP_LABEL_BYTES_MAX)
			return false;
		label = c == '.' ? 0 : label + 1;
		if (ascii_lower(c) != c)
			*ret_lower = false;
	}
	return label > 0 && text.len <= HTTP_HOST_BYTES_MAX;
}

static struct str
last_label(struct str text)
{
	size_t at = text.len;

	while (at > 0 && text.at[at - 1] != '.')
		at--;
	return str_skip(text, at);
}

/*
 * Decimal, octal or "0x" and hex digits: inet_aton() takes each of them as the
 * last part of an address, and some resolvers ask inet_aton() first.
 */
static bool
is_number(struct str label)
{
	size_t digits = 0;

	while (digits < label.len && ascii_is_digit(label.at[digits]))
		digits++;
	if (digits == label.len)
		return true;
	if (digits != 1 || label.at[0] != '0' ||
	    ascii_lower(label.at[1]) != 'x')
		return false;
	struct str hex = str_skip(label, 2);
	return http_octet_span(hex, HTTP_OCTET_HEX) == hex.len;
}

static int
lower_name(struct str text, struct arena *arena, struct http_host *ret)
{
	char *copy = arena_alloc(arena, text.len);

	if (copy == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < text.len; i++)
		copy[i] = ascii_lower(text.at[i]);
	*ret = (struct http_host){ .text = { copy, text.len } };
	return 0;
}

int
http_host_parse(struct str text, struct arena *arena, struct http_host *ret,
    enum http_fault *reterr_fault)
{
	struct str name = text;
	struct http_host host = { 0 };
	bool lower;

	if (name.len > 0 && name.at[name.len - 1] == '.')
		name.len--;
	if (!is_name(name, &lower))
		return http_refuse(reterr_fault, HTTP_FAULT_HOST);
	/* "192.0.2.1." is one more odd spelling, so the whole text counts. */
	if (is_number(last_label(name)) &&
	    address_parse(text, &host.address) < 0)
		return http_refuse(reterr_fault, HTTP_FAULT_HOST_NUMBER);
	if (!lower)
		return lower_name(name, arena, ret);
	host.text = name;
	*ret = host;
	return 0;
}

int
http_host_parse_ipv6(struct str text, struct arena *arena,
    struct http_host *ret, enum http_fault *reterr_fault)
{
	struct address address;

	if (str_find(text, ':') == text.len ||
	    address_parse(text, &address) < 0)
		return http_refuse(reterr_fault, HTTP_FAULT_HOST);
	return http_host_of_address(address, arena, ret);
}

int
http_host_of_address(
    struct address address, struct arena *arena, struct http_host *ret)
{
	char text[ADDRESS_TEXT_BYTES];
	struct str copy =
	    arena_str(arena, str_of(address_format(address, text)));

	if (copy.at == NULL)
		return -ENOMEM;
	*ret = (struct http_host){ .text = copy, .address = address };
	return 0;
}
