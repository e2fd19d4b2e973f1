/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The framing of a chunked body is read one byte at a time by one function
 * per state; content is taken in bulk.
 *
 *	SIZE_FIRST -> SIZE -> [SIZE_BLANK] -> [EXTENSION <-> QUOTED <-> PAIR]
 *	    -> SIZE_LF -> CONTENT -> CONTENT_CR -> CONTENT_LF -> SIZE_FIRST
 *	SIZE_LF of size 0 -> LINE -> NAME -> VALUE -> LINE_LF -> LINE
 *	LINE -> END_LF -> DONE
 *
 * RFC 9112, 7.1:
 *	chunk       = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
 *	chunk-ext   = *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted ) ] )
 *	last-chunk  = 1*"0" [ chunk-ext ] CRLF
 *	chunked     = *chunk last-chunk trailer-section CRLF
 */
#include "http/body.h"

#include <errno.h>

#include "base/must.h"
#include "http/limits.h"
#include "http/octet.h"

enum body_state {
	BODY_SIZE_FIRST,
	BODY_SIZE,
	BODY_SIZE_BLANK, /* blanks before the ';' of an extension */
	BODY_EXTENSION,
	BODY_QUOTED,
	BODY_PAIR, /* behind a '\' in a quoted string */
	BODY_SIZE_LF,
	BODY_CONTENT_CR,
	BODY_CONTENT_LF,
	BODY_LINE, /* the first byte of a trailer line */
	BODY_NAME,
	BODY_VALUE,
	BODY_LINE_LF,
	BODY_END_LF,
	BODY_STEPS, /* states before this one have a step function */

	BODY_CONTENT = BODY_STEPS,
	BODY_DONE,
	BODY_FAULT,
};

#define FAULT_NONE HTTP_FAULT_COUNT

/* Takes one byte and sets the next state; FAULT_NONE or what is wrong. */
typedef enum http_fault (*step_fn)(struct http_body *body, char c);

static enum http_fault
go(struct http_body *body, enum body_state state)
{
	body->state = (uint8_t)state;
	return FAULT_NONE;
}

/* The LF that must follow a CR. */
static enum http_fault
go_behind_lf(struct http_body *body, char c, enum body_state state)
{
	return c == '\n' ? go(body, state) : HTTP_FAULT_BARE_CR;
}

/* left stays below the sign bit, so that a size can be added to and cast. */
static enum http_fault
add_digit(struct http_body *body, char c)
{
	if (++body->digits > HTTP_CHUNK_SIZE_DIGITS_MAX ||
	    body->left > HTTP_CONTENT_BYTES_MAX >> 4)
		return HTTP_FAULT_CHUNK_SIZE_LARGE;
	body->left = body->left << 4 | http_octet_hex(c);
	return go(body, BODY_SIZE);
}

static enum http_fault
step_size_first(struct http_body *body, char c)
{
	body->left = 0;
	body->digits = 0;
	if (!http_octet_is(c, HTTP_OCTET_HEX))
		return HTTP_FAULT_CHUNK_SIZE;
	return add_digit(body, c);
}

static enum http_fault
step_size(struct http_body *body, char c)
{
	if (http_octet_is(c, HTTP_OCTET_HEX))
		return add_digit(body, c);
	if (c == '\r')
		return go(body, BODY_SIZE_LF);
	if (c == ';')
		return go(body, BODY_EXTENSION);
	if (c == ' ' || c == '\t')
		return go(body, BODY_SIZE_BLANK);
	return c == '\n' ? HTTP_FAULT_BARE_LF : HTTP_FAULT_CHUNK_SIZE;
}

static bool
count_extension(struct http_body *body)
{
	return ++body->extension_bytes <= HTTP_CHUNK_EXTENSION_BYTES_MAX;
}

/* "5 \r\n" is no chunk size: blanks may only stand before an extension. */
static enum http_fault
step_size_blank(struct http_body *body, char c)
{
	if (!count_extension(body))
		return HTTP_FAULT_CHUNK_EXTENSION_LONG;
	if (c == ';')
		return go(body, BODY_EXTENSION);
	return c == ' ' || c == '\t' ? FAULT_NONE : HTTP_FAULT_CHUNK_SIZE;
}

/*
 * What an extension says is never used, so its inner grammar is not read; but
 * it holds no control, and its quotes are closed before the line ends.
 */
static enum http_fault
step_extension(struct http_body *body, char c)
{
	if (c == '\r')
		return go(body, BODY_SIZE_LF);
	if (!count_extension(body))
		return HTTP_FAULT_CHUNK_EXTENSION_LONG;
	if (c == '"')
		return go(body, BODY_QUOTED);
	if (c == '\n')
		return HTTP_FAULT_BARE_LF;
	return http_octet_is(c, HTTP_OCTET_VALUE) ? FAULT_NONE
						  : HTTP_FAULT_CHUNK_EXTENSION;
}

static enum http_fault
step_quoted(struct http_body *body, char c)
{
	if (!count_extension(body))
		return HTTP_FAULT_CHUNK_EXTENSION_LONG;
	if (c == '"')
		return go(body, BODY_EXTENSION);
	if (c == '\\')
		return go(body, BODY_PAIR);
	return http_octet_is(c, HTTP_OCTET_VALUE) ? FAULT_NONE
						  : HTTP_FAULT_CHUNK_EXTENSION;
}

static enum http_fault
step_pair(struct http_body *body, char c)
{
	if (!count_extension(body))
		return HTTP_FAULT_CHUNK_EXTENSION_LONG;
	if (!http_octet_is(c, HTTP_OCTET_VALUE))
		return HTTP_FAULT_CHUNK_EXTENSION;
	return go(body, BODY_QUOTED);
}

static enum http_fault
step_size_lf(struct http_body *body, char c)
{
	return go_behind_lf(body, c, body->left > 0 ? BODY_CONTENT : BODY_LINE);
}

static enum http_fault
step_content_cr(struct http_body *body, char c)
{
	if (c != '\r')
		return HTTP_FAULT_CHUNK_END;
	return go(body, BODY_CONTENT_LF);
}

static enum http_fault
step_content_lf(struct http_body *body, char c)
{
	if (c != '\n')
		return HTTP_FAULT_CHUNK_END;
	return go(body, BODY_SIZE_FIRST);
}

static bool
count_trailer(struct http_body *body)
{
	return ++body->trailer_bytes <= HTTP_TRAILER_BYTES_MAX;
}

static enum http_fault
step_line(struct http_body *body, char c)
{
	if (c == '\r')
		return go(body, BODY_END_LF);
	if (!count_trailer(body))
		return HTTP_FAULT_TRAILER_LARGE;
	if (!http_octet_is(c, HTTP_OCTET_TOKEN))
		return HTTP_FAULT_TRAILER;
	return go(body, BODY_NAME);
}

static enum http_fault
step_name(struct http_body *body, char c)
{
	if (!count_trailer(body))
		return HTTP_FAULT_TRAILER_LARGE;
	if (c == ':')
		return go(body, BODY_VALUE);
	return http_octet_is(c, HTTP_OCTET_TOKEN) ? FAULT_NONE
						  : HTTP_FAULT_TRAILER;
}

static enum http_fault
step_value(struct http_body *body, char c)
{
	if (!count_trailer(body))
		return HTTP_FAULT_TRAILER_LARGE;
	if (c == '\r')
		return go(body, BODY_LINE_LF);
	if (c == '\n')
		return HTTP_FAULT_BARE_LF;
	return http_octet_is(c, HTTP_OCTET_VALUE) ? FAULT_NONE
						  : HTTP_FAULT_TRAILER;
}

static enum http_fault
step_line_lf(struct http_body *body, char c)
{
	return go_behind_lf(body, c, BODY_LINE);
}

static enum http_fault
step_end_lf(struct http_body *body, char c)
{
	return go_behind_lf(body, c, BODY_DONE);
}

static const step_fn steps[BODY_STEPS] = {
	[BODY_SIZE_FIRST] = step_size_first,
	[BODY_SIZE] = step_size,
	[BODY_SIZE_BLANK] = step_size_blank,
	[BODY_EXTENSION] = step_extension,
	[BODY_QUOTED] = step_quoted,
	[BODY_PAIR] = step_pair,
	[BODY_SIZE_LF] = step_size_lf,
	[BODY_CONTENT_CR] = step_content_cr,
	[BODY_CONTENT_LF] = step_content_lf,
	[BODY_LINE] = step_line,
	[BODY_NAME] = step_name,
	[BODY_VALUE] = step_value,
	[BODY_LINE_LF] = step_line_lf,
	[BODY_END_LF] = step_end_lf,
};

void
http_body_init(
    struct http_body *body, enum http_framing framing, int64_t length)
{
	*body = (struct http_body){ .framing = (uint8_t)framing };

	switch (framing) {
	case HTTP_FRAMING_NONE:
		body->state = BODY_DONE;
		break;
	case HTTP_FRAMING_LENGTH:
		must(length >= 0);
		body->left = (uint64_t)length;
		body->state = length > 0 ? BODY_CONTENT : BODY_DONE;
		break;
	case HTTP_FRAMING_CHUNKED:
		body->state = BODY_SIZE_FIRST;
		break;
	case HTTP_FRAMING_UNTIL_CLOSE:
		body->left = UINT64_MAX;
		body->state = BODY_CONTENT;
		break;
	}
}

bool
http_body_is_done(const struct http_body *body)
{
	return body->state == BODY_DONE;
}

uint64_t
http_body_due(const struct http_body *body)
{
	return body->state == BODY_CONTENT ? body->left : 0;
}

void
http_body_moved(struct http_body *body, uint64_t count)
{
	must(count <= http_body_due(body));
	body->content += count;
	if (body->framing == HTTP_FRAMING_UNTIL_CLOSE || count == 0)
		return;
	body->left -= count;
	if (body->left == 0)
		body->state = body->framing == HTTP_FRAMING_CHUNKED
				  ? BODY_CONTENT_CR
				  : BODY_DONE;
}

static int
fail(struct http_body *body, enum http_fault fault,
    enum http_fault *reterr_fault)
{
	body->state = BODY_FAULT;
	body->fault = (uint8_t)fault;
	return http_refuse(reterr_fault, fault);
}

ssize_t
http_body_decode(struct http_body *body, struct str input,
    struct str *ret_content, enum http_fault *reterr_fault)
{
	size_t used = 0;

	if (body->state == BODY_FAULT)
		return http_refuse(reterr_fault, (enum http_fault)body->fault);
	while (used < input.len && body->state < BODY_STEPS) {
		enum http_fault fault =
		    steps[body->state](body, input.at[used++]);
		if (fault != FAULT_NONE)
			return fail(body, fault, reterr_fault);
	}
	struct str content = str_skip(input, used);
	if (content.len > http_body_due(body))
		content.len = (size_t)http_body_due(body);
	http_body_moved(body, content.len);
	*ret_content = content;
	return (ssize_t)(used + content.len);
}

int
http_body_end(struct http_body *body, enum http_fault *reterr_fault)
{
	if (body->state == BODY_FAULT)
		return http_refuse(reterr_fault, (enum http_fault)body->fault);
	if (body->framing == HTTP_FRAMING_UNTIL_CLOSE)
		body->state = BODY_DONE;
	if (body->state == BODY_DONE)
		return 0;
	return fail(body, HTTP_FAULT_TRUNCATED, reterr_fault);
}
