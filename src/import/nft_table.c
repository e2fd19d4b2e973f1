/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/nft_table: a table: its chains, sets and defines.
 */
#include "import/nft_impl.h"

#include <errno.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *name;
	enum import_hook hook;
} hooks[] = {
	{ "ingress", IMPORT_PREROUTING },
	{ "prerouting", IMPORT_PREROUTING },
	{ "input", IMPORT_INPUT },
	{ "forward", IMPORT_FORWARD },
	{ "output", IMPORT_OUTPUT },
	{ "postrouting", IMPORT_POSTROUTING },
	{ "egress", IMPORT_POSTROUTING },
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

/* Hooks of a device are before and behind all others. */
#define DEVICE_PRIORITY 100000

const struct nft_token *
nft_peek(const struct nft *nft)
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

bool
nft_at(const struct nft *nft, const char *word)
{
	return is(nft_peek(nft), word);
}

struct str
nft_take(struct nft *nft)
{
	const struct nft_token *token = nft_peek(nft);

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
		if (nft_at(nft, "{")) {
			depth++;
		} else if (nft_at(nft, "}") && depth-- <= 1) {
			nft->at++;
			return;
		}
	}
}

size_t
nft_statement_end(const struct nft *nft)
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

/* Blanks and ends of lines are one blank. */
struct import_line *
nft_line(struct nft *nft, size_t from, size_t to)
{
	const struct nft_token *first = &nft->tokens.items[from];
	const struct nft_token *last = &nft->tokens.items[to - 1];
	struct text words = TEXT_EMPTY;
	struct import_line *line;
	bool blank = false;

	/* What an included file goes on with is not shown. */
	if (last->file != first->file || last->to < first->from)
		last = first;
	for (const char *at = first->from; at < last->to; at++) {
		bool gap =
		    *at == ' ' || *at == '\t' || *at == '\r' || *at == '\n';
		if (!gap || !blank)
			text_addc(&words, gap ? ' ' : *at);
		blank = gap;
	}
	line = import_line_add(nft->rules, first->file, first->line,
	    arena_str(nft->rules->arena, text_str(&words)));
	text_fini(&words);
	return line;
}

/* "= { A, B }", or one without braces. */
static void
read_elements(struct nft *nft, struct nft_set *set)
{
	size_t to;

	if (nft_at(nft, "="))
		nft->at++;
	to = nft_statement_end(nft);
	if (nft_at(nft, "{") && to > nft->at)
		nft_set_extend(nft, set, nft->at + 1, to - 1);
	else
		nft_set_extend(nft, set, nft->at, to);
	nft->at = to;
}

void
nft_define_read(struct nft *nft)
{
	struct nft_set *set = nft_set_add(nft, STR("$"), nft_take(nft));

	read_elements(nft, set);
}

static bool
is_change(const struct nft_token *token)
{
	return is(token, "add") || is(token, "update") || is(token, "delete");
}

/* "add @set { ip saddr }", "set update ip saddr @set": rules make members. */
static bool
is_changed(const struct nft *nft, struct str name)
{
	bool changes = false;

	for (size_t i = 1; i < nft->tokens.count; i++) {
		const struct nft_token *token = &nft->tokens.items[i];
		changes =
		    !token->end &&
		    (changes || (is_change(token) && is(token - 1, "set")));
		if ((changes || is_change(token - 1)) &&
		    str_starts(token->text, STR("@")) &&
		    str_eq(str_skip(token->text, 1), name))
			return true;
	}
	return false;
}

static void
read_set_word(struct nft *nft, struct nft_set *set)
{
	if (set != NULL && (nft_at(nft, "timeout") || nft_at(nft, "dynamic")))
		set->why = "its members come and go";
	if (!nft_at(nft, "elements")) {
		nft->at++;
		return;
	}
	nft->at++;
	read_elements(nft, set);
}

/* It may have been begun before, by "add set" or another file. */
void
nft_set_read(struct nft *nft, struct str name)
{
	struct nft_set *set = nft_set_find(nft, nft->table, name);

	if (set == NULL)
		set = nft_set_add(nft, nft->table, name);
	if (set != NULL && is_changed(nft, name))
		set->why = "its members come and go";
	if (!nft_at(nft, "{"))
		return;
	nft->at++;
	while (nft->at < nft->tokens.count && !nft_at(nft, "}"))
		read_set_word(nft, set);
	nft->at++;
}

static const enum import_hook unread_hooks[] = { IMPORT_INPUT, IMPORT_FORWARD,
	IMPORT_OUTPUT };

/* The statement is one that names a file. */
void
nft_unread(struct nft *nft, struct import_chain *chain)
{
	size_t to = nft_statement_end(nft);
	struct import_line *line = nft_line(nft, nft->at, to);
	struct import_rule rule =
	    import_rule_begin(line, chain != NULL ? nft->family : ADDRESS_NONE);

	nft->at = to;
	if (line == NULL)
		return;
	rule.action = IMPORT_DROP;
	import_rule_inexact(&rule, "it cannot be read");
	if (chain != NULL) {
		import_rule_add(nft->rules, chain, &rule);
		return;
	}
	for (size_t i = 0; i < COUNT_OF(unread_hooks); i++) {
		struct import_chain *base =
		    import_chain_get(nft->rules, ADDRESS_NONE, STR("include"),
			import_words(nft->rules->arena, "%zu", i));
		if (base == NULL)
			return;
		base->hook = unread_hooks[i];
		base->priority = -DEVICE_PRIORITY;
		import_rule_add(nft->rules, base, &rule);
	}
}

/* "device eth0" or "devices = { eth0, eth1 }" */
static uint64_t
read_devices(struct nft *nft, size_t to)
{
	uint64_t all = 0;

	for (nft->at++; nft->at < to; nft->at++) {
		if (nft_at(nft, "priority"))
			break;
		if (!nft_at(nft, "=") && !nft_at(nft, "{") &&
		    !nft_at(nft, "}") && !nft_at(nft, ","))
			all |= import_interface_bit(
			    nft->rules, nft_peek(nft)->text);
	}
	nft->at--;
	return all != 0 ? all : UINT64_MAX;
}

static void
read_hook_word(struct nft *nft, struct import_chain *chain, int *sign)
{
	struct str digits = nft_peek(nft)->text;
	bool named =
	    nft->at > 0 && is(&nft->tokens.items[nft->at - 1], "priority");
	uint64_t number;

	chain->nat |= nft_at(nft, "nat");
	for (size_t i = 0; i < COUNT_OF(hooks); i++)
		if (nft_at(nft, hooks[i].name))
			chain->hook = hooks[i].hook;
	if (nft_at(nft, "ingress"))
		chain->priority = -DEVICE_PRIORITY;
	else if (nft_at(nft, "egress"))
		chain->priority = DEVICE_PRIORITY;
	for (size_t i = 0; named && i < COUNT_OF(priorities); i++)
		if (nft_at(nft, priorities[i].name))
			chain->priority += priorities[i].priority;
	if (str_starts(digits, STR("-"))) {
		*sign = -1;
		digits = str_skip(digits, 1);
	}
	if (str_number(digits, 10000, &number) == 0)
		chain->priority += *sign * (int)number;
}

/* "type filter hook input priority filter - 10; policy drop;" */
static void
read_hook(struct nft *nft, struct import_chain *chain, size_t to)
{
	uint64_t devices;
	int sign = 1;

	chain->priority = 0;
	for (; nft->at < to; nft->at++) {
		if (!nft_at(nft, "device") && !nft_at(nft, "devices")) {
			read_hook_word(nft, chain, &sign);
			continue;
		}
		devices = read_devices(nft, to);
		if (chain->hook == IMPORT_PREROUTING)
			chain->in = devices;
		else
			chain->out = devices;
	}
}

static void
read_policy(struct nft *nft, struct import_chain *chain, size_t to)
{
	/* Addresses are translated, or they are not: nothing is decided. */
	if (!chain->nat)
		chain->line = nft_line(nft, nft->at, to);
	if (chain->line != NULL)
		chain->line->text =
		    import_words(nft->rules->arena, "chain %.*s: %.*s",
			STR_ARG(chain->name), STR_ARG(chain->line->text));
	nft->at++;
	chain->policy = nft_at(nft, "drop") ? IMPORT_DROP : IMPORT_ACCEPT;
}

static void
read_chain_statement(struct nft *nft, struct import_chain *chain)
{
	size_t to = nft_statement_end(nft);

	if (to == nft->at) {
		nft->at++;
		return;
	}
	if (nft_at(nft, "type")) {
		read_hook(nft, chain, to);
	} else if (nft_at(nft, "policy")) {
		read_policy(nft, chain, to);
	} else if (nft_at(nft, "include")) {
		nft_unread(nft, chain);
	} else if (nft_at(nft, "define") || nft_at(nft, "redefine")) {
		nft->at++;
		nft_define_read(nft);
	} else if (!nft_at(nft, "comment") && !nft_at(nft, "devices")) {
		nft_rule_read(
		    nft, chain, nft->at, to, nft_line(nft, nft->at, to));
	} else if (nft_at(nft, "devices")) {
		chain->in &= read_devices(nft, to);
	}
	nft->at = to;
}

void
nft_chain_read(struct nft *nft, struct str name)
{
	struct import_chain *chain =
	    import_chain_get(nft->rules, nft->family, nft->table, name);

	if (!nft_at(nft, "{") || chain == NULL)
		return;
	nft->at++;
	while (nft->at < nft->tokens.count && !nft_at(nft, "}"))
		read_chain_statement(nft, chain);
	nft->at++;
}

bool
nft_take_table(struct nft *nft)
{
	static const char *const families[] = { "ip", "ip6", "inet", "netdev",
		"arp", "bridge" };
	struct str family = STR("ip");
	size_t which = 0;

	while (which < COUNT_OF(families) && !nft_at(nft, families[which]))
		which++;
	if (which < COUNT_OF(families))
		family = nft_take(nft);
	nft->family = which == 1 ? ADDRESS_IPV6
		      : which == 0 || which == COUNT_OF(families)
			  ? ADDRESS_IPV4
			  : ADDRESS_NONE;
	struct str name = nft_take(nft);
	nft->table = import_words(
	    nft->rules->arena, "%.*s %.*s", STR_ARG(family), STR_ARG(name));
	return which < 4 || which == COUNT_OF(families);
}

static void
read_table_word(struct nft *nft)
{
	if (nft_at(nft, "include")) {
		nft_unread(nft, NULL);
	} else if (nft_at(nft, "{")) {
		skip_block(nft);
	} else if (nft_at(nft, "chain")) {
		nft->at++;
		nft_chain_read(nft, nft_take(nft));
	} else if (nft_at(nft, "set") || nft_at(nft, "map")) {
		nft->at++;
		nft_set_read(nft, nft_take(nft));
	} else if (nft_at(nft, "define") || nft_at(nft, "redefine")) {
		nft->at++;
		nft_define_read(nft);
	} else {
		nft->at++;
	}
}

void
nft_table_read(struct nft *nft)
{
	nft->at++;
	while (nft->at < nft->tokens.count && !nft_at(nft, "}"))
		read_table_word(nft);
	nft->at++;
}
