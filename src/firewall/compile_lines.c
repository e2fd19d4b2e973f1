/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/compile_lines_impl.h"

#include "firewall/compile_shared.h"

#include "base/vec.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void
lines_init(struct lines *lines, struct compiler *compiler, enum chain_kind kind)
{
	*lines = (struct lines){ .compiler = compiler, .kind = kind };
}

void
lines_fini(struct lines *lines)
{
	compile_text_fini(lines->compiler, &lines->text);
	free(lines->elements.items);
	free(lines->items);
}

static struct str
part_of(const struct lines *lines, size_t start, size_t end)
{
	return (struct str){ lines->text.at + start, end - start };
}

/* ---- gathered ---- */

/* NULL without memory. */
static struct line *
begin_line(struct lines *lines, enum line_kind kind)
{
	struct line line = { .kind = kind, .start = lines->text.len };

	if (VEC_ADD(lines, line) < 0) {
		lines->compiler->rc = -ENOMEM;
		return NULL;
	}
	return &lines->items[lines->count - 1];
}

static void
end_line(struct lines *lines, struct line *line, const struct tail *tail)
{
	line->match_end = lines->text.len;
	text_add(&lines->text, tail->text);
	line->tail_end = lines->text.len;
	text_add(&lines->text, tail->comment);
	line->end = lines->text.len;
	line->outcome = tail->outcome;
	line->is_common = tail->is_common;
}

void
lines_remark(struct lines *lines, const char *format, ...)
{
	struct line *line = begin_line(lines, LINE_REMARK);
	char *remark = NULL;
	va_list args;

	if (line == NULL)
		return;
	va_start(args, format);
	int len = vasprintf(&remark, format, args);
	va_end(args);
	if (len < 0) {
		lines->compiler->rc = -ENOMEM;
		return;
	}
	end_line(
	    lines, line, &(struct tail){ .text = { remark, (size_t)len } });
	free(remark);
}

void
lines_add(struct lines *lines,
    const struct match *const parts[static LINE_PARTS], const struct tail *tail)
{
	size_t start = lines->text.len;

	for (size_t i = 0; i < LINE_PARTS; i++) {
		text_add(&lines->text, parts[i]->text);
		text_addz(&lines->text, parts[i]->text.len > 0 ? " " : "");
	}
	bool is_end = lines->text.len == start;
	struct line *line = begin_line(lines, is_end ? LINE_END : LINE_MATCH);
	if (line == NULL)
		return;
	line->start = start;
	end_line(lines, line, tail);
	line->is_mapped = !is_end && !lines->has_end &&
			  elements_add(lines->compiler, &lines->elements, parts,
			      tail->outcome, (uint32_t)lines->count - 1);
	lines->has_end = lines->has_end || is_end;
}

void
lines_add_call(struct lines *lines, const struct tail *tail)
{
	struct line *line = begin_line(lines, LINE_CALL);

	if (line != NULL)
		end_line(lines, line, tail);
}

/* ---- written ---- */

static void
write_line(const struct lines *lines, const struct line *line)
{
	struct str text = part_of(lines, line->start, line->end);

	compile_line(lines->compiler, "%.*s", STR_ARG(text));
}

void
lines_write_plain(const struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		write_line(lines, &lines->items[i]);
}

static void
write_maps(const struct lines *lines, const struct runs *runs)
{
	for (size_t i = 0; i < runs->count; i++) {
		const struct run *run = &runs->items[i];
		compile_shape_write(lines->compiler,
		    &lines->elements.items[run->start], run->end - run->start,
		    lines_run_is_alone(lines, runs, i, run));
	}
}

/* `write` for each line of the kind that stays, with its remark before it. */
static void
write_rest(const struct lines *lines, enum line_kind kind,
    void (*write)(const struct lines *lines, const struct line *line))
{
	const struct line *remark = NULL;

	for (size_t i = 0; i < lines->count; i++) {
		const struct line *line = &lines->items[i];
		if (line->kind == LINE_REMARK) {
			remark = line;
		} else if (line->kind == kind && !line->is_mapped) {
			if (remark != NULL)
				write_line(lines, remark);
			remark = NULL;
			write(lines, line);
		}
		if (line->kind == LINE_END)
			return;
	}
}

static void
write_match(const struct lines *lines, const struct line *line)
{
	unsigned number =
	    compile_number(lines->compiler->shared, line->outcome);
	struct str match = part_of(lines, line->start, line->match_end);

	compile_line(lines->compiler,
	    "meta priority > %u %.*smeta priority set %u%.*s", number,
	    STR_ARG(match), number,
	    STR_ARG(part_of(lines, line->tail_end, line->end)));
}

static void
write_call(const struct lines *lines, const struct line *line)
{
	compile_line(lines->compiler, "meta priority > %u %.*s",
	    compile_number(lines->compiler->shared, line->outcome),
	    STR_ARG(part_of(lines, line->match_end, line->end)));
}

static void
write_end(const struct lines *lines, const struct line *line)
{
	compile_line(lines->compiler, COMPILE_FORGET);
	write_line(lines, line);
}

/* The chain of what a line does that no other list does. */
static unsigned
write_tail(const struct lines *lines, const struct line *line)
{
	struct str tail = part_of(lines, line->match_end, line->tail_end);
	struct text body = TEXT_EMPTY;

	text_addf(&body, "\t\t" COMPILE_FORGET "\n\t\t%.*s\n", STR_ARG(tail));
	unsigned piece = compile_shared_piece(
	    lines->compiler, "chain", "tail", text_str(&body));
	compile_text_fini(lines->compiler, &body);
	return piece;
}

/* Numbers that lead to one chain of a tail. */
struct special {
	unsigned tail;
	uint32_t outcome;
};

struct specials {
	struct special *items;
	size_t count, room;
};

static int
by_tail(const void *a, const void *b)
{
	const struct special *x = a, *y = b;

	if (x->tail != y->tail)
		return x->tail < y->tail ? -1 : 1;
	return x->outcome < y->outcome ? -1 : x->outcome > y->outcome;
}

/* True: `decided` has it; else it is one of the specials. */
static bool
sort_out(const struct lines *lines, const struct line *line,
    struct specials *specials)
{
	struct compiler *compiler = lines->compiler;

	if (line->is_common) {
		compile_shared_use(compiler->shared, line->outcome,
		    lines->kind == CHAIN_PROXIED ? SHARED_PROXIED
						 : SHARED_PLAIN);
		return true;
	}
	/* Alternatives of one rule stand together and do the same. */
	if (specials->count > 0 &&
	    specials->items[specials->count - 1].outcome == line->outcome)
		return false;
	struct special special = { write_tail(lines, line), line->outcome };
	if (VEC_ADD(specials, special) < 0)
		compiler->rc = -ENOMEM;
	return false;
}

static bool
is_shared(const struct specials *specials, size_t at)
{
	const struct special *special = &specials->items[at];

	return (at > 0 && special[-1].tail == special->tail) ||
	       (at + 1 < specials->count && special[1].tail == special->tail);
}

/*
 * What many numbers lead to is a line with their set: of a map of verdicts the
 * kernel follows each element when it checks for loops, and behind these there
 * are whole lists.
 */
static void
add_shared(struct compiler *compiler, const struct specials *specials,
    struct text *body)
{
	for (size_t i = 0; i < specials->count; i++) {
		const struct special *special = &specials->items[i];
		if (!is_shared(specials, i))
			continue;
		bool is_first = i == 0 || special[-1].tail != special->tail;
		bool is_last = i + 1 == specials->count ||
			       special[1].tail != special->tail;
		text_addf(body, "%s\n\t\t\t%u",
		    is_first ? "\t\tmeta priority {" : ",",
		    compile_number(compiler->shared, special->outcome));
		if (is_last)
			text_addf(
			    body, "\n\t\t} goto tail.%u\n", special->tail);
	}
}

static void
add_singles(struct compiler *compiler, const struct specials *specials,
    struct text *body)
{
	bool has_one = false;

	for (size_t i = 0; i < specials->count; i++) {
		const struct special *special = &specials->items[i];
		if (is_shared(specials, i))
			continue;
		text_addf(body, "%s\n\t\t\t%u : goto tail.%u",
		    has_one ? "," : "\t\tmeta priority vmap {",
		    compile_number(compiler->shared, special->outcome),
		    special->tail);
		has_one = true;
	}
	text_addz(body, has_one ? "\n\t\t}\n" : "");
}

/* From the number to what it means. */
static void
write_decision(const struct lines *lines)
{
	const char *ending = lines->kind == CHAIN_PROXIED ? ".proxied" : "";
	struct compiler *compiler = lines->compiler;
	struct specials specials = { 0 };
	struct text body = TEXT_EMPTY;
	bool has_common = false;

	for (size_t i = 0; i < lines->count; i++) {
		const struct line *line = &lines->items[i];
		if (line->kind == LINE_END)
			break;
		if (line->kind == LINE_MATCH &&
		    sort_out(lines, line, &specials))
			has_common = true;
	}
	if (specials.count > 0)
		qsort(specials.items, specials.count, sizeof(*specials.items),
		    by_tail);
	add_singles(compiler, &specials, &body);
	add_shared(compiler, &specials, &body);
	if (has_common)
		text_addf(&body, "\t\tgoto decided%s\n", ending);
	if (specials.count == 0)
		compile_line(compiler,
		    "meta priority != " COMPILE_NONE_YET " goto decided%s",
		    ending);
	else
		compile_line(compiler,
		    "meta priority != " COMPILE_NONE_YET " goto own.%u",
		    compile_shared_piece(
			compiler, "chain", "own", text_str(&body)));
	free(specials.items);
	compile_text_fini(compiler, &body);
}

static void
write_as_maps(const struct lines *lines, const struct runs *runs)
{
	struct compiler *compiler = lines->compiler;

	compile_line(compiler,
	    "# Each look-up finds the first of its rules; the least is it.");
	compile_line(compiler, "meta priority set " COMPILE_NONE_YET);
	write_maps(lines, runs);
	write_rest(lines, LINE_MATCH, write_match);
	write_rest(lines, LINE_CALL, write_call);
	write_decision(lines);
	write_rest(lines, LINE_END, write_end);
}

bool
lines_write(struct lines *lines)
{
	struct runs runs = { 0 };
	bool as_maps = lines_choose_maps(lines, &runs);

	if (as_maps)
		write_as_maps(lines, &runs);
	else
		lines_write_plain(lines);
	free(runs.items);
	return as_maps;
}
