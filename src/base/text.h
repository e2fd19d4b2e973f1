/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/text: text that grows while it is written.
 *
 * For rulesets, reports, pages and journal lines.  A failure to grow sticks in
 * `full`; the writer looks once at its end.  The bytes are always followed by
 * a NUL, so `at` may be handed to a system call.
 */
#ifndef GATEHOUSE_BASE_TEXT_H
#define GATEHOUSE_BASE_TEXT_H

#include "base/str.h"

struct text {
	char *at; /* owned; NULL while empty */
	size_t len;
	size_t room;
	bool full;
};

#define TEXT_EMPTY ((struct text){ 0 })

void text_fini(struct text *text);

/* Keeps the memory for the next use. */
void text_clear(struct text *text);

void text_add(struct text *text, struct str s);
void text_addz(struct text *text, const char *s);
void text_addc(struct text *text, char c);
/* In decimal; for what is written often: printf takes ten times as long. */
void text_add_number(struct text *text, uint64_t number);
__attribute__((format(printf, 2, 3))) void text_addf(
    struct text *text, const char *format, ...);

/* So many bytes more, which the caller writes at once; NULL, and full: there is
 * no room. */
char *text_extend(struct text *text, size_t more);

/* `count` times c: for indents and marks. */
void text_pad(struct text *text, char c, size_t count);

/* Takes back what was written from `len` on; len is at most text->len. */
void text_cut(struct text *text, size_t len);

/* What was written, lent until the next call on this text. */
struct str text_str(const struct text *text);

#endif
