/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/reader.h"

#include "policy/manual.h"
#include "policy/words.h"

/* Braces in braces mean nothing more than one pair; this bounds the stack. */
#define BRACES_DEPTH_MAX 8

const struct token *
reader_peek(const struct reader *reader)
{
	return reader->next;
}

const struct token *
reader_take(struct reader *reader)
{
	const struct token *token = reader_peek(reader);

	if (token->kind != TOKEN_END)
		reader->next++;
	return token;
}

bool
reader_take_if(struct reader *reader, enum token_kind kind)
{
	if (reader_peek(reader)->kind != kind)
		return false;
	(void)reader_take(reader);
	return true;
}

bool
reader_at_word(const struct reader *reader, const char *word)
{
	return reader_peek(reader)->kind == TOKEN_WORD &&
	       str_is(reader_peek(reader)->text, word);
}

bool
reader_at_head(const struct reader *reader)
{
	static const char *const heads[] = { "allow", "drop", "firewall",
		"hours", "include", "list", "map", "masquerade", "name",
		"parent", "proxy", "publish", "reject", "report", "service",
		"snat", "test", "zone" };

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (reader_at_word(reader, heads[i]))
			return true;
	return false;
}

bool
reader_at_statement(const struct reader *reader)
{
	return reader_peek(reader)->begins_line && reader_at_head(reader);
}

/* The line before ends in something that lets its statement go on. */
static void
hint_continued(struct reader *reader)
{
	const struct token *next = reader_peek(reader), *last = next - 1;

	if (next->is_continued && reader_at_statement(reader) &&
	    reader->report->kept)
		report_hint(reader->report,
		    "the statement goes on here, because line %u ends in "
		    "'%.*s'",
		    place_line(last->place).line, STR_ARG(last->text));
}

/* Always false, so that a parse function can return it. */
bool
reader_expected(struct reader *reader, const char *what)
{
	struct text found = TEXT_EMPTY;

	if (reader_peek(reader)->kind == TOKEN_BAD)
		return false;
	token_describe(reader_peek(reader), &found);
	report_error(reader->report, reader_peek(reader)->place,
	    "expected %s, found %.*s", what, STR_ARG(text_str(&found)));
	text_fini(&found);
	hint_continued(reader);
	return false;
}

bool
reader_expect(struct reader *reader, enum token_kind kind, const char *what)
{
	return reader_take_if(reader, kind) || reader_expected(reader, what);
}

struct syntax_word
reader_word_of(const struct token *token)
{
	return (
	    struct syntax_word){ .text = token->text, .place = token->place };
}

bool
reader_word(struct reader *reader, struct syntax_word *ret, const char *what)
{
	const struct token *token = reader_peek(reader);

	if (token->kind != TOKEN_WORD || reader_at_statement(reader)) {
		(void)reader_expected(reader, what);
		if (token->kind == TOKEN_STRING)
			report_hint(reader->report, "write it without quotes");
		return false;
	}
	*ret = reader_word_of(reader_take(reader));
	return true;
}

bool
reader_string(struct reader *reader, struct syntax_word *ret, const char *what)
{
	if (reader_peek(reader)->kind != TOKEN_STRING)
		return reader_expected(reader, what);
	*ret = reader_word_of(reader_take(reader));
	return true;
}

/* Line ends mean nothing between the braces of a value. */
void
reader_skip_line_ends(struct reader *reader)
{
	while (reader_take_if(reader, TOKEN_NEWLINE))
		;
}

bool
reader_unclosed(
    struct reader *reader, const struct token *open, const char *wanted)
{
	const struct token *next = reader_peek(reader);
	struct text found = TEXT_EMPTY;

	if (next->kind == TOKEN_BAD)
		return false;
	report_error(reader->report, open->place, "this brace is not closed");
	report_see(reader->report, MANUAL_FORM);
	if (!reader->report->kept)
		return false;
	token_describe(next, &found);
	if (next->kind != TOKEN_END &&
	    place_line(open->place).line != place_line(next->place).line)
		text_addf(&found, " in line %u", place_line(next->place).line);
	report_hint(reader->report, "expected %s before %.*s", wanted,
	    STR_ARG(text_str(&found)));
	text_fini(&found);
	return false;
}

static bool
refuse_empty(struct reader *reader, const struct token *open)
{
	struct place place = open->place;

	place.len = reader->next[-1].place.at + 1 - place.at;
	report_error(reader->report, place, "there is nothing in these braces");
	report_see(reader->report, MANUAL_FORM);
	return false;
}

/*
 * `{ item, item }`: commas or line ends part the items, and a comma may stand
 * behind the last.  parse_item reads one and keeps it.  There is at least one:
 * a service of nothing would be taken for any service.
 */
static bool
parse_items(struct reader *reader, const struct token *open,
    bool (*parse_item)(struct reader *, void *), void *context)
{
	bool parted = true, empty = true;

	for (;;) {
		if (reader_peek(reader)->kind == TOKEN_NEWLINE) {
			reader_skip_line_ends(reader);
			parted = true;
		}
		if (reader_take_if(reader, TOKEN_CLOSE))
			return !empty || refuse_empty(reader, open);
		if (!parted || reader_peek(reader)->kind == TOKEN_END ||
		    reader_at_statement(reader))
			return reader_unclosed(reader, open, "',' or '}'");
		if (!parse_item(reader, context))
			return false;
		parted = reader_take_if(reader, TOKEN_COMMA);
		empty = false;
	}
}

static bool
parse_braced(struct reader *reader, bool (*parse_item)(struct reader *, void *),
    void *context)
{
	const struct token *open = reader_take(reader);

	if (reader->depth == BRACES_DEPTH_MAX) {
		report_error(
		    reader->report, open->place, "braces nest too deeply");
		report_see(reader->report, MANUAL_FORM);
		return false;
	}
	reader->depth++;
	bool good = parse_items(reader, open, parse_item, context);
	reader->depth--;
	return good;
}

static bool
keep_word(
    struct reader *reader, struct syntax_word ***tail, struct syntax_word word)
{
	struct syntax_word *kept = arena_new(reader->arena, struct syntax_word);

	if (kept == NULL)
		return false;
	*kept = word;
	**tail = kept;
	*tail = &kept->next;
	return true;
}

/* Words that are hung on *tail one by one. */
struct word_list {
	struct syntax_word **tail;
	const char *what;
};

static bool
parse_listed_word(struct reader *reader, void *context)
{
	struct word_list *list = context;
	struct syntax_word word;

	if (reader_peek(reader)->kind == TOKEN_OPEN)
		return parse_braced(reader, parse_listed_word, list);
	return reader_word(reader, &word, list->what) &&
	       keep_word(reader, &list->tail, word);
}

/* word { "," word }, each of which may be `{ words }` */
bool
reader_words(struct reader *reader, struct syntax_word **ret, const char *what)
{
	struct word_list list = { ret, what };

	do {
		if (!parse_listed_word(reader, &list))
			return false;
	} while (reader_take_if(reader, TOKEN_COMMA));
	return true;
}

bool
reader_strings(
    struct reader *reader, struct syntax_word **ret, const char *what)
{
	struct syntax_word word;

	do {
		if (!reader_string(reader, &word, what) ||
		    !keep_word(reader, &ret, word))
			return false;
	} while (reader_take_if(reader, TOKEN_COMMA));
	return true;
}

static bool
looks_like_detail(struct str word)
{
	uint16_t kind;

	return word.len > 0 && (ascii_is_digit(word.at[0]) ||
				   policy_icmp_kind_find(word, &kind));
}

static bool
keep_service(struct reader *reader, struct syntax_service ***tail,
    struct syntax_word what, struct syntax_word detail)
{
	struct syntax_service *kept =
	    arena_new(reader->arena, struct syntax_service);

	if (kept == NULL)
		return false;
	*kept = (struct syntax_service){ .what = what, .detail = detail };
	**tail = kept;
	*tail = &kept->next;
	return true;
}

/* One detail of `tcp 80, 443` or `tcp { 80, 443 }`. */
struct detail_list {
	struct syntax_service ***tail;
	struct syntax_word protocol;
};

static bool
parse_detail(struct reader *reader, void *context)
{
	struct detail_list *list = context;
	struct syntax_word detail;

	return reader_word(reader, &detail,
		   "a port, a range of ports, or a "
		   "kind of ICMP message") &&
	       keep_service(reader, list->tail, list->protocol, detail);
}

/* The comma of `tcp 80, 443` goes on with the protocol of before. */
static bool
goes_on_with_detail(const struct reader *reader)
{
	const struct token *next = reader_peek(reader) + 1;

	return reader_peek(reader)->kind == TOKEN_COMMA &&
	       next->kind == TOKEN_WORD && looks_like_detail(next->text);
}

static bool
reader_at_number(const struct reader *reader)
{
	const struct token *next = reader_peek(reader);

	return next->kind == TOKEN_WORD && ascii_is_digit(next->text.at[0]);
}

/* Services may stand side by side in a rule, without a comma. */
static bool
is_behind_protocol(const struct reader *reader)
{
	const struct token *last = reader_peek(reader) - 1;
	enum policy_protocol protocol;

	return last->kind == TOKEN_WORD &&
	       policy_protocol_find(last->text, &protocol);
}

/* PROTOCOL [ detail { "," detail } | "{" details "}" ] | SERVICE | braces */
static bool
parse_service(struct reader *reader, void *context)
{
	struct syntax_service ***tail = context;
	struct detail_list details = { .tail = tail };
	struct syntax_word *what = &details.protocol;
	bool behind_protocol = is_behind_protocol(reader);
	enum policy_protocol protocol;

	if (reader_peek(reader)->kind == TOKEN_OPEN)
		return parse_braced(reader, parse_service, tail);
	if (!reader_word(reader, what, "a service, or a protocol and its port"))
		return false;
	if (!policy_protocol_find(what->text, &protocol)) {
		/* A port behind it, for the resolver to say what is wrong. */
		struct syntax_word detail = { 0 };
		if (reader_at_number(reader))
			detail = reader_word_of(reader_take(reader));
		struct syntax_service **kept = *tail;
		if (!keep_service(reader, tail, *what, detail))
			return false;
		(*kept)->behind_protocol = behind_protocol;
		return true;
	}
	if (reader_peek(reader)->kind == TOKEN_OPEN)
		return parse_braced(reader, parse_detail, &details);
	if (reader_peek(reader)->kind != TOKEN_WORD ||
	    !looks_like_detail(reader_peek(reader)->text))
		return keep_service(
		    reader, tail, *what, (struct syntax_word){ 0 });
	if (!parse_detail(reader, &details))
		return false;
	while (goes_on_with_detail(reader)) {
		(void)reader_take(reader);
		if (!parse_detail(reader, &details))
			return false;
	}
	return true;
}

/* service { "," service }, or `{ services }` */
bool
reader_services(struct reader *reader, struct syntax_service **ret)
{
	struct syntax_service **tail = ret;

	while (*tail != NULL)
		tail = &(*tail)->next;
	do {
		if (!parse_service(reader, &tail))
			return false;
	} while (reader_take_if(reader, TOKEN_COMMA));
	return true;
}

static bool
keep_span(struct reader *reader, struct syntax_span ***tail,
    const struct syntax_span *span)
{
	struct syntax_span *kept = arena_new(reader->arena, struct syntax_span);

	if (kept == NULL)
		return false;
	*kept = *span;
	**tail = kept;
	*tail = &kept->next;
	return true;
}

/* What people write between one span and the next. */
static bool
refuse_loose_span(struct reader *reader, const struct syntax_span *span)
{
	const struct token *next = reader_peek(reader), *last = next - 1;

	if (next->kind != TOKEN_WORD || reader_at_statement(reader))
		return true;
	(void)reader_expected(reader, "',' or the end of these hours");
	if (str_starts(next->text, STR("-")) ||
	    last->text.at[last->text.len - 1] == '-')
		report_hint(reader->report,
		    "days and times are written without blanks around '-': "
		    "mon-fri 08:00-18:00");
	else if (span->days.text.at == NULL)
		report_hint(reader->report,
		    "days stand before their times: mon-fri 08:00-18:00");
	else
		report_hint(
		    reader->report, "several days or times need commas");
	return false;
}

/* DAYS [ TIMES ] | TIMES */
static bool
parse_span(struct reader *reader, void *context)
{
	struct syntax_span span = { 0 };

	if (!reader_at_number(reader) &&
	    !reader_word(reader, &span.days,
		"days like mon-fri, or times like 08:00-18:00"))
		return false;
	if (reader_at_number(reader) &&
	    !reader_word(reader, &span.times, "times like 08:00-18:00"))
		return false;
	return refuse_loose_span(reader, &span) &&
	       keep_span(reader, context, &span);
}

bool
reader_spans(struct reader *reader, struct syntax_span **ret)
{
	struct syntax_span **tail = ret;

	do {
		bool good = reader_peek(reader)->kind == TOKEN_OPEN
				? parse_braced(reader, parse_span, &tail)
				: parse_span(reader, &tail);
		if (!good)
			return false;
	} while (reader_take_if(reader, TOKEN_COMMA));
	return true;
}

struct str
reader_text_since(const struct reader *reader, const struct token *first)
{
	const struct token *last = reader->next - 1;
	const struct str *text = &first->place.source->text;

	return (struct str){ text->at + first->place.at,
		last->place.at + last->place.len - first->place.at };
}
