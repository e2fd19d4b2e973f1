/* SPDX-License-Identifier: GPL-2.0-or-later */
/* firewall/compile_lines: what its files share. */
#ifndef GATEHOUSE_FIREWALL_COMPILE_LINES_IMPL_H
#define GATEHOUSE_FIREWALL_COMPILE_LINES_IMPL_H

#include "firewall/compile_lines.h"

enum line_kind {
	LINE_REMARK,
	LINE_MATCH,
	LINE_CALL,
	LINE_END,
};

/* Where its parts end in the text; one begins where the last one ends. */
struct line {
	enum line_kind kind;
	size_t start, match_end, tail_end, end;
	uint32_t outcome;
	bool is_common;
	bool is_mapped; /* its elements say it */
};

/* ---- firewall/compile_run ---- */

/* Elements of one shape, and how many lines they are of. */
struct run {
	size_t start, end;
	size_t lines;
	unsigned protocols;
};

struct runs {
	struct run *items;
	size_t count, room;
};

/* Whether the list is worth maps, and then which: the caller frees
 * `runs->items`. */
bool lines_choose_maps(struct lines *lines, struct runs *runs);

/* Whether no packet can be of the run and of one of the first `count`. */
bool lines_run_is_alone(const struct lines *lines, const struct runs *runs,
    size_t count, const struct run *run);

#endif
