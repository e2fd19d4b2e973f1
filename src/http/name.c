/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of http/name.h as a table, and the search in it: by length, then
 * eight bytes at a time.  Read-only; any thread.
 */
#include "http/name.h"

#include "base/must.h"

static const struct {
	struct str text;
	enum http_name_use use;
} rows[HTTP_NAME_COUNT] = {
#define ROW(id, text, use)                                                     \
	[HTTP_NAME_##id] = { STR_INIT(text), HTTP_NAME_USE_##use },
	HTTP_NAMES(ROW)
#undef ROW
};

/*
 * The first row that is at least so long: where the search begins.  The last
 * entry is for all lengths beyond.
 */
static const uint8_t first_of_length[] = {
	[0] = HTTP_NAME_TE,
	[1] = HTTP_NAME_TE,
	[2] = HTTP_NAME_TE,
	[3] = HTTP_NAME_AGE,
	[4] = HTTP_NAME_DATE,
	[5] = HTTP_NAME_ALLOW,
	[6] = HTTP_NAME_ACCEPT,
	[7] = HTTP_NAME_ALT_SVC,
	[8] = HTTP_NAME_IF_MATCH,
	[9] = HTTP_NAME_FORWARDED,
	[10] = HTTP_NAME_CONNECTION,
	[11] = HTTP_NAME_RETRY_AFTER,
	[12] = HTTP_NAME_CACHE_STATUS,
	[13] = HTTP_NAME_ACCEPT_RANGES,
	[14] = HTTP_NAME_CONTENT_LENGTH,
	[15] = HTTP_NAME_ACCEPT_ENCODING,
	[16] = HTTP_NAME_CONTENT_ENCODING,
	[17] = HTTP_NAME_CDN_CACHE_CONTROL,
	[18] = HTTP_NAME_PROXY_AUTHENTICATE,
	[19] = HTTP_NAME_CONTENT_DISPOSITION,
	[20] = HTTP_NAME_PROXY_AUTHENTICATION_INFO,
};

#define LENGTHS (sizeof(first_of_length) / sizeof(first_of_length[0]))

#define BIT_5 UINT64_C(0x2020202020202020)

/*
 * Setting bit 5 lowers letters and leaves digits and '-' alone.  No other byte
 * of a token becomes one of those by it, so that for tokens the comparison is
 * exact; it goes eight bytes at a time.
 */
static bool
word_is(const char *token, const char *lower)
{
	uint64_t a, b;

	memcpy(&a, token, sizeof(a));
	memcpy(&b, lower, sizeof(b));
	return (a | BIT_5) == b;
}

static bool
short_is(struct str token, const char *lower)
{
	size_t i = 0;

	while (i < token.len && (token.at[i] | 0x20) == lower[i])
		i++;
	return i == token.len;
}

/* The last eight may be some of those before. */
static bool
token_is(struct str token, const char *lower)
{
	const size_t word = sizeof(uint64_t);

	if (token.len < word)
		return short_is(token, lower);
	for (size_t i = 0; i + word < token.len; i += word)
		if (!word_is(token.at + i, lower + i))
			return false;
	return word_is(token.at + token.len - word, lower + token.len - word);
}

enum http_name
http_name_find(struct str token)
{
	size_t row =
	    first_of_length[token.len < LENGTHS ? token.len : LENGTHS - 1];

	if (token.len == 0)
		return HTTP_NAME_OTHER;
	for (; row < HTTP_NAME_COUNT && rows[row].text.len <= token.len; row++)
		if (rows[row].text.len == token.len &&
		    token_is(token, rows[row].text.at))
			return (enum http_name)row;
	return HTTP_NAME_OTHER;
}

struct str
http_name_text(enum http_name name)
{
	must((unsigned)name < HTTP_NAME_COUNT);
	return rows[name].text;
}

enum http_name_use
http_name_use(enum http_name name)
{
	must((unsigned)name < HTTP_NAME_COUNT);
	return rows[name].use;
}

bool
http_name_is_of_connection(enum http_name name)
{
	return name == HTTP_NAME_CONNECTION || name == HTTP_NAME_KEEP_ALIVE ||
	       name == HTTP_NAME_PROXY_CONNECTION ||
	       name == HTTP_NAME_TRANSFER_ENCODING ||
	       name == HTTP_NAME_UPGRADE || name == HTTP_NAME_HTTP2_SETTINGS;
}
