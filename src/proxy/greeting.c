/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/greeting.h"

/*
 * The types of TLS's records (RFC 8446, 5.1).  A server may pass over empty
 * records and alerts before a hello; so they are not what comes first in
 * something else, or a name would be asked for that no rule has seen.
 */
static bool
may_begin_tls(char c)
{
	return c >= 20 && c <= 24;
}

/*
 * Of HTTP: methods, also those that are none, and the blanks and empty lines
 * that may stand before (RFC 9112, 2.2).
 */
static bool
may_begin_request(char c)
{
	return (c >= '\t' && c <= '\r') || (c >= ' ' && c <= '~');
}

enum greeting
greeting_of(struct str first_bytes)
{
	if (first_bytes.len == 0)
		return GREETING_UNKNOWN;
	if (may_begin_tls(first_bytes.at[0]))
		return GREETING_TLS;
	return may_begin_request(first_bytes.at[0]) ? GREETING_HTTP
						    : GREETING_OTHER;
}

static bool
is_request_line(struct str line)
{
	static const struct str version = STR_INIT(" HTTP/");

	for (size_t i = 0; i + version.len <= line.len; i++)
		if (memcmp(line.at + i, version.at, version.len) == 0)
			return true;
	return false;
}

enum greeting
greeting_of_line(struct str first_bytes)
{
	enum greeting greeting = greeting_of(first_bytes);
	struct str rest = first_bytes;

	if (greeting != GREETING_HTTP)
		return greeting;
	while (rest.len > 0 && (rest.at[0] == '\r' || rest.at[0] == '\n'))
		rest = str_skip(rest, 1);
	size_t end = str_find(rest, '\n');
	if (end == rest.len)
		return GREETING_UNKNOWN;
	return is_request_line((struct str){ rest.at, end }) ? GREETING_HTTP
							     : GREETING_OTHER;
}
