/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/format_join: the words of a statement, on one line or with its braces
 * broken into lines.
 */
#include "policy/format_impl.h"
#include "policy/words.h"

#define LINE_BYTES_MAX 80
#define INDENT         4

bool
format_is_detail(const struct piece *piece)
{
	uint16_t kind;

	return piece->kind == TOKEN_WORD && piece->text.len > 0 &&
	       (ascii_is_digit(piece->text.at[0]) ||
		   policy_icmp_kind_find(piece->text, &kind));
}

/* The next piece that is no comment. */
static const struct piece *
skip_comments(const struct piece *at, const struct piece *end)
{
	while (at < end && at->is_comment)
		at++;
	return at;
}

/*
 * `tcp 80, 443` up to here, so that a comma would go on with it.  Braces stand
 * before all items, which ends the way back.
 */
static bool
is_in_details(const struct piece *at)
{
	enum policy_protocol protocol;

	if (at->is_comment || !format_is_detail(at))
		return false;
	while (
	    at->is_comment || at->kind == TOKEN_COMMA || format_is_detail(at)) {
		if (at->starts_statement)
			return false;
		at--;
	}
	return at->kind == TOKEN_WORD &&
	       policy_protocol_find(at->text, &protocol);
}

/*
 * An item that a line end parts from the one before it, and that a comma would
 * make a port or a kind of what stands there: it keeps its line.
 */
static bool
needs_line(const struct piece *before, const struct piece *at)
{
	return at->starts_statement && format_is_detail(at) &&
	       is_in_details(before);
}

/* A line end parted two items where no comma does. */
static bool
is_parted(const struct piece *before, const struct piece *at, unsigned depth)
{
	return depth > 0 && at->starts_statement &&
	       before->kind != TOKEN_COMMA && before->kind != TOKEN_OPEN &&
	       at->kind != TOKEN_CLOSE;
}

static bool
is_glued(const struct piece *before, const struct piece *at)
{
	/* A URL runs to the next blank, over any comma. */
	return at->kind == TOKEN_COMMA &&
	       !(before->kind == TOKEN_WORD && str_holds(before->text, "://"));
}

static void
add_comma(const struct piece *before, struct text *out)
{
	static const struct piece comma = { .kind = TOKEN_COMMA };

	text_addz(out, is_glued(before, &comma) ? "," : " ,");
}

/* All on one line; a comma before a closing brace says nothing. */
static void
join_line(const struct piece *at, const struct piece *end, struct text *out)
{
	const struct piece *before = NULL;
	unsigned depth = 0;

	for (; at < end; at++) {
		const struct piece *next = skip_comments(at + 1, end);
		if (at->is_comment ||
		    (at->kind == TOKEN_COMMA && depth > 0 && next < end &&
			next->kind == TOKEN_CLOSE))
			continue;
		if (before != NULL && is_parted(before, at, depth)) {
			if (needs_line(before, at))
				text_addc(out, '\n');
			else
				add_comma(before, out);
		}
		if (before != NULL && !is_glued(before, at))
			text_addc(out, ' ');
		text_add(out, at->text);
		depth += at->kind == TOKEN_OPEN;
		depth -= at->kind == TOKEN_CLOSE && depth > 0;
		before = at;
	}
}

static size_t
width_of(const struct piece *at, const struct piece *end)
{
	struct text line = TEXT_EMPTY;

	join_line(at, end, &line);
	size_t width = line.len;
	text_fini(&line);
	return width;
}

bool
format_must_break(
    const struct piece *at, const struct piece *end, size_t others)
{
	const struct piece *before = NULL;
	unsigned depth = 0;
	bool braces = false;

	for (const struct piece *p = at; p < end; p++) {
		if (p->is_comment && depth > 0)
			return true;
		if (p->is_comment)
			continue;
		if (depth > 0 && before != NULL && needs_line(before, p))
			return true;
		depth += p->kind == TOKEN_OPEN;
		depth -= p->kind == TOKEN_CLOSE && depth > 0;
		braces |= p->kind == TOKEN_OPEN;
		before = p;
	}
	return braces && width_of(at, end) + others > LINE_BYTES_MAX;
}

/* Behind the brace that closes the one at `at`. */
static const struct piece *
end_of_braces(const struct piece *at, const struct piece *end)
{
	unsigned depth = 0;

	for (; at < end; at++) {
		depth += !at->is_comment && at->kind == TOKEN_OPEN;
		if (!at->is_comment && at->kind == TOKEN_CLOSE && --depth == 0)
			return at + 1;
	}
	return end;
}

/* The end of an item between braces: its comma, a line end, or the brace. */
static const struct piece *
end_of_item(const struct piece *at, const struct piece *end)
{
	for (bool first = true; at < end;) {
		if (at->is_comment) {
			at++;
			continue;
		}
		if (at->kind == TOKEN_COMMA || (!first && at->starts_statement))
			break;
		first = false;
		at = at->kind == TOKEN_OPEN ? end_of_braces(at, end) : at + 1;
	}
	return at;
}

static void
start_line(struct text *out, unsigned depth)
{
	text_addc(out, '\n');
	text_pad(out, ' ', (size_t)depth * INDENT);
}

/* Comments inside an item go before it. */
static void
join_item(const struct piece *at, const struct piece *end, unsigned depth,
    struct text *out)
{
	for (const struct piece *p = at; p < end; p++) {
		if (!p->is_comment)
			continue;
		start_line(out, depth);
		text_add(out, p->text);
	}
	start_line(out, depth);
	join_line(at, end, out);
}

/* Without the comments at its end. */
static const struct piece *
trim_item(const struct piece *at, const struct piece *end)
{
	while (end > at && end[-1].is_comment)
		end--;
	return end;
}

static void
keep_paragraph(const struct piece *at, bool is_first, struct text *out)
{
	if (at->blanks > 0 && !is_first)
		text_addc(out, '\n');
}

/* A comment in the same line as what stands before it. */
static const struct piece *
join_trailing(const struct piece *at, const struct piece *end, struct text *out)
{
	if (at < end && at->is_comment && !at->starts_line) {
		text_addz(out, "  ");
		text_add(out, at->text);
		at++;
	}
	return at;
}

/* One item a line, each with its comma; `at` is behind the brace. */
static void
join_items(const struct piece *at, const struct piece *end, unsigned depth,
    struct text *out)
{
	const struct piece *first;

	at = join_trailing(at, end, out);
	for (first = at; at < end;) {
		keep_paragraph(at, at == first, out);
		if (at->is_comment) {
			start_line(out, depth);
			text_add(out, (at++)->text);
			continue;
		}
		const struct piece *stop = end_of_item(at, end);
		const struct piece *last = trim_item(at, stop);
		join_item(at, last, depth, out);
		if (stop == end || !needs_line(last - 1, stop))
			add_comma(last - 1, out);
		bool has_comma = stop < end && stop->kind == TOKEN_COMMA;
		at = join_trailing(has_comma ? stop + 1 : last, end, out);
	}
}

void
format_join(const struct piece *at, const struct piece *end, bool broken,
    unsigned depth, struct text *out)
{
	const struct piece *before = NULL;

	if (!broken) {
		join_line(at, end, out);
		return;
	}
	while (at < end) {
		if (at->is_comment) {
			at++;
			continue;
		}
		if (before != NULL && !is_glued(before, at))
			text_addc(out, ' ');
		before = at;
		if (at->kind != TOKEN_OPEN) {
			text_add(out, (at++)->text);
			continue;
		}
		const struct piece *stop = end_of_braces(at, end);
		text_addc(out, '{');
		join_items(at + 1, stop - 1, depth + 1, out);
		start_line(out, depth);
		text_addc(out, '}');
		at = stop;
		before = stop - 1;
	}
}
