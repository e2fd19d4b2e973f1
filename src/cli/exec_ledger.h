/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/exec_ledger: what a sandboxed command has reached, and what it has not.
 *
 * One row a place (a name, or an address that it dialled itself, and a port)
 * and outcome, made of the proxy's events as they come: reached, allowed and
 * without an answer, or refused.  At most EXEC_LEDGER_ROWS_MAX; what is beyond
 * is counted alone.
 */
#ifndef GATEHOUSE_CLI_EXEC_LEDGER_H
#define GATEHOUSE_CLI_EXEC_LEDGER_H

#include "base/arena.h"
#include "base/map.h"
#include "base/text.h"

/* As many as there are aliases (proxy/limits). */
#define EXEC_LEDGER_ROWS_MAX ((size_t)65536)

enum exec_outcome {
	EXEC_REACHED,
	EXEC_UNANSWERED, /* allowed, and nothing answers there */
	EXEC_REFUSED,
	EXEC_OUTCOME_COUNT
};

struct exec_ledger_row {
	struct str place;
	uint16_t port; /* 0: it was only asked for */
	enum exec_outcome outcome;
	bool own; /* of the host itself */
	bool is_name;
	struct str method; /* refused for what the request says; else len 0 */
	struct str why;    /* not reached: by which rule, for which reason */
	uint64_t count, bytes_in, bytes_out;
};

struct exec_ledger {
	struct arena arena;
	struct map index;
	struct {
		struct exec_ledger_row **items;
		size_t count, room;
	} rows; /* in the order of their first time */
	uint64_t beyond;
};

void exec_ledger_init(struct exec_ledger *ledger);
void exec_ledger_fini(struct exec_ledger *ledger);

/*
 * Takes one event, a line of JSON.  The row, if it is a new one; NULL: it was
 * known, is none of a place, or there is no room.
 */
const struct exec_ledger_row *exec_ledger_take(
    struct exec_ledger *ledger, struct str line);

/* Appends what `--summary` shows. */
void exec_ledger_add_summary(
    const struct exec_ledger *ledger, struct text *out);

#endif
