/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/nft_impl.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *name;
	enum import_hook hook;
} hooks[] = {
	{ "prerouting", IMPORT_PREROUTING },
	{ "input", IMPORT_INPUT },
	{ "forward", IMPORT_FORWARD },
	{ "output", IMPORT_OUTPUT },
	{ "postrouting", IMPORT_POSTROUTING },
};

static const struct {
	const char *name;
	int priority;
} priorities[] = {
	{ "raw", -300 },
	{ "mangle", -150 },
	{ "dstnat", -100 },
	{ "filter", 0 },
	{ "security", 50 },
	{ "srcnat", 100 },
};

static bool
is_mark(char c)
{
	return c == '{' || c == '}' || c == ',' || c == ';' || c == '(' ||
	       c == ')';
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* How long the token is that begins here; its text is in *ret. */
static size_t
cut_token(struct str rest, struct nft_token *ret)
{
	size_t len = 1;

	if (rest.at[0] == '"') {
		while (len < rest.len && rest.at[len] != '"')
			len++;
		ret->quoted = true;
		ret->text = (struct str){ rest.at + 1, len - 1 };
		return len < rest.len ? len + 1 : len;
	}
	ret->end = rest.at[0] == '\n';
	while (!is_mark(rest.at[0]) && !ret->end && len < rest.len &&
	       !is_mark(rest.at[len]) && !is_blank(rest.at[len]) &&
	       rest.at[len] != '\n' && rest.at[len] != '"')
		len++;
	ret->text = (struct str){ rest.at, len };
	return len;
}

static void
tokenize(struct nft *nft)
{
	uint32_t line = 1;

	for (size_t at = 0; at < nft->text.len;) {
		struct str rest = str_skip(nft->text, at);
		struct nft_token token = { .line = line, .from = at };
		if (is_blank(rest.at[0])) {
			at++;
			continue;
		}
		if (str_starts(rest, STR("\\\n"))) {
			line++;
			at += 2;
			continue;
		}
		if (rest.at[0] == '#') {
			at += str_find(rest, '\n');
			continue;
		}
		at += cut_token(rest, &token);
		token.to = at;
		line += token.end;
		if (VEC_ADD(&nft->tokens, token) < 0)
			nft->rules->failed = true;
	}
}

static const struct nft_token *
peek(const struct nft *nft)
{
	static const struct nft_token nothing = { .text = { "", 0 },
		.end = true };

	return nft->at < nft->tokens.count ? &nft->tokens.items[nft->at]
					   : &nothing;
}

static bool
is(const struct nft_token *token, const char *word)
{
	return !token->quoted && str_is(token->text, word);
}

static struct str
take_word(struct nft *nft)
{
	const struct nft_token *token = peek(nft);

	if (token->end)
		return STR("");
	nft->at++;
	return token->text;
}

/* What lies in braces, to the one that closes them. */
static void
skip_block(struct nft *nft)
{
	size_t depth = 0;

	for (; nft->at < nft->tokens.count; nft->at++) {
		const struct nft_token *token = &nft->tokens.items[nft->at];
		if (is(token, "{")) {
			depth++;
		} else if (is(token, "}") && depth-- <= 1) {
			nft->at++;
			return;
		}
	}
}

/* Where the statement ends that begins here: its line, `;`, the block. */
static size_t
statement_end(const struct nft *nft)
{
	size_t depth = 0, at = nft->at;

	for (; at < nft->tokens.count; at++) {
		const struct nft_token *token = &nft->tokens.items[at];
		if (depth == 0 &&
		    (token->end || is(token, ";") || is(token, "}")))
			break;
		if (is(token, "{"))
			depth++;
		else if (is(token, "}"))
			depth--;
	}
	return at;
}

static struct import_line *
line_of(struct nft *nft, size_t from, size_t to)
{
	const struct nft_token *first = &nft->tokens.items[from];
	const struct nft_token *last = &nft->tokens.items[to - 1];
	struct text words = TEXT_EMPTY;
	struct import_line *line;
	bool blank = false;

	for (size_t i = first->from; i < last->to; i++) {
		char c = nft->text.at[i];
		bool gap = is_blank(c) || c == '\n';
		if (!gap || !blank)
			text_addc(&words, gap ? ' ' : c);
		blank = gap;
	}
	line = import_line_add(nft->rules, nft->file, first->line,
	    arena_str(nft->rules->arena, text_str(&words)));
	text_fini(&words);
	return line;
}

static struct nft_words *
add_set(struct nft *nft, struct str table, struct str name)
{
	struct nft_words *set = arena_new(nft->rules->arena, struct nft_words);

	if (set == NULL || VEC_ADD(&nft->sets, set) < 0) {
		nft->rules->failed = true;
		return NULL;
	}
	*set = (struct nft_words){ .table = table, .name = name };
	return set;
}

/* "{ 192.0.2.0/24, 198.51.100.7 timeout 1h, ... }", or one word. */
static void
read_elements(struct nft *nft, struct nft_words *set)
{
	bool first = true;

	if (!is(peek(nft), "{")) {
		struct str word = take_word(nft);
		if (set != NULL && VEC_ADD(set, word) < 0)
			nft->rules->failed = true;
		return;
	}
	for (nft->at++; nft->at < nft->tokens.count; nft->at++) {
		const struct nft_token *token = &nft->tokens.items[nft->at];
		if (is(token, "}")) {
			nft->at++;
			return;
		}
		if (token->end)
			continue;
		if (is(token, ",")) {
			first = true;
		} else if (first && set != NULL) {
			if (VEC_ADD(set, token->text) < 0)
				nft->rules->failed = true;
			first = false;
		} else if (set != NULL && !is(token, "counter") &&
			   !is(token, "comment") && !token->quoted) {
			set->why = "its members are more than one thing each";
		}
	}
}

static void
read_set(struct nft *nft, bool is_map)
{
	struct nft_words *set = add_set(nft, nft->table, take_word(nft));

	if (set != NULL && is_map)
		set->why = "maps by name have no word";
	if (!is(peek(nft), "{"))
		return;
	nft->at++;
	while (nft->at < nft->tokens.count && !is(peek(nft), "}")) {
		const struct nft_token *token = peek(nft);
		nft->at++;
		if (is(token, "elements")) {
			if (is(peek(nft), "="))
				nft->at++;
			read_elements(nft, set);
		} else if (set != NULL &&
			   (is(token, "timeout") || is(token, "dynamic") ||
			       is(token, "dynamic,timeout"))) {
			set->why = "its members come and go";
		}
	}
	nft->at++;
}

/* "type filter hook input priority filter - 10; policy drop;" */
static void
read_hook(struct nft *nft, struct import_chain *chain, size_t to)
{
	int sign = 1;

	for (; nft->at < to; nft->at++) {
		const struct nft_token *token = peek(nft);
		uint64_t number;
		chain->nat |= is(token, "nat");
		for (size_t i = 0; i < COUNT_OF(hooks); i++)
			if (is(token, hooks[i].name))
				chain->hook = hooks[i].hook;
		for (size_t i = 0; i < COUNT_OF(priorities); i++)
			if (is(token, priorities[i].name) &&
			    is(token - 1, "priority"))
				chain->priority = priorities[i].priority;
		struct str digits = token->text;
		if (str_starts(digits, STR("-"))) {
			sign = -1;
			digits = str_skip(digits, 1);
		}
		if (str_number(digits, 10000, &number) == 0)
			chain->priority += sign * (int)number;
	}
}

static void
read_policy(struct nft *nft, struct import_chain *chain, size_t to)
{
	/* Addresses are translated, or they are not: nothing is decided. */
	if (!chain->nat)
		chain->line = line_of(nft, nft->at, to);
	if (chain->line != NULL)
		chain->line->text =
		    import_words(nft->rules->arena, "chain %.*s: %.*s",
			STR_ARG(chain->name), STR_ARG(chain->line->text));
	nft->at++;
	chain->policy = is(peek(nft), "drop") ? IMPORT_DROP : IMPORT_ACCEPT;
}

static void
read_chain(struct nft *nft)
{
	struct str name = take_word(nft);
	struct import_chain *chain =
	    import_chain_get(nft->rules, nft->family, nft->table, name);

	if (!is(peek(nft), "{") || chain == NULL)
		return;
	nft->at++;
	while (nft->at < nft->tokens.count && !is(peek(nft), "}")) {
		const struct nft_token *token = peek(nft);
		size_t to = statement_end(nft);
		if (to == nft->at) {
			nft->at++;
			continue;
		}
		if (is(token, "type"))
			read_hook(nft, chain, to);
		else if (is(token, "policy"))
			read_policy(nft, chain, to);
		else if (!is(token, "comment"))
			nft_rule_read(
			    nft, chain, nft->at, to, line_of(nft, nft->at, to));
		nft->at = to;
	}
	nft->at++;
}

static enum address_family
family_of(struct str word, bool *ret_other)
{
	*ret_other = str_is(word, "arp") || str_is(word, "bridge") ||
		     str_is(word, "netdev");
	return str_is(word, "ip6")  ? ADDRESS_IPV6
	       : str_is(word, "ip") ? ADDRESS_IPV4
				    : ADDRESS_NONE;
}

static void
skip_statement(struct nft *nft, const char *why)
{
	size_t from = nft->at, to;

	to = statement_end(nft);
	if (to == from) {
		nft->at++;
		return;
	}
	struct import_line *line = line_of(nft, from, to);
	if (line != NULL)
		line->why = why;
	nft->at = to;
}

/* "table inet filter { ... }"; a table without a family is of ip. */
static void
read_table(struct nft *nft)
{
	size_t from = nft->at - 1;
	struct str family = take_word(nft), name = family;
	bool other;

	if (!is(peek(nft), "{"))
		name = take_word(nft);
	else
		family = STR("ip");
	nft->family = family_of(family, &other);
	nft->table = import_words(
	    nft->rules->arena, "%.*s %.*s", STR_ARG(family), STR_ARG(name));
	if (!is(peek(nft), "{"))
		return;
	if (other) {
		struct import_line *line = line_of(nft, from, nft->at);
		if (line != NULL)
			line->why = "no word for tables of this family";
		skip_block(nft);
		return;
	}
	nft->at++;
	while (nft->at < nft->tokens.count && !is(peek(nft), "}")) {
		const struct nft_token *token = peek(nft);
		nft->at++;
		if (is(token, "chain"))
			read_chain(nft);
		else if (is(token, "set") || is(token, "map"))
			read_set(nft, is(token, "map"));
		else if (is(token, "{")) {
			nft->at--;
			skip_block(nft);
		}
	}
	nft->at++;
}

/* "define NAME = VALUE": a set that `$NAME` names. */
static void
read_define(struct nft *nft)
{
	struct nft_words *set = add_set(nft, STR("$"), take_word(nft));

	if (is(peek(nft), "="))
		nft->at++;
	read_elements(nft, set);
}

void
import_nft_read(struct import_ruleset *rules, const char *file, struct str text)
{
	struct nft nft = { .rules = rules, .file = file, .text = text };

	tokenize(&nft);
	while (nft.at < nft.tokens.count) {
		const struct nft_token *token = peek(&nft);
		if (token->end || is(token, ";")) {
			nft.at++;
		} else if (is(token, "table")) {
			nft.at++;
			read_table(&nft);
		} else if (is(token, "define")) {
			nft.at++;
			read_define(&nft);
		} else if (is(token, "flush")) {
			nft.at = statement_end(&nft);
		} else {
			skip_statement(
			    &nft, "only what stands in tables is read");
		}
	}
	rules->family4 = rules->family6 = true;
	for (size_t i = 0; i < nft.sets.count; i++)
		free(nft.sets.items[i]->items);
	free(nft.sets.items);
	free(nft.tokens.items);
}
