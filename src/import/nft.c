/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/nft_impl.h"

#include <stdlib.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void
skip_statement(struct nft *nft, const char *why)
{
	size_t to = nft_statement_end(nft);

	if (to == nft->at) {
		nft->at++;
		return;
	}
	struct import_line *line = nft_line(nft, nft->at, to);
	if (line != NULL)
		line->why = why;
	nft->at = to;
}

/* Of a family that is not read there is one line, whatever is in it. */
static void
skip_table(struct nft *nft, size_t from)
{
	size_t to = nft_statement_end(nft);
	size_t last = from;

	while (last < to && !str_is(nft->tokens.items[last].text, "{"))
		last++;
	struct import_line *line = nft_line(nft, from, last);
	if (line != NULL)
		line->why = "no word for tables of this family";
	nft->at = to;
}

/* "[index 2] RULE" behind the names of the table and the chain. */
static void
read_rule(struct nft *nft, size_t from)
{
	struct import_chain *chain = import_chain_get(
	    nft->rules, nft->family, nft->table, nft_take(nft));
	size_t to = nft_statement_end(nft);
	bool placed = nft_at(nft, "index") || nft_at(nft, "position") ||
		      nft_at(nft, "handle");

	nft->at += placed ? 2 : 0;
	if (chain == NULL || nft->at >= to)
		return;
	struct import_line *line = nft_line(nft, from, to);
	nft_rule_read(nft, chain, nft->at, to, line);
	nft->at = to;
	/* Where it stands is not known: so it is the first that it may be. */
	for (size_t i = 0; placed && i < chain->count; i++)
		if (chain->items[i].line == line)
			import_rule_inexact(
			    &chain->items[i], "it has no place by its number");
}

static void
read_elements(struct nft *nft)
{
	struct str name = nft_take(nft);
	struct nft_set *set = nft_set_find(nft, nft->table, name);
	size_t to = nft_statement_end(nft);

	if (set == NULL)
		set = nft_set_add(nft, nft->table, name);
	if (nft_at(nft, "{") && to > nft->at)
		nft_set_extend(nft, set, nft->at + 1, to - 1);
	nft->at = to;
}

/* "[add] table|chain|rule|set|map|element [FAMILY] TABLE ..." */
static void
read_object(struct nft *nft, size_t from)
{
	struct str object = nft_take(nft);

	if (!nft_take_table(nft)) {
		skip_table(nft, from);
	} else if (str_is(object, "table")) {
		if (nft_at(nft, "{"))
			nft_table_read(nft);
	} else if (str_is(object, "chain")) {
		nft_chain_read(nft, nft_take(nft));
	} else if (str_is(object, "rule")) {
		read_rule(nft, from);
	} else if (str_is(object, "set") || str_is(object, "map")) {
		nft_set_read(nft, nft_take(nft));
	} else if (str_is(object, "element")) {
		read_elements(nft);
	}
}

/* Chains of nft have a family before their table's name. */
static bool
is_of(const struct nft *nft, const struct import_chain *chain, bool whole,
    struct str name)
{
	if (memchr(chain->table.at, ' ', chain->table.len) == NULL)
		return false;
	return whole || (str_eq(chain->table, nft->table) &&
			    (name.len == 0 || str_eq(chain->name, name)));
}

/* What was read of these before is not there any more. */
static void
forget(struct nft *nft, bool whole, struct str name)
{
	for (size_t i = 0; i < nft->rules->chains.count; i++) {
		struct import_chain *chain = nft->rules->chains.items[i];
		if (!is_of(nft, chain, whole, name))
			continue;
		chain->count = 0;
		if (name.len == 0)
			chain->hook = IMPORT_HOOK_NONE;
	}
	for (size_t i = 0; name.len == 0 && i < nft->sets.count; i++)
		if (str_eq(nft->sets.items[i]->table, nft->table) ||
		    (whole && !str_is(nft->sets.items[i]->table, "$")))
			nft->sets.items[i]->table = STR("");
}

static void
read_removal(struct nft *nft)
{
	size_t from = nft->at, to = nft_statement_end(nft);
	bool flush = nft_at(nft, "flush");

	nft->at++;
	struct str object = nft_take(nft);
	if (str_is(object, "ruleset")) {
		forget(nft, true, STR(""));
	} else if (str_is(object, "table") && nft_take_table(nft)) {
		/* A table that is flushed keeps its chains. */
		if (!flush)
			forget(nft, false, STR(""));
		for (size_t i = 0; flush && i < nft->rules->chains.count; i++)
			if (is_of(nft, nft->rules->chains.items[i], false,
				STR("")))
				nft->rules->chains.items[i]->count = 0;
	} else if (str_is(object, "chain") && nft_take_table(nft)) {
		forget(nft, false, nft_take(nft));
	} else {
		nft->at = from;
		skip_statement(nft, "what it takes away stays");
	}
	nft->at = to > nft->at ? to : nft->at;
}

static bool
is_one_of(const struct nft *nft, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (nft_at(nft, words[i]))
			return true;
	return false;
}

static const char *const objects[] = { "table", "chain", "rule", "set", "map",
	"element" };
static const char *const verbs[] = { "add", "create", "insert" };
static const char *const removals[] = { "flush", "delete", "destroy" };

static void
read_statement(struct nft *nft)
{
	size_t from = nft->at;

	nft->inserts = nft_at(nft, "insert");
	if (is_one_of(nft, verbs, COUNT_OF(verbs)))
		nft->at++;
	if (is_one_of(nft, objects, COUNT_OF(objects))) {
		read_object(nft, from);
	} else if (nft->at > from) {
		nft->at = from;
		skip_statement(nft, "it decides nothing");
	} else if (nft_at(nft, "define") || nft_at(nft, "redefine")) {
		nft->at++;
		nft_define_read(nft);
	} else if (nft_at(nft, "include")) {
		nft_unread(nft, NULL);
	} else if (is_one_of(nft, removals, COUNT_OF(removals))) {
		read_removal(nft);
	} else {
		skip_statement(nft, "it is no statement of nft");
	}
	nft->inserts = false;
}

void
import_nft_read(struct import_ruleset *rules, const char *file, struct str text)
{
	struct nft nft = { .rules = rules, .file = file };

	nft_tokenize(&nft, text);
	while (nft.at < nft.tokens.count) {
		if (nft_peek(&nft)->end || nft_at(&nft, ";"))
			nft.at++;
		else
			read_statement(&nft);
	}
	rules->family4 = rules->family6 = true;
	for (size_t i = 0; i < nft.sets.count; i++)
		free(nft.sets.items[i]->items);
	free(nft.sets.items);
	free(nft.tokens.items);
}
