/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/parse_head: where a head ends, and the lines in it.
 *
 * The search looks at line ends alone and is the only part that runs before
 * the head is whole; a line that does not end in CRLF stops it.  The fields are
 * then read from left to right in one pass.
 */
#include "http/parse_impl.h"

#include <errno.h>

#include "base/must.h"
#include "http/limits.h"
#include "http/octet.h"

/* Skips CRLFs before the start line; they count as part of the head. */
static int
skip_blank_lines(struct str bytes, struct http_head_scan *scan, unsigned max,
    enum http_fault *reterr_fault)
{
	while (scan->blank_lines <= max) {
		struct str rest = str_skip(bytes, scan->begin);
		if (rest.len == 0)
			return -EAGAIN;
		if (rest.at[0] != '\r')
			return 0;
		if (scan->blank_lines == max)
			break;
		if (rest.len == 1)
			return -EAGAIN;
		if (rest.at[1] != '\n')
			return http_refuse(reterr_fault, HTTP_FAULT_BARE_CR);
		scan->blank_lines++;
		scan->begin += 2;
		scan->line = scan->at = scan->begin;
	}
	return http_refuse(reterr_fault, HTTP_FAULT_BLANK_LINES);
}

/* How far the line being searched may reach. */
static size_t
search_limit(const struct http_head_scan *scan)
{
	if (scan->lines == 0)
		return scan->begin + HTTP_START_LINE_BYTES_MAX;
	return HTTP_HEAD_BYTES_MAX;
}

/*
 * Goes on to the end of the next line; *ret_empty says whether nothing stood
 * in it.
 */
static int
next_line(struct str bytes, struct http_head_scan *scan, bool *ret_empty,
    enum http_fault *reterr_fault)
{
	size_t limit = search_limit(scan);
	size_t end = bytes.len < limit ? bytes.len : limit;
	struct str fresh = { bytes.at + scan->at, end - scan->at };
	size_t lf = scan->at + str_find(fresh, '\n');

	if (lf == end) {
		scan->at = end;
		if (end < limit)
			return -EAGAIN;
		return http_refuse(
		    reterr_fault, scan->lines == 0 ? HTTP_FAULT_START_LINE_LONG
						   : HTTP_FAULT_HEAD_LARGE);
	}
	if (lf == scan->line || bytes.at[lf - 1] != '\r')
		return http_refuse(reterr_fault, HTTP_FAULT_BARE_LF);
	*ret_empty = lf - 1 == scan->line;
	scan->line = scan->at = lf + 1;
	scan->lines++;
	return 0;
}

static int
find_end(struct str bytes, struct http_head_scan *scan,
    unsigned blank_lines_max, http_starts_fn starts,
    enum http_fault *reterr_fault)
{
	bool empty = false;
	int error =
	    skip_blank_lines(bytes, scan, blank_lines_max, reterr_fault);

	if (error == 0 && scan->lines == 0)
		error = starts(str_skip(bytes, scan->begin), reterr_fault);
	while (error == 0 && !empty) {
		error = next_line(bytes, scan, &empty, reterr_fault);
		/* The start line and the empty line are no fields. */
		if (error == 0 && scan->lines > HTTP_FIELDS_MAX + 1 && !empty)
			return http_refuse(
			    reterr_fault, HTTP_FAULT_FIELDS_MANY);
	}
	return error;
}

int
http_head_find(struct str bytes, struct http_head_scan *scan,
    unsigned blank_lines_max, http_starts_fn starts, struct str *ret_head,
    enum http_fault *reterr_fault)
{
	must(scan->at <= bytes.len);
	int error =
	    find_end(bytes, scan, blank_lines_max, starts, reterr_fault);
	if (error < 0)
		return error;
	*ret_head =
	    (struct str){ bytes.at + scan->begin, scan->at - scan->begin };
	return (int)scan->at;
}

void
http_head_scan_again(struct http_head_scan *scan)
{
	*scan = (struct http_head_scan){ .framed = scan->framed };
}

int
http_version_cut(struct str *rest, bool framed, unsigned *ret_minor,
    enum http_fault otherwise, enum http_fault *reterr_fault)
{
	struct str text = { rest->at, 8 };

	/* Case-sensitive; one digit each (RFC 9112, 2.3). */
	if (rest->len < 8 || !str_starts(text, STR("HTTP/")) ||
	    !ascii_is_digit(text.at[5]) || text.at[6] != '.' ||
	    !ascii_is_digit(text.at[7]))
		return http_refuse(reterr_fault, otherwise);
	if (text.at[5] != (framed ? '2' : '1'))
		return http_refuse(reterr_fault, HTTP_FAULT_VERSION);
	*ret_minor = text.at[7] == '0' && !framed ? 0 : 1;
	*rest = str_skip(*rest, 8);
	return 0;
}

/* Why the name that ends at `len` is not followed by a colon. */
static enum http_fault
name_fault(struct str line, size_t len)
{
	char c = line.at[len];
	bool blank = c == ' ' || c == '\t';

	if (len == 0)
		return blank ? HTTP_FAULT_FIELD_FOLD : HTTP_FAULT_FIELD_NAME;
	if (blank)
		return HTTP_FAULT_FIELD_BLANK;
	return c == '\r' ? HTTP_FAULT_FIELD_COLON : HTTP_FAULT_FIELD_NAME;
}

/*
 * Takes one field line off *rest.  The head ends in CRLF CRLF and no class
 * holds CR, so that a span always stops inside; the lengths are tested all the
 * same, because that is cheaper than being wrong.
 */
static int
cut_field(
    struct str *rest, struct http_field *ret, enum http_fault *reterr_fault)
{
	size_t name = http_octet_span(*rest, HTTP_OCTET_TOKEN);

	if (name == rest->len)
		return http_refuse(reterr_fault, HTTP_FAULT_FIELD_COLON);
	if (name == 0 || rest->at[name] != ':')
		return http_refuse(reterr_fault, name_fault(*rest, name));
	struct str behind = str_skip(*rest, name + 1);
	size_t value = http_octet_value_span(behind);
	struct str end = str_skip(behind, value);
	if (end.len == 0 || end.at[0] != '\r')
		return http_refuse(reterr_fault, HTTP_FAULT_FIELD_VALUE);
	if (end.len == 1 || end.at[1] != '\n')
		return http_refuse(reterr_fault, HTTP_FAULT_BARE_CR);
	ret->name = (struct str){ rest->at, name };
	ret->value = http_octet_trim((struct str){ behind.at, value });
	ret->id = (uint8_t)http_name_find(ret->name);
	*rest = str_skip(end, 2);
	return 0;
}

int
http_fields_parse(struct str rest, size_t count_max, struct arena *arena,
    struct http_fields *ret, enum http_fault *reterr_fault)
{
	struct http_fields fields = { 0 };
	int error = http_fields_room(&fields, arena, count_max);

	if (error < 0)
		return error;
	while (rest.len > 2) {
		must(fields.count < fields.room);
		error =
		    cut_field(&rest, &fields.items[fields.count], reterr_fault);
		if (error < 0)
			return error;
		fields.count++;
	}
	*ret = fields;
	return 0;
}
