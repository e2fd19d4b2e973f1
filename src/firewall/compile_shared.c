/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/compile_shared.h"

#include "base/map.h"
#include "base/vec.h"
#include "firewall/compile_tail.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define BODIES_BYTES_MAX ((size_t)1 << 30)

/* Places on a line: two outcomes each of so many rules. */
#define RULES_ON_LINE_MAX 5

struct piece {
	struct str head; /* "map shape.1" */
	struct str body;
	unsigned number;
};

struct shared {
	const struct policy *policy;
	struct arena arena;
	struct map by_text; /* head without its number, and body */
	struct {
		struct piece **items;
		size_t count, room;
	} pieces;
	uint32_t *numbers; /* of each rule's first outcome */
	uint8_t *uses;     /* enum shared_use, of each outcome */
};

/* Ten times the line, and the place on it; false if that is no order. */
static bool
number_by_line(struct shared *shared)
{
	const struct policy *policy = shared->policy;
	uint32_t line = 0, nth = 0;

	/* The built-in last rule is for all flows and stands in no map. */
	for (size_t i = 0; i + 1 < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		if (rule->line < line)
			return false;
		nth = rule->line == line ? nth + 1 : 0;
		line = rule->line;
		if (nth >= RULES_ON_LINE_MAX)
			return false;
		shared->numbers[i] = 10 * line + 2 * nth;
	}
	return true;
}

static void
number_by_place(struct shared *shared)
{
	for (size_t i = 0; i < shared->policy->rule_count; i++)
		shared->numbers[i] = 10 * (uint32_t)(i + 1);
}

struct shared *
compile_shared_create(const struct policy *policy)
{
	struct shared *shared = calloc(1, sizeof(*shared));

	if (shared == NULL)
		return NULL;
	shared->policy = policy;
	arena_init(&shared->arena, BODIES_BYTES_MAX);
	map_init(&shared->by_text, 0);
	shared->numbers =
	    arena_array(&shared->arena, policy->rule_count, sizeof(uint32_t));
	shared->uses = arena_array(&shared->arena, 2 * policy->rule_count, 1);
	if (shared->arena.full) {
		compile_shared_destroy(shared);
		return NULL;
	}
	if (!number_by_line(shared))
		number_by_place(shared);
	return shared;
}

void
compile_shared_destroy(struct shared *shared)
{
	if (shared == NULL)
		return;
	map_fini(&shared->by_text);
	free(shared->pieces.items);
	arena_fini(&shared->arena);
	free(shared);
}

uint32_t
compile_number(const struct shared *shared, uint32_t outcome)
{
	return shared->numbers[outcome / 2] + outcome % 2;
}

void
compile_shared_use(struct shared *shared, uint32_t outcome, enum shared_use use)
{
	shared->uses[outcome] |= (uint8_t)use;
}

/* ---- pieces ---- */

static struct piece *
add_piece(struct compiler *compiler, struct str key, const char *kind,
    const char *name, size_t body_len)
{
	struct shared *shared = compiler->shared;
	struct piece *piece = arena_new(&shared->arena, struct piece);
	struct str kept = arena_str(&shared->arena, key);
	struct text head = TEXT_EMPTY;

	if (piece == NULL || kept.at == NULL ||
	    VEC_ADD(&shared->pieces, piece) < 0 ||
	    map_put(&shared->by_text, kept, piece) < 0)
		return NULL;
	piece->number = (unsigned)shared->pieces.count;
	text_addf(&head, "%s %s.%u", kind, name, piece->number);
	piece->head = arena_str(&shared->arena, text_str(&head));
	piece->body = (struct str){ kept.at + kept.len - body_len, body_len };
	compile_text_fini(compiler, &head);
	return piece;
}

unsigned
compile_shared_piece(struct compiler *compiler, const char *kind,
    const char *name, struct str body)
{
	struct shared *shared = compiler->shared;
	struct text key = TEXT_EMPTY;

	text_addf(&key, "%s %s\n", kind, name);
	text_add(&key, body);
	struct piece *piece = map_get(&shared->by_text, text_str(&key));
	if (piece == NULL)
		piece =
		    add_piece(compiler, text_str(&key), kind, name, body.len);
	if (piece == NULL)
		compiler->rc = -ENOMEM;
	compile_text_fini(compiler, &key);
	return piece != NULL ? piece->number : 0;
}

static void
write_pieces(struct compiler *compiler)
{
	const struct shared *shared = compiler->shared;

	for (size_t i = 0; i < shared->pieces.count; i++) {
		const struct piece *piece = shared->pieces.items[i];
		text_addf(compiler->out, "\n\t%.*s {\n", STR_ARG(piece->head));
		text_add(compiler->out, piece->body);
		text_addz(compiler->out, "\t}\n");
	}
}

/* ---- outcomes ---- */

static void
write_firsts(struct compiler *compiler)
{
	const struct shared *shared = compiler->shared;

	for (uint32_t i = 0; i < 2 * shared->policy->rule_count; i++) {
		if ((shared->uses[i] & SHARED_FIRST) == 0)
			continue;
		unsigned number = compile_number(shared, i);
		text_addf(compiler->out,
		    "\n\tchain first.%u {\n\t\tmeta priority > %u "
		    "meta priority set %u\n\t}\n",
		    number, number, number);
	}
}

static size_t
count_used(const struct shared *shared, unsigned uses)
{
	size_t count = 0;

	for (size_t i = 0; i < 2 * shared->policy->rule_count; i++)
		count += (shared->uses[i] & uses) != 0;
	return count;
}

/* Told its size, the kernel takes a faster table. */
static void
begin_map(struct text *out, const char *name, const char *ending,
    const char *type, size_t size)
{
	text_addf(out,
	    "\n\tmap %s%s {\n\t\ttype classid : %s\n\t\tsize %zu\n"
	    "\t\telements = {",
	    name, ending, type, size);
}

static void
write_counter_map(struct compiler *compiler)
{
	const struct shared *shared = compiler->shared;
	const struct policy *policy = shared->policy;
	const unsigned uses = SHARED_PLAIN | SHARED_PROXIED;
	struct text *out = compiler->out;
	char counter[FIREWALL_COUNTER_BYTES];
	const char *before = "";

	begin_map(out, "counters", "", "counter", count_used(shared, uses));
	for (size_t i = 0; i < policy->rule_count; i++) {
		uint32_t outcome = compile_outcome(i, false);
		if ((shared->uses[outcome] & uses) == 0)
			continue;
		firewall_counter_name(&policy->rules[i], counter);
		text_addf(out, "%s\n\t\t\t%u : \"%s\"", before,
		    compile_number(shared, outcome), counter);
		before = ",";
	}
	text_addz(out, "\n\t\t}\n\t}\n");
}

static void
write_verdicts(
    struct compiler *compiler, const char *ending, enum shared_use use)
{
	const struct shared *shared = compiler->shared;
	struct text *out = compiler->out;
	const char *before = "";

	begin_map(out, "verdicts", ending, "verdict", count_used(shared, use));
	for (size_t i = 0; i < shared->policy->rule_count; i++) {
		uint32_t outcome = compile_outcome(i, false);
		if ((shared->uses[outcome] & use) == 0)
			continue;
		text_addf(out, "%s\n\t\t\t%u : %s", before,
		    compile_number(shared, outcome),
		    tail_verdict(
			&shared->policy->rules[i], use == SHARED_PROXIED)
			.map);
		before = ",";
	}
	text_addz(out, "\n\t\t}\n\t}\n");
}

static void
write_decided(
    struct compiler *compiler, const char *ending, enum shared_use use)
{
	char name[COMPILE_NAME_BYTES];

	if (count_used(compiler->shared, use) == 0)
		return;
	write_verdicts(compiler, ending, use);
	(void)snprintf(name, sizeof(name), "decided%s", ending);
	compile_chain_begin(compiler, name);
	compile_line(compiler, "counter name meta priority map @counters");
	compile_line(compiler, "meta priority vmap @verdicts%s", ending);
	compile_chain_end(compiler);
}

static void
write_way(struct compiler *compiler, const char *name, const char *action)
{
	compile_chain_begin(compiler, name);
	compile_line(compiler, COMPILE_FORGET " %s", action);
	compile_chain_end(compiler);
}

void
compile_shared_write(struct compiler *compiler)
{
	const struct shared *shared = compiler->shared;

	if (shared->arena.full)
		compiler->rc = -ENOMEM;
	write_pieces(compiler);
	write_firsts(compiler);
	if (count_used(shared, SHARED_PLAIN | SHARED_PROXIED) == 0)
		return;
	write_counter_map(compiler);
	write_decided(compiler, "", SHARED_PLAIN);
	write_decided(compiler, ".proxied", SHARED_PROXIED);
	write_way(compiler, "allowed", "accept");
	if (count_used(shared, SHARED_PROXIED) > 0)
		write_way(compiler, "proxied", "goto handover");
}
