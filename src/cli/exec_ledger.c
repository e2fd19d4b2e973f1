/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/exec_ledger.h"

#include "base/vec.h"
#include "cli/amount.h"
#include "cli/member.h"

#include <errno.h>
#include <stdlib.h>

/* A name, a rule's name or a reason: an event's longest, and some. */
#define KEY_BYTES 1024

void
exec_ledger_init(struct exec_ledger *ledger)
{
	*ledger = (struct exec_ledger){ .beyond = 0 };
	arena_init(&ledger->arena, EXEC_LEDGER_ROWS_MAX * KEY_BYTES);
	map_init(&ledger->index, 0);
}

void
exec_ledger_fini(struct exec_ledger *ledger)
{
	map_fini(&ledger->index);
	free(ledger->rows.items);
	arena_fini(&ledger->arena);
}

/* ---- what an event says ---- */

struct account {
	struct exec_ledger_row row;
	struct text why;
};

/* "line 3", "line 3 (ads)", or the reason where no rule made it. */
static void
add_why(const json_t *event, struct text *out)
{
	int64_t line = member_inner_number(event, "rule", "line");
	struct str name = member_inner_string(event, "rule", "name");
	struct str reason = member_string(event, "reason");

	if (reason.len > 0)
		text_add(out, reason);
	else if (line > 0)
		text_addf(out, "line %d", (int)line);
	else
		text_addz(out, "no rule allows it");
	if (reason.len == 0 && line > 0 && name.len > 0)
		text_addf(out, " (%.*s)", STR_ARG(name));
}

static bool
is_of_place(const json_t *event)
{
	struct str kind = member_string(event, "kind");

	return str_is(kind, "flow") || str_is(kind, "request") ||
	       str_is(kind, "dns");
}

static uint64_t
count_of(const json_t *event, const char *which)
{
	int64_t value = member_inner_number(event, "bytes", which);

	return value > 0 ? (uint64_t)value : 0;
}

/* What was allowed has a reason if it failed, and what came of it is the
 * proxy's own page or nothing. */
static enum exec_outcome
outcome_of(const json_t *event)
{
	bool answered = member_number(event, "status") > 0
			    ? member_number(event, "status") < 500
			    : count_of(event, "out") > 0;

	if (!str_is(member_string(event, "verdict"), "allow"))
		return EXEC_REFUSED;
	return answered || member_string(event, "reason").len == 0
		   ? EXEC_REACHED
		   : EXEC_UNANSWERED;
}

/* Of what a request was refused for, its method is the most of it. */
static struct str
method_of(const json_t *event)
{
	bool by_request = str_is(member_string(event, "phase"), "request");

	return outcome_of(event) == EXEC_REFUSED && by_request
		   ? member_string(event, "method")
		   : STR("");
}

/* All texts are the event's.  False: it is of no place. */
static bool
read_event(const json_t *event, struct account *ret)
{
	struct exec_ledger_row *row = &ret->row;
	struct str name = member_string(event, "name");
	bool asked = str_is(member_string(event, "kind"), "dns");
	int64_t port = member_number(event, "port");

	if (!is_of_place(event))
		return false;
	row->is_name = name.len > 0;
	row->place = row->is_name ? name : member_string(event, "destination");
	row->outcome = outcome_of(event);
	row->method = method_of(event);
	row->own = str_is(member_inner_string(event, "zone", "to"), "self");
	row->port = asked || port < 0 ? 0 : (uint16_t)port;
	row->count = 1;
	row->bytes_in = count_of(event, "in");
	row->bytes_out = count_of(event, "out");
	if (row->outcome != EXEC_REACHED)
		add_why(event, &ret->why);
	return row->place.len > 0;
}

/* ---- rows ---- */

static struct exec_ledger_row *
add_row(
    struct exec_ledger *ledger, const struct account *account, struct str key)
{
	struct exec_ledger_row *row =
	    ledger->rows.count < EXEC_LEDGER_ROWS_MAX
		? arena_new(&ledger->arena, struct exec_ledger_row)
		: NULL;

	if (row == NULL)
		return NULL;
	*row = account->row;
	row->place = arena_str(&ledger->arena, row->place);
	row->method = arena_str(&ledger->arena, row->method);
	row->why = arena_str(&ledger->arena, text_str(&account->why));
	key = arena_str(&ledger->arena, key);
	if (ledger->arena.full || VEC_ADD(&ledger->rows, row) < 0)
		return NULL;
	/* Not found again, it is counted twice. */
	(void)map_put(&ledger->index, key, row);
	return row;
}

/* What makes a place and its outcome one row. */
static void
add_key(const struct exec_ledger_row *row, struct text *out)
{
	text_addf(out, "%.*s %u %d %d %.*s", STR_ARG(row->place), row->port,
	    (int)row->outcome, row->own, STR_ARG(row->method));
}

static const struct exec_ledger_row *
take(struct exec_ledger *ledger, const struct account *account)
{
	struct text key = TEXT_EMPTY;
	struct exec_ledger_row *row, *added = NULL;

	add_key(&account->row, &key);
	row = map_get(&ledger->index, text_str(&key));
	if (row != NULL) {
		row->count++;
		row->bytes_in += account->row.bytes_in;
		row->bytes_out += account->row.bytes_out;
	} else {
		added = add_row(ledger, account, text_str(&key));
		ledger->beyond += added == NULL;
	}
	text_fini(&key);
	return added;
}

const struct exec_ledger_row *
exec_ledger_take(struct exec_ledger *ledger, struct str line)
{
	struct account account = { .why = TEXT_EMPTY };
	const struct exec_ledger_row *row = NULL;
	json_t *event = json_loadb(line.at, line.len, 0, NULL);

	if (event != NULL && read_event(event, &account))
		row = take(ledger, &account);
	text_fini(&account.why);
	json_decref(event);
	return row;
}

/* ---- the summary ---- */

static void
add_place(const struct exec_ledger_row *row, struct text *out)
{
	text_addf(out, "  %-40.*s ", STR_ARG(row->place));
	if (row->port > 0)
		text_addf(out, "tcp %-5u", row->port);
	else
		text_addz(out, "-        ");
	text_addf(out, " %6llu", (unsigned long long)row->count);
}

static void
add_reached(const struct exec_ledger_row *row, struct text *out)
{
	add_place(row, out);
	text_addz(out, "  ");
	amount_add_size(out, (int64_t)row->bytes_out);
	text_addz(out, " in, ");
	amount_add_size(out, (int64_t)row->bytes_in);
	text_addz(out, " out\n");
}

static void
add_missed(const struct exec_ledger_row *row, struct text *out)
{
	add_place(row, out);
	text_addf(out, "  %.*s%s%.*s\n", STR_ARG(row->method),
	    row->method.len > 0 ? ": " : "", STR_ARG(row->why));
}

static size_t
count_rows(const struct exec_ledger *ledger, enum exec_outcome outcome)
{
	size_t count = 0;

	for (size_t i = 0; i < ledger->rows.count; i++)
		count += ledger->rows.items[i]->outcome == outcome;
	return count;
}

/* The head stands over as many columns as add_place fills. */
static void
add_head(
    const char *word, size_t count, enum exec_outcome outcome, struct text *out)
{
	text_addf(
	    out, "%s: %zu%s\n", word, count, count > 0 ? "" : ", nothing");
	if (count > 0)
		text_addf(out, "  %-40s %-9s %6s  %s\n", "place", "port",
		    "times", outcome == EXEC_REACHED ? "bytes" : "why");
}

static void
add_part(const struct exec_ledger *ledger, enum exec_outcome outcome,
    struct text *out)
{
	static const char *const words[EXEC_OUTCOME_COUNT] = {
		[EXEC_REACHED] = "reached",
		[EXEC_UNANSWERED] = "allowed, but nothing answered",
		[EXEC_REFUSED] = "refused",
	};

	add_head(words[outcome], count_rows(ledger, outcome), outcome, out);
	for (size_t i = 0; i < ledger->rows.count; i++) {
		const struct exec_ledger_row *row = ledger->rows.items[i];
		if (row->outcome != outcome)
			continue;
		if (outcome == EXEC_REACHED)
			add_reached(row, out);
		else
			add_missed(row, out);
	}
}

static void
add_sums(const struct exec_ledger *ledger, struct text *out)
{
	uint64_t in = 0, sent = 0;

	for (size_t i = 0; i < ledger->rows.count; i++) {
		in += ledger->rows.items[i]->bytes_out;
		sent += ledger->rows.items[i]->bytes_in;
	}
	text_addz(out, "bytes: ");
	amount_add_size(out, (int64_t)in);
	text_addz(out, " in, ");
	amount_add_size(out, (int64_t)sent);
	text_addz(out, " out\n");
	if (ledger->beyond > 0)
		text_addf(out, "and %llu events of more places\n",
		    (unsigned long long)ledger->beyond);
}

void
exec_ledger_add_summary(const struct exec_ledger *ledger, struct text *out)
{
	add_part(ledger, EXEC_REACHED, out);
	if (count_rows(ledger, EXEC_UNANSWERED) > 0)
		add_part(ledger, EXEC_UNANSWERED, out);
	add_part(ledger, EXEC_REFUSED, out);
	add_sums(ledger, out);
}
