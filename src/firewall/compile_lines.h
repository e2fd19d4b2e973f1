/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_lines: the lines of one chain of the list.
 *
 * They are gathered first, then written in one of two ways.  A few stand there
 * as they are and are asked one after the other.  Of many, those that ask for
 * values become a map for each shape (compile_shape): each map finds the first
 * of its lines that matches, the least number of all is the line.  That costs
 * a look-up a shape however many lines there are, and needs no reasoning about
 * which rules overlap, for what was found first is not what wins.  The rest of
 * the lines stays, and each is asked only if nothing before it was found.
 */
#ifndef GATEHOUSE_FIREWALL_COMPILE_LINES_H
#define GATEHOUSE_FIREWALL_COMPILE_LINES_H

#include "firewall/compile_shape.h"

struct line;

struct lines {
	struct compiler *compiler;
	enum chain_kind kind;
	struct text text;
	struct elements elements;
	struct line *items;
	size_t count, room;
	bool has_end; /* one that matches always: no flow is left behind it */
};

/* What a line does when it matches. */
struct tail {
	struct str text;
	struct str comment;
	uint32_t outcome; /* compile_outcome() */
	/* Counter and verdict of its rule, as in all chains of the kind. */
	bool is_common;
};

void lines_init(
    struct lines *lines, struct compiler *compiler, enum chain_kind kind);
void lines_fini(struct lines *lines);

/* For those who read: stands before what is added next. */
__attribute__((format(printf, 2, 3))) void lines_remark(
    struct lines *lines, const char *format, ...);

void lines_add(struct lines *lines,
    const struct match *const parts[static LINE_PARTS],
    const struct tail *tail);

/* Jumps to a chain that decides nothing. */
void lines_add_call(struct lines *lines, const struct tail *tail);

/* True: as maps. */
bool lines_write(struct lines *lines);

/* As they are: for a chain that is called by a list, which has a number. */
void lines_write_plain(const struct lines *lines);

#endif
