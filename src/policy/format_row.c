/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/format_row: a policy's pieces as rows of cells.
 *
 * Reads as policy/parse does, but needs to know no more of a statement than
 * where it ends and what of it stands in columns.
 */
#include "policy/format_impl.h"
#include "policy/words.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* What is added behind a statement by its columns, at the least. */
#define COLUMN_GAP 2

struct builder {
	const struct piece *at;
	struct arena *arena;
	struct rows *ret;
	unsigned depth;
	int rc;
};

/* A statement: its pieces, and the comments in its middle gone before it. */
struct statement {
	const struct piece *at, *end;
	unsigned blanks;
};

static bool
is_word(const struct piece *piece, const char *word)
{
	return !piece->is_comment && piece->kind == TOKEN_WORD &&
	       str_is(piece->text, word);
}

static void
push(struct builder *builder, struct row row)
{
	row.depth = builder->depth;
	if (VEC_ADD(builder->ret, row) < 0)
		builder->rc = -ENOMEM;
}

static struct str
keep(struct builder *builder, struct text *text)
{
	struct str kept = arena_str(builder->arena, text_str(text));

	if (text->full || builder->arena->full)
		builder->rc = -ENOMEM;
	text_fini(text);
	return kept;
}

static struct str
joined(struct builder *builder, const struct piece *at, const struct piece *end,
    bool broken)
{
	struct text text = TEXT_EMPTY;

	format_join(at, end, broken, builder->depth, &text);
	return keep(builder, &text);
}

/* Members of a zone: two blanks part them, and nothing else. */
static struct str
spread(struct builder *builder, const struct piece *at, const struct piece *end)
{
	struct text text = TEXT_EMPTY;

	text_addz(&text, "=");
	for (; at < end; at++) {
		if (at->is_comment ||
		    (at->kind != TOKEN_WORD && at->kind != TOKEN_STRING))
			continue;
		text_addz(&text, text.len > 1 ? "  " : " ");
		text_add(&text, at->text);
	}
	return keep(builder, &text);
}

/* The first piece of this kind, or end. */
static const struct piece *
find_kind(const struct piece *at, const struct piece *end, enum token_kind kind)
{
	while (at < end && (at->is_comment || at->kind != kind))
		at++;
	return at;
}

static void
fill_zone(struct builder *builder, const struct statement *in, struct row *row)
{
	const struct piece *equals = find_kind(in->at, in->end, TOKEN_EQUALS);

	row->cells[0] = joined(builder, in->at, equals, false);
	row->cells[1] = spread(builder, equals + 1, in->end);
}

/* `name X` and `= ...`, or the same of a service. */
static void
fill_name(struct builder *builder, const struct statement *in, struct row *row)
{
	const struct piece *equals = find_kind(in->at, in->end, TOKEN_EQUALS);

	row->cells[0] = joined(builder, in->at, equals, false);
	row->cells[1] = joined(builder, equals, in->end,
	    format_must_break(equals, in->end, row->cells[0].len + 1));
}

/* `list X`, `= domains`, `"FILE" ...` */
static void
fill_list(struct builder *builder, const struct statement *in, struct row *row)
{
	const struct piece *equals = find_kind(in->at, in->end, TOKEN_EQUALS);
	const struct piece *file = find_kind(equals, in->end, TOKEN_STRING);

	row->cells[0] = joined(builder, in->at, equals, false);
	row->cells[1] = joined(builder, equals, file, false);
	row->cells[2] = joined(builder, file, in->end, false);
}

/* Behind these a word is what they ask for; behind `per user` none is. */
static bool
wants_word(const struct piece *before)
{
	static const char *const words[] = { "method", "path", "scheme", "user",
		"header", "type", "during", "limit", "burst", "connections",
		"bandwidth", "quota", "ban", "after", "in", "except", "via" };

	if (before->kind == TOKEN_ARROW || before->kind == TOKEN_COMMA)
		return true;
	if (is_word(before, "user") && is_word(before - 1, "per"))
		return false;
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (is_word(before, words[i]))
			return true;
	return false;
}

/* `log` or `as` where a rule may have it, not as a name that it is not. */
static bool
is_option(const struct piece *before, const struct piece *at)
{
	return !wants_word(before) &&
	       (is_word(at, "log") ||
		   (is_word(at, "as") && at[1].kind == TOKEN_STRING));
}

/* The rule without its options, and these: copies, for a new order. */
struct sorted {
	struct pieces body, logs, labels;
	int rc;
};

/* `report` stands before a verdict and with it. */
static const struct piece *
behind_verdict(const struct statement *in)
{
	const struct piece *at = in->at + 1;

	if (!is_word(in->at, "report"))
		return at;
	while (at < in->end && at->is_comment)
		at++;
	return at < in->end ? at + 1 : at;
}

/* The last of the body and what stands behind an option would be one service,
 * were they side by side: `tcp log { udp 53 }`. */
static bool
are_kept_apart(const struct pieces *body, const struct piece *behind,
    const struct piece *end)
{
	enum policy_protocol protocol;

	while (behind < end && behind->is_comment)
		behind++;
	if (behind >= end || body->count == 0)
		return false;
	return format_is_detail(behind) ||
	       (behind->kind == TOKEN_OPEN &&
		   policy_protocol_find(
		       body->items[body->count - 1].text, &protocol));
}

static void
sort_pieces(const struct statement *in, struct sorted *ret)
{
	const struct piece *arrow = find_kind(in->at, in->end, TOKEN_ARROW);
	const struct piece *before = in->at;
	unsigned depth = 0;

	for (const struct piece *at = behind_verdict(in);
	     at < in->end && ret->rc == 0; at++) {
		bool option = depth == 0 && at > arrow && !at->is_comment &&
			      is_option(before, at) &&
			      !are_kept_apart(&ret->body,
				  at + (is_word(at, "as") ? 2 : 1), in->end);
		struct pieces *to = !option              ? &ret->body
				    : is_word(at, "log") ? &ret->logs
							 : &ret->labels;
		ret->rc = VEC_ADD(to, *at);
		if (to == &ret->labels && ret->rc == 0)
			ret->rc = VEC_ADD(to, *++at);
		if (at->is_comment)
			continue;
		depth += at->kind == TOKEN_OPEN;
		depth -= at->kind == TOKEN_CLOSE && depth > 0;
		before = at;
	}
	for (size_t i = 0; i < ret->labels.count && ret->rc == 0; i++)
		ret->rc = VEC_ADD(&ret->logs, ret->labels.items[i]);
}

static void
fill_rule(struct builder *builder, const struct statement *in, struct row *row)
{
	struct sorted sorted = { 0 };

	sort_pieces(in, &sorted);
	if (sorted.rc < 0)
		builder->rc = sorted.rc;
	const struct piece *body = sorted.body.items;
	const struct piece *options = sorted.logs.items;
	row->cells[0] = joined(builder, in->at, behind_verdict(in), false);
	if (options != NULL)
		row->cells[2] = joined(
		    builder, options, options + sorted.logs.count, false);
	if (body != NULL)
		row->cells[1] = joined(builder, body, body + sorted.body.count,
		    format_must_break(body, body + sorted.body.count,
			row->cells[0].len + COLUMN_GAP + row->cells[2].len));
	row->old_line = in->at->line;
	free(sorted.body.items);
	free(sorted.logs.items);
	free(sorted.labels.items);
}

static void
fill_other(struct builder *builder, const struct statement *in, struct row *row)
{
	row->cells[0] = joined(builder, in->at, in->end,
	    format_must_break(in->at, in->end, (size_t)builder->depth * 4));
}

static const struct {
	const char *word;
	enum row_kind kind;
	void (*fill)(struct builder *, const struct statement *, struct row *);
} kinds[] = {
	{ "zone", ROW_ZONE, fill_zone },
	{ "name", ROW_NAME, fill_name },
	{ "list", ROW_LIST, fill_list },
	{ "service", ROW_SERVICE, fill_name },
	{ "parent", ROW_PARENT, fill_name },
	{ "publish", ROW_RULE, fill_rule },
	{ "allow", ROW_RULE, fill_rule },
	{ "reject", ROW_RULE, fill_rule },
	{ "drop", ROW_RULE, fill_rule },
	{ "report", ROW_RULE, fill_rule },
};

/* Before the next statement, or a brace that is not this one's. */
static const struct piece *
end_of_statement(const struct piece *at, bool braces)
{
	const struct piece *end = at;
	unsigned depth = 0;

	for (const struct piece *p = at; p->kind != TOKEN_END; p++) {
		if (p->is_comment)
			continue;
		if (depth == 0 &&
		    ((p > at && p->starts_statement) || p->kind == TOKEN_CLOSE))
			break;
		depth += braces && p->kind == TOKEN_OPEN;
		depth -= braces && p->kind == TOKEN_CLOSE;
		end = p + 1;
	}
	return end;
}

/* A comment in the middle that no broken brace will keep goes before. */
static void
hoist_comments(struct builder *builder, struct statement *in, bool keep_inner)
{
	unsigned depth = 0;

	for (const struct piece *at = in->at; at < in->end; at++) {
		depth += !at->is_comment && at->kind == TOKEN_OPEN;
		depth -=
		    !at->is_comment && at->kind == TOKEN_CLOSE && depth > 0;
		if (!at->is_comment || (keep_inner && depth > 0))
			continue;
		push(builder, (struct row){ .kind = ROW_COMMENT,
				  .blanks = in->blanks,
				  .cells = { at->text } });
		in->blanks = 0;
	}
}

/* The comment in the same line, behind a statement. */
static struct str
take_trailing(struct builder *builder)
{
	struct str none = { NULL, 0 };

	if (!builder->at->is_comment || builder->at->starts_line)
		return none;
	return (builder->at++)->text;
}

static struct statement
take_statement(struct builder *builder, bool braces)
{
	struct statement in = { .at = builder->at,
		.end = end_of_statement(builder->at, braces),
		.blanks = builder->at->blanks };

	builder->at = in.end;
	return in;
}

static void
take_plain(struct builder *builder)
{
	struct statement in = take_statement(builder, true);
	struct row row = { .kind = ROW_OTHER };
	size_t i = 0;

	while (i < COUNT_OF(kinds) && !is_word(in.at, kinds[i].word))
		i++;
	bool known = i < COUNT_OF(kinds) && builder->depth == 0;
	row.kind = known ? kinds[i].kind : ROW_OTHER;
	hoist_comments(builder, &in, row.kind != ROW_ZONE);
	row.blanks = in.blanks;
	if (known)
		kinds[i].fill(builder, &in, &row);
	else
		fill_other(builder, &in, &row);
	row.comment = take_trailing(builder);
	push(builder, row);
}

/* FLOW VERDICT [by RULE]: where the verdict stands, or end. */
static const struct piece *
find_verdict(const struct statement *in)
{
	const struct piece *last = in->end - 1;
	enum policy_verdict verdict;

	if (last - in->at >= 2 && is_word(last - 1, "by"))
		last -= 2;
	return !last->is_comment && last->kind == TOKEN_WORD && last > in->at &&
		       policy_verdict_find(last->text, &verdict)
		   ? last
		   : in->end;
}

/* A test that names its rule by its line says so when that is known. */
static void
fill_verdict(struct builder *builder, const struct piece *at,
    const struct piece *end, struct row *row)
{
	uint64_t line;

	if (end - at == 3 && end[-1].kind == TOKEN_WORD &&
	    str_number(end[-1].text, UINT32_MAX, &line) == 0 && line > 0) {
		row->by_line = (uint32_t)line;
		end--;
	}
	row->cells[2] = joined(builder, at, end, false);
}

static void
take_case(struct builder *builder)
{
	struct statement in = take_statement(builder, false);
	struct row row = { .kind = ROW_CASE };

	hoist_comments(builder, &in, false);
	row.blanks = in.blanks;
	const struct piece *flow = in.at, *verdict = find_verdict(&in);
	if (verdict - flow >= 2 && flow[0].kind == TOKEN_WORD &&
	    flow[1].kind == TOKEN_WORD && !flow[1].is_comment)
		row.cells[0] = (flow++)->text;
	row.cells[1] = joined(builder, flow, verdict, false);
	if (verdict < in.end)
		fill_verdict(builder, verdict, in.end, &row);
	row.comment = take_trailing(builder);
	push(builder, row);
}

static void
take_comment(struct builder *builder)
{
	push(builder, (struct row){ .kind = ROW_COMMENT,
			  .blanks = builder->at->blanks,
			  .cells = { builder->at->text } });
	builder->at++;
}

static void
take_block_lines(struct builder *builder, bool tests)
{
	builder->depth++;
	while (builder->at->kind != TOKEN_END) {
		if (builder->at->is_comment)
			take_comment(builder);
		else if (builder->at->kind == TOKEN_CLOSE)
			break;
		else if (tests)
			take_case(builder);
		else
			take_plain(builder);
	}
	builder->depth--;
}

/* `proxy {`, `firewall {` and `test "..." {` */
static void
take_block(struct builder *builder)
{
	bool tests = is_word(builder->at, "test");
	struct statement in = { .at = builder->at,
		.blanks = builder->at->blanks };
	struct row open = { .kind = ROW_OPEN };

	while (builder->at->kind != TOKEN_END &&
	       (builder->at->is_comment || builder->at->kind != TOKEN_OPEN))
		builder->at++;
	builder->at += builder->at->kind == TOKEN_OPEN;
	in.end = builder->at;
	hoist_comments(builder, &in, false);
	open.blanks = in.blanks;
	open.cells[0] = joined(builder, in.at, in.end, false);
	open.comment = take_trailing(builder);
	push(builder, open);
	take_block_lines(builder, tests);
	if (builder->at->kind != TOKEN_CLOSE)
		return;
	builder->at++;
	push(builder, (struct row){ .kind = ROW_CLOSE,
			  .cells = { STR_INIT("}") },
			  .comment = take_trailing(builder) });
}

int
format_rows(const struct pieces *pieces, struct arena *arena, struct rows *ret)
{
	struct builder builder = {
		.at = pieces->items, .arena = arena, .ret = ret
	};

	while (builder.at->kind != TOKEN_END && builder.rc == 0) {
		if (builder.at->is_comment)
			take_comment(&builder);
		else if (is_word(builder.at, "proxy") ||
			 is_word(builder.at, "console") ||
			 (is_word(builder.at, "dns") &&
			     builder.at[1].kind == TOKEN_OPEN) ||
			 is_word(builder.at, "journal") ||
			 is_word(builder.at, "firewall") ||
			 is_word(builder.at, "test"))
			take_block(&builder);
		else
			take_plain(&builder);
	}
	return builder.rc;
}
