/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/nft_rule: one rule, word by word, and sets beside it.
 */
#include "import/nft_impl.h"

#include "import/service.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static size_t
key_length(size_t row)
{
	size_t count = 0;

	while (count < 3 && nft_keys[row].words[count] != NULL)
		count++;
	return count;
}

/* The longest key that stands here; nft_key_count if none does. */
static size_t
find_key(const struct nft_draft *draft)
{
	for (size_t row = 0; row < nft_key_count; row++) {
		size_t i = 0;
		while (i < key_length(row) &&
		       nft_is(draft, i, nft_keys[row].words[i]))
			i++;
		if (i == key_length(row))
			return row;
	}
	return nft_key_count;
}

static const struct {
	const char *word;
	enum import_action action;
	bool named;
} verdicts[] = {
	{ "accept", IMPORT_ACCEPT, false },
	{ "drop", IMPORT_DROP, false },
	{ "reject", IMPORT_REJECT, false },
	{ "return", IMPORT_RETURN, false },
	{ "continue", IMPORT_NOTHING, false },
	{ "jump", IMPORT_JUMP, true },
	{ "goto", IMPORT_GOTO, true },
	{ "masquerade", IMPORT_MASQUERADE, false },
};

static bool
read_verdict(struct nft_draft *draft, struct import_rule *rule)
{
	for (size_t i = 0; i < COUNT_OF(verdicts); i++) {
		if (!nft_is(draft, 0, verdicts[i].word))
			continue;
		rule->action = verdicts[i].action;
		if (verdicts[i].named)
			rule->target = nft_token_at(draft, 1)->text;
		draft->at += 1 + verdicts[i].named;
		return true;
	}
	return false;
}

/* The verdict of a map that is not known may be any. */
static void
refuse_unknown(struct nft_draft *draft, struct str word)
{
	nft_lose(draft, word);
	draft->rule.action = IMPORT_DROP;
	draft->decided = true;
	draft->at = draft->to;
}

/* Only what has these values, one for each key. */
static void
narrow_by(struct nft_draft *draft, const struct nft_element *element)
{
	const struct nft_keys *keys = &draft->keys;

	if (element->why != NULL || element->count != keys->count) {
		import_rule_inexact(&draft->rule,
		    element->why != NULL ? element->why
					 : "its values are not of its keys");
		draft->lost = true;
	}
	for (size_t i = 0; i < keys->count; i++) {
		struct str value = element->values[i];
		struct nft_values one = { .items = &value, .count = 1 };
		if (!draft->lost)
			nft_keys[keys->rows[i]].match(draft, &one, false);
		if (draft->lost)
			nft_match_roughly(draft, keys->rows[i]);
	}
}

/* "a : accept": a rule of its own. */
static void
map_one(struct nft_draft *draft, const struct nft_element *element)
{
	draft->rule = draft->whole;
	draft->lost = false;
	narrow_by(draft, element);
	if (!read_verdict(draft, &draft->rule)) {
		nft_lose(draft, STR("vmap"));
		draft->rule.action = IMPORT_DROP;
	}
	if (VEC_ADD(&draft->split, draft->rule) < 0)
		draft->nft->rules->failed = true;
}

/* "KEY vmap { a : accept, b : jump x }" or "KEY vmap @map" */
static void
read_map(struct nft_draft *draft)
{
	struct str name = nft_token_at(draft, 1)->text;
	const struct nft_set *set = NULL;

	draft->at++;
	if (str_starts(name, STR("@")))
		set = nft_set_find(
		    draft->nft, draft->nft->table, str_skip(name, 1));
	if (!nft_is(draft, 0, "{") && (set == NULL || set->why != NULL)) {
		refuse_unknown(draft, STR("vmap"));
		return;
	}
	draft->whole = draft->rule;
	if (set != NULL) {
		nft_set_visit(draft, set, map_one, 0);
		draft->at++;
	} else {
		nft_values_visit(draft, map_one);
	}
	draft->rule = draft->whole;
	draft->lost = false;
	draft->decided = true;
}

static void
collect(struct nft_draft *draft, const struct nft_element *element)
{
	if (element->why != NULL || element->count != 1) {
		import_rule_inexact(&draft->rule,
		    element->why != NULL ? element->why
					 : "its values are not of its keys");
		draft->lost = true;
	} else if (VEC_ADD(&draft->values, element->values[0]) < 0) {
		draft->nft->rules->failed = true;
	}
}

static void
count_pieces(struct nft_draft *draft, const struct nft_element *element)
{
	(void)element;
	draft->pieces++;
}

static void finish(struct nft_draft *draft);

/* The rule goes on behind each element by itself. */
static void
fork_one(struct nft_draft *draft, const struct nft_element *element)
{
	struct nft_draft one = *draft;

	one.split = (struct nft_rules){ 0 };
	one.values = (struct nft_values){ 0 };
	one.forked = false;
	narrow_by(&one, element);
	one.at = draft->after;
	one.to = draft->end;
	finish(&one);
}

/* "ip saddr . tcp dport { a . b, c . d }": a rule for each. */
static void
read_together(struct nft_draft *draft, bool negated)
{
	size_t from = draft->at;

	draft->pieces = 0;
	nft_values_visit(draft, count_pieces);
	draft->after = draft->at;
	draft->at = from;
	if (negated) {
		nft_lose(draft, STR("!="));
		return;
	}
	draft->end = draft->to;
	nft_values_visit(draft, fork_one);
	draft->forked = true;
	draft->at = draft->to;
}

static bool
is_calculated(const struct nft_draft *draft)
{
	static const char *const words[] = { "&", "|", "^", "<<", ">>", "-",
		"/", ".", "map", "<", ">", "<=", ">=" };

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (nft_is(draft, 0, words[i]))
			return true;
	return false;
}

/* "ip saddr . tcp dport" */
static bool
read_keys(struct nft_draft *draft, size_t row)
{
	draft->keys.count = 0;
	for (;;) {
		if (row == nft_key_count || draft->keys.count == NFT_KEYS_MAX)
			return false;
		draft->keys.rows[draft->keys.count++] = row;
		draft->at += key_length(row);
		if (!nft_is(draft, 0, "."))
			return true;
		draft->at++;
		row = find_key(draft);
	}
}

/* Its values, and whether something would be made of them. */
static void
read_match_values(struct nft_draft *draft, bool negated)
{
	size_t row = draft->keys.rows[0];

	nft_values_visit(draft, collect);
	if (!draft->lost && is_calculated(draft))
		nft_lose(draft, nft_token_at(draft, 0)->text);
	if (!draft->lost)
		nft_keys[row].match(draft, &draft->values, negated);
	if (draft->lost)
		nft_match_roughly(draft, row);
	free(draft->values.items);
	draft->values = (struct nft_values){ 0 };
}

static void
read_match(struct nft_draft *draft, size_t row)
{
	bool negated;

	if (!read_keys(draft, row)) {
		nft_lose(draft, nft_token_at(draft, 0)->text);
		return;
	}
	if (nft_is(draft, 0, "vmap")) {
		read_map(draft);
		return;
	}
	negated = nft_is(draft, 0, "!=");
	if (negated || nft_is(draft, 0, "=="))
		draft->at++;
	if (is_calculated(draft))
		nft_lose(draft, nft_token_at(draft, 0)->text);
	else if (draft->keys.count > 1)
		read_together(draft, negated);
	else
		read_match_values(draft, negated);
}

/* Behind what is not known only verdicts are looked for. */
static void
skip_unknown(struct nft_draft *draft)
{
	size_t depth = 0;

	do {
		if (nft_is(draft, 0, "{"))
			depth++;
		else if (nft_is(draft, 0, "}") && depth > 0)
			depth--;
		draft->at++;
	} while (depth > 0 && draft->at < draft->to);
}

static void
read_part(struct nft_draft *draft)
{
	size_t row = draft->lost ? nft_key_count : find_key(draft);

	if (draft->lost && nft_is(draft, 0, "vmap")) {
		refuse_unknown(draft, STR("vmap"));
		return;
	}

	if (row < nft_key_count) {
		read_match(draft, row);
		return;
	}
	if (read_verdict(draft, &draft->rule)) {
		draft->decided = true;
		/* "reject with icmp type ..." and "masquerade random" */
		while (draft->at < draft->to && !nft_is(draft, 0, "comment"))
			draft->at++;
		return;
	}
	if (nft_statement_read(draft))
		return;
	if (!draft->lost)
		nft_lose(draft, nft_token_at(draft, 0)->text);
	skip_unknown(draft);
}

/* At its end, or where a line inserts it, by the devices of the chain. */
static void
emit(struct nft_draft *draft, const struct import_rule *given)
{
	struct nft *nft = draft->nft;
	struct import_rule rule = *given;

	rule.in &= draft->chain->in;
	rule.out &= draft->chain->out;
	if (draft->pieces > 1 && rule.limit.len > 0)
		import_rule_inexact(
		    &rule, "its limit holds for several rules together");
	import_rule_add(nft->rules, draft->chain, &rule);
	if (nft->inserts)
		import_rule_move(draft->chain, nft->inserted++);
}

static void
finish(struct nft_draft *draft)
{
	while (draft->at < draft->to)
		read_part(draft);
	if (!draft->decided && draft->rule.log)
		draft->rule.action = IMPORT_LOG;
	for (size_t i = 0; i < draft->split.count; i++) {
		struct import_rule *one = &draft->split.items[i];
		one->name = draft->rule.name;
		one->log = draft->rule.log;
		if (draft->rule.why != NULL)
			import_rule_inexact(one, draft->rule.why);
		draft->pieces = draft->split.count;
		emit(draft, one);
	}
	if (draft->split.count == 0 && !draft->forked)
		emit(draft, &draft->rule);
	free(draft->split.items);
}

void
nft_rule_read(struct nft *nft, struct import_chain *chain, size_t from,
    size_t to, struct import_line *line)
{
	struct nft_draft draft = { .nft = nft,
		.chain = chain,
		.at = from,
		.to = to,
		.rule = import_rule_begin(line, nft->family) };

	nft->inserted = 0;
	if (line != NULL)
		finish(&draft);
}
