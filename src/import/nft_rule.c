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

/* "limit rate [over] 5/second [burst 10 packets]" */
static void
read_limit(struct nft_draft *draft)
{
	struct str unit, number;
	uint64_t rate, burst = 5;

	draft->at += 2;
	if (nft_is(draft, 0, "over")) {
		draft->rule.above = true;
		draft->at++;
	}
	unit = nft_token_at(draft, 0)->text;
	number = str_cut(&unit, '/');
	draft->at++;
	if (nft_is(draft, 0, "burst")) {
		if (str_number(nft_token_at(draft, 1)->text, 1000000, &burst) <
			0 ||
		    burst == 0 || !nft_is(draft, 2, "packets"))
			nft_lose(draft, STR("burst"));
		draft->at += 3;
	}
	if (str_number(number, 1000000, &rate) < 0 || rate == 0 ||
	    unit.len == 0 || memchr("smhd", unit.at[0], 4) == NULL ||
	    draft->rule.limit.len > 0) {
		nft_lose(draft, STR("limit"));
		return;
	}
	draft->rule.limit = import_words(nft_arena(draft),
	    " limit %llu/%c burst %llu", (unsigned long long)rate, unit.at[0],
	    (unsigned long long)burst);
}

/* "ct count [over] 10" */
static void
read_count(struct nft_draft *draft)
{
	bool above = nft_is(draft, 2, "over");
	uint64_t number;

	draft->at += 2 + above;
	if (str_number(nft_token_at(draft, 0)->text, 1000000, &number) < 0 ||
	    number == 0 || draft->rule.limit.len > 0) {
		nft_lose(draft, STR("ct count"));
		return;
	}
	draft->at++;
	draft->rule.above = above;
	draft->rule.limit = import_words(
	    nft_arena(draft), " connections %llu", (unsigned long long)number);
}

/* "log prefix "x" level info flags all": to the next statement. */
static void
read_log(struct nft_draft *draft)
{
	draft->rule.log = true;
	draft->at++;
	for (;;) {
		if (nft_is(draft, 0, "prefix") &&
		    nft_token_at(draft, 1)->quoted && draft->rule.name.len == 0)
			draft->rule.name = nft_token_at(draft, 1)->text;
		if (!nft_is(draft, 0, "prefix") && !nft_is(draft, 0, "level") &&
		    !nft_is(draft, 0, "group") && !nft_is(draft, 0, "flags") &&
		    !nft_is(draft, 0, "snaplen") &&
		    !nft_is(draft, 0, "queue-threshold"))
			return;
		/* "flags tcp sequence,options" has one word more. */
		if (nft_is(draft, 0, "flags") &&
		    (nft_is(draft, 1, "tcp") || nft_is(draft, 1, "ip")))
			draft->at++;
		draft->at += 2;
	}
}

/* "snat [ip] to A", "dnat to A:80" */
static void
read_translation(struct nft_draft *draft, enum import_action action)
{
	struct address_port both;
	struct str to;
	const char *why;

	draft->at++;
	if (nft_is(draft, 0, "ip") || nft_is(draft, 0, "ip6"))
		draft->at++;
	if (nft_is(draft, 0, "to"))
		draft->at++;
	to = nft_token_at(draft, 0)->text;
	draft->rule.action = action;
	draft->decided = true;
	draft->at = draft->to;
	if (address_port_parse(to, &both) == 0) {
		draft->rule.to =
		    (struct address_range){ both.address, both.address };
		draft->rule.port_first = draft->rule.port_last = both.port;
	} else if (address_range_parse(to, &draft->rule.to, &why) < 0 ||
		   !address_eq(draft->rule.to.first, draft->rule.to.last)) {
		draft->rule.lost = import_words(
		    nft_arena(draft), "no word for '%.*s'", STR_ARG(to))
				       .at;
	}
}

/* "syn", "syn,ack", "(fin | syn | rst | ack)": as bits. */
static bool
read_flag_set(struct nft_draft *draft, unsigned *ret)
{
	static const char *const names[] = { "fin", "syn", "rst", "psh", "ack",
		"urg", "ecn", "cwr" };
	bool bracket = nft_is(draft, 0, "("), more = true;

	*ret = 0;
	draft->at += bracket;
	while (more) {
		size_t i = 0;
		while (i < COUNT_OF(names) && !nft_is(draft, 0, names[i]))
			i++;
		if (i == COUNT_OF(names) && !nft_is(draft, 0, "0x0"))
			return false;
		*ret |= i < COUNT_OF(names) ? 1U << i : 0;
		draft->at++;
		more = nft_is(draft, 0, "|") || nft_is(draft, 0, ",");
		draft->at += more;
	}
	draft->at += bracket && nft_is(draft, 0, ")");
	return true;
}

/*
 * "flags & (fin | syn) == syn", "flags syn / fin,syn", "flags syn".  A flow
 * begins with SYN alone, so that it is matched or it is not.
 */
static void
read_flags(struct nft_draft *draft)
{
	unsigned mask = 0xff, value = 0, syn = 2;
	bool masked, negated, whole, good = true, matches;

	draft->at += 2;
	import_rule_service(draft->nft->rules, &draft->rule,
	    nft_whole_line(draft, SERVICE_TCP), false);
	masked = nft_is(draft, 0, "&");
	draft->at += masked;
	if (masked)
		good = read_flag_set(draft, &mask);
	negated = nft_is(draft, 0, "!=");
	whole = negated || nft_is(draft, 0, "==");
	draft->at += whole;
	good = good && read_flag_set(draft, &value);
	if (good && !masked && nft_is(draft, 0, "/")) {
		draft->at++;
		masked = true;
		good = read_flag_set(draft, &mask);
	}
	if (!good) {
		nft_lose(draft, STR("tcp flags"));
		return;
	}
	/* Without a mask and a comparison one of them is enough. */
	matches = masked || whole ? ((syn & mask) == value) != negated
				  : (syn & value) != 0;
	draft->rule.odd |= !matches;
	draft->rule.late |= !matches;
}

/*
 * "fib saddr . iif oif missing": no route leads back.  Such a source does not
 * live behind its interface, and what it sends is dropped before any rule.
 */
static bool
read_way_back(struct nft_draft *draft)
{
	size_t ahead = 2;

	if (!nft_is(draft, 0, "fib") || !nft_is(draft, 1, "saddr"))
		return false;
	while (nft_is(draft, ahead, ".") || nft_is(draft, ahead, "mark") ||
	       nft_is(draft, ahead, "iif"))
		ahead++;
	if (!nft_is(draft, ahead, "oif"))
		return false;
	ahead += 1 + nft_is(draft, ahead + 1, "==");
	bool missing =
	    nft_is(draft, ahead, "missing") || nft_is(draft, ahead, "0");
	if (!missing && !nft_is(draft, ahead, "exists"))
		return false;
	draft->rule.late |= missing;
	draft->at += ahead + 1;
	return true;
}

/* A statement that is known; false: there is none. */
static bool
read_statement(struct nft_draft *draft)
{
	if (nft_is(draft, 0, "counter")) {
		draft->at += 1;
		if (nft_is(draft, 0, "packets"))
			draft->at += 4;
		else if (nft_is(draft, 0, "name"))
			draft->at += 2;
	} else if (nft_is(draft, 0, "comment") &&
		   nft_token_at(draft, 1)->quoted) {
		draft->rule.name = nft_token_at(draft, 1)->text;
		draft->at += 2;
	} else if (nft_is(draft, 0, "log")) {
		read_log(draft);
	} else if (nft_is(draft, 0, "limit") && nft_is(draft, 1, "rate")) {
		read_limit(draft);
	} else if (nft_is(draft, 0, "ct") && nft_is(draft, 1, "count")) {
		read_count(draft);
	} else if (nft_is(draft, 0, "snat")) {
		read_translation(draft, IMPORT_SNAT);
	} else if (nft_is(draft, 0, "dnat")) {
		read_translation(draft, IMPORT_DNAT);
	} else if (nft_is(draft, 0, "tcp") && nft_is(draft, 1, "flags")) {
		read_flags(draft);
	} else if (read_way_back(draft)) {
		return true;
	} else if (nft_is(draft, 0, "redirect")) {
		draft->rule.action = IMPORT_REDIRECT;
		draft->decided = true;
		draft->at = draft->to;
	} else if (nft_is(draft, 0, "queue") || nft_is(draft, 0, "fwd") ||
		   nft_is(draft, 0, "tproxy") || nft_is(draft, 0, "synproxy")) {
		/* Where it is not known what comes of it, it is refused. */
		nft_lose(draft, nft_token_at(draft, 0)->text);
		draft->rule.action = IMPORT_DROP;
		draft->decided = true;
		draft->at = draft->to;
	} else {
		return false;
	}
	return true;
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
	if (read_statement(draft))
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
