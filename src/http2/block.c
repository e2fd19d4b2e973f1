/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http2/block.h"

#include "http/name.h"

#include <errno.h>

static int
add(struct http2_block *block, struct str name, struct str value)
{
	if (block->count == HTTP2_BLOCK_FIELDS_MAX)
		return -EINVAL;
	block->fields[block->count++] = (nghttp2_nv){
		.name = (uint8_t *)(uintptr_t)name.at,
		.value = (uint8_t *)(uintptr_t)value.at,
		.namelen = name.len,
		.valuelen = value.len,
	};
	return 0;
}

/* Up to the CRLF, which is cut off as well. */
static bool
cut_line(struct str *rest, struct str *ret)
{
	size_t end = str_find(*rest, '\n');

	if (end == rest->len || end == 0)
		return false;
	*ret = (struct str){ rest->at, end - 1 };
	*rest = str_skip(*rest, end + 1);
	return true;
}

/* The host is told as :authority. */
static bool
is_left_out(enum http_name name, struct str value)
{
	return http_name_is_of_connection(name) || name == HTTP_NAME_HOST ||
	       (name == HTTP_NAME_TE && !str_is(value, "trailers"));
}

/* The text is ours. */
static void
lower(struct str name)
{
	char *at = (char *)(uintptr_t)name.at;

	for (size_t i = 0; i < name.len; i++)
		at[i] = ascii_lower(at[i]);
}

static int
add_line(struct http2_block *block, struct str line)
{
	size_t colon = str_find(line, ':');
	struct str name = { line.at, colon };

	if (colon == line.len || colon == 0)
		return -EINVAL;
	struct str value = str_trim(str_skip(line, colon + 1));
	lower(name);
	if (is_left_out(http_name_find(name), value) ||
	    (block->status == 101 && str_is(name, "sec-websocket-accept")))
		return 0;
	return add(block, name, value);
}

static int
add_lines(struct http2_block *block, struct str rest)
{
	struct str line;
	int rc = 0;

	while (rc == 0 && cut_line(&rest, &line) && line.len > 0)
		rc = add_line(block, line);
	return rc;
}

/* "HTTP/1.1 200 OK" */
static bool
read_status(struct str line, struct http2_block *block, struct str *ret)
{
	struct str word = str_skip(line, strlen("HTTP/1.1 "));

	if (word.len < 3)
		return false;
	*ret = (struct str){ word.at, 3 };
	for (size_t i = 0; i < 3; i++)
		block->status =
		    block->status * 10 + (unsigned)(word.at[i] - '0');
	if (block->status == 101)
		*ret = STR("200");
	return true;
}

int
http2_block_of_response(struct text *head, struct http2_block *ret)
{
	struct str rest = text_str(head), line, status;

	ret->count = ret->status = 0;
	if (!cut_line(&rest, &line) || !read_status(line, ret, &status))
		return -EINVAL;
	int rc = add(ret, STR(":status"), status);
	return rc == 0 ? add_lines(ret, rest) : rc;
}

static struct str
find_host(struct str rest)
{
	struct str line;

	while (cut_line(&rest, &line) && line.len > 0)
		if (str_eq_nocase(
			(struct str){ line.at, line.len < 5 ? line.len : 5 },
			STR("host:")))
			return str_trim(str_skip(line, 5));
	return (struct str){ NULL, 0 };
}

/* "GET /path HTTP/1.1" */
int
http2_block_of_request(
    struct text *head, struct str scheme, struct http2_block *ret)
{
	struct str rest = text_str(head), line;

	ret->count = ret->status = 0;
	if (!cut_line(&rest, &line))
		return -EINVAL;
	struct str method = str_cut(&line, ' ');
	struct str target = str_cut(&line, ' ');
	struct str host = find_host(rest);
	int rc = method.len > 0 && target.len > 0 && host.len > 0 ? 0 : -EINVAL;
	if (rc == 0)
		rc = add(ret, STR(":method"), method);
	if (rc == 0)
		rc = add(ret, STR(":scheme"), scheme);
	if (rc == 0)
		rc = add(ret, STR(":authority"), host);
	if (rc == 0)
		rc = add(ret, STR(":path"), target);
	return rc == 0 ? add_lines(ret, rest) : rc;
}

int
http2_block_of_trailers(struct text *lines, struct http2_block *ret)
{
	ret->count = ret->status = 0;
	return add_lines(ret, text_str(lines));
}
