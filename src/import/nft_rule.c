/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/nft_impl.h"

#include "import/service.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct values {
	struct str *items;
	size_t count, room;
};

struct rules {
	struct import_rule *items;
	size_t count, room;
};

/* A rule under way.  `lost`: what follows is not understood any more. */
struct draft {
	struct nft *nft;
	struct import_chain *chain;
	struct import_rule rule;
	size_t at, to;
	bool lost, decided;
	struct rules split; /* of a vmap: a rule for each */
};

typedef void match_fn(
    struct draft *draft, const struct values *values, bool negated);

static struct arena *
arena_of(struct draft *draft)
{
	return draft->nft->rules->arena;
}

static const struct nft_token *
token_at(const struct draft *draft, size_t ahead)
{
	static const struct nft_token nothing = { .text = { "", 0 },
		.end = true };

	return draft->at + ahead < draft->to
		   ? &draft->nft->tokens.items[draft->at + ahead]
		   : &nothing;
}

static bool
is(const struct draft *draft, size_t ahead, const char *word)
{
	const struct nft_token *token = token_at(draft, ahead);

	return !token->quoted && str_is(token->text, word);
}

static void
lose(struct draft *draft, struct str word)
{
	import_rule_inexact(&draft->rule,
	    import_words(arena_of(draft), "no word for '%.*s'", STR_ARG(word))
		.at);
	draft->lost = true;
}

static void
narrow(struct draft *draft, struct span_set set, bool negated, bool src)
{
	if (src)
		import_rule_src(draft->nft->rules, &draft->rule, set, negated);
	else
		import_rule_dst(draft->nft->rules, &draft->rule, set, negated);
}

static void
match_address(struct draft *draft, const struct values *values, bool negated,
    bool src, enum address_family family)
{
	struct span_set all = { 0 };
	struct address_range range;
	const char *why;

	for (size_t i = 0; i < values->count; i++) {
		if (address_range_parse(values->items[i], &range, &why) < 0 ||
		    range.first.family != family) {
			lose(draft, values->items[i]);
			return;
		}
		all = span_set_or(arena_of(draft), all,
		    span_set_one(arena_of(draft), span_of_range(&range)));
	}
	/* Who asks for an address of a family asks for the family. */
	narrow(draft, span_set_family(family), false, src);
	narrow(draft, all, negated, src);
}

static void
match_saddr4(struct draft *draft, const struct values *values, bool negated)
{
	match_address(draft, values, negated, true, ADDRESS_IPV4);
}

static void
match_daddr4(struct draft *draft, const struct values *values, bool negated)
{
	match_address(draft, values, negated, false, ADDRESS_IPV4);
}

static void
match_saddr6(struct draft *draft, const struct values *values, bool negated)
{
	match_address(draft, values, negated, true, ADDRESS_IPV6);
}

static void
match_daddr6(struct draft *draft, const struct values *values, bool negated)
{
	match_address(draft, values, negated, false, ADDRESS_IPV6);
}

/* Several are any of them; not several is none of them. */
static uint64_t
interfaces_of(struct draft *draft, const struct values *values, bool negated)
{
	uint64_t all = 0;

	for (size_t i = 0; i < values->count; i++) {
		uint64_t bit =
		    import_interface_bit(draft->nft->rules, values->items[i]);
		if (bit == 0 || values->items[i].len == 0)
			lose(draft, values->items[i]);
		all |= bit;
	}
	if (draft->lost)
		return UINT64_MAX;
	return negated ? ~all : all;
}

static void
match_in(struct draft *draft, const struct values *values, bool negated)
{
	draft->rule.in &= interfaces_of(draft, values, negated);
}

static void
match_out(struct draft *draft, const struct values *values, bool negated)
{
	draft->rule.out &= interfaces_of(draft, values, negated);
}

static bool
read_ports(struct draft *draft, const struct values *values,
    enum service_line line, struct span_set *ret)
{
	for (size_t i = 0; i < values->count; i++) {
		struct str last = values->items[i];
		struct str first = str_cut(&last, '-');
		unsigned low, high;
		bool good = service_port_find(values->items[i], &low);
		high = low;
		if (!good)
			good = service_port_find(first, &low) &&
			       service_port_find(last, &high);
		if (!good || low > high) {
			lose(draft, values->items[i]);
			return false;
		}
		*ret = span_set_or(arena_of(draft), *ret,
		    span_set_one(
			arena_of(draft), service_span(line, low, high)));
	}
	return true;
}

static struct span_set
whole_line(struct draft *draft, enum service_line line)
{
	return span_set_one(arena_of(draft), service_span(line, 0, UINT16_MAX));
}

static void
match_ports(struct draft *draft, const struct values *values, bool negated,
    enum service_line line)
{
	struct import_ruleset *rules = draft->nft->rules;
	struct span_set set = { 0 };

	if (!read_ports(draft, values, line, &set))
		return;
	import_rule_service(
	    rules, &draft->rule, whole_line(draft, line), false);
	import_rule_service(rules, &draft->rule, set, negated);
}

static void
match_tcp(struct draft *draft, const struct values *values, bool negated)
{
	match_ports(draft, values, negated, SERVICE_TCP);
}

static void
match_udp(struct draft *draft, const struct values *values, bool negated)
{
	match_ports(draft, values, negated, SERVICE_UDP);
}

static void
match_sctp(struct draft *draft, const struct values *values, bool negated)
{
	match_ports(draft, values, negated, SERVICE_SCTP);
}

/* Of whatever has ports: what it is was asked before. */
static void
match_th(struct draft *draft, const struct values *values, bool negated)
{
	static const enum service_line lines[] = { SERVICE_TCP, SERVICE_UDP,
		SERVICE_SCTP };
	struct span_set set = { 0 }, all = { 0 };

	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		if (!read_ports(draft, values, lines[i], &set))
			return;
		all = span_set_or(
		    arena_of(draft), all, whole_line(draft, lines[i]));
	}
	import_rule_service(draft->nft->rules, &draft->rule,
	    negated ? span_set_minus(arena_of(draft), all, set) : set, false);
}

static void
match_sport(struct draft *draft, const struct values *values, bool negated)
{
	(void)values, (void)negated;
	import_rule_inexact(&draft->rule, "ports of the source have no word");
}

static void
match_protocol(struct draft *draft, const struct values *values, bool negated)
{
	struct span_set set = { 0 };

	for (size_t i = 0; i < values->count; i++) {
		unsigned number;
		if (!service_protocol_find(values->items[i], &number)) {
			lose(draft, values->items[i]);
			return;
		}
		set = span_set_or(arena_of(draft), set,
		    span_set_one(arena_of(draft), service_of_protocol(number)));
	}
	import_rule_service(draft->nft->rules, &draft->rule, set, negated);
}

static void
match_nfproto(struct draft *draft, const struct values *values, bool negated)
{
	enum address_family family = ADDRESS_NONE;

	if (values->count == 1 && (str_is(values->items[0], "ipv4") ||
				      str_is(values->items[0], "ip")))
		family = negated ? ADDRESS_IPV6 : ADDRESS_IPV4;
	else if (values->count == 1 && (str_is(values->items[0], "ipv6") ||
					   str_is(values->items[0], "ip6")))
		family = negated ? ADDRESS_IPV4 : ADDRESS_IPV6;
	else {
		lose(draft, STR("nfproto"));
		return;
	}
	narrow(draft, span_set_family(family), false, true);
	narrow(draft, span_set_family(family), false, false);
}

static void
match_icmp(struct draft *draft, const struct values *values, bool negated,
    enum address_family family)
{
	enum service_line line =
	    family == ADDRESS_IPV6 ? SERVICE_ICMP6 : SERVICE_ICMP4;
	struct span_set set = { 0 };

	for (size_t i = 0; i < values->count; i++) {
		unsigned type;
		if (!service_icmp_find(values->items[i], family, &type)) {
			lose(draft, values->items[i]);
			return;
		}
		set = span_set_or(arena_of(draft), set,
		    span_set_one(
			arena_of(draft), service_span(line, type, type)));
	}
	narrow(draft, span_set_family(family), false, true);
	narrow(draft, span_set_family(family), false, false);
	import_rule_service(
	    draft->nft->rules, &draft->rule, whole_line(draft, line), false);
	import_rule_service(draft->nft->rules, &draft->rule, set, negated);
}

static void
match_icmp4(struct draft *draft, const struct values *values, bool negated)
{
	match_icmp(draft, values, negated, ADDRESS_IPV4);
}

static void
match_icmp6(struct draft *draft, const struct values *values, bool negated)
{
	match_icmp(draft, values, negated, ADDRESS_IPV6);
}

static bool
has(const struct values *values, const char *word)
{
	for (size_t i = 0; i < values->count; i++)
		if (str_is(values->items[i], word))
			return true;
	return false;
}

static void
match_state(struct draft *draft, const struct values *values, bool negated)
{
	draft->rule.late |= has(values, "new") == negated;
}

static void
match_status(struct draft *draft, const struct values *values, bool negated)
{
	if (values->count == 1 && has(values, "dnat") && !negated)
		draft->rule.translated = true;
	else
		lose(draft, STR("ct status"));
}

static void
match_local(struct draft *draft, const struct values *values, bool negated)
{
	enum import_hook hook = draft->chain->hook;

	if (values->count != 1 || !has(values, "local") ||
	    (draft->chain->nat && negated) ||
	    (!draft->chain->nat && hook != IMPORT_INPUT &&
		hook != IMPORT_FORWARD))
		lose(draft, STR("fib"));
	else if (!draft->chain->nat)
		draft->rule.late |= (hook == IMPORT_FORWARD) != negated;
}

static const struct {
	const char *words[3];
	match_fn *match;
} keys[] = {
	{ { "iifname" }, match_in },
	{ { "iif" }, match_in },
	{ { "oifname" }, match_out },
	{ { "oif" }, match_out },
	{ { "meta", "iifname" }, match_in },
	{ { "meta", "oifname" }, match_out },
	{ { "ip", "saddr" }, match_saddr4 },
	{ { "ip", "daddr" }, match_daddr4 },
	{ { "ip6", "saddr" }, match_saddr6 },
	{ { "ip6", "daddr" }, match_daddr6 },
	{ { "tcp", "dport" }, match_tcp },
	{ { "udp", "dport" }, match_udp },
	{ { "sctp", "dport" }, match_sctp },
	{ { "th", "dport" }, match_th },
	{ { "tcp", "sport" }, match_sport },
	{ { "udp", "sport" }, match_sport },
	{ { "th", "sport" }, match_sport },
	{ { "ip", "protocol" }, match_protocol },
	{ { "ip6", "nexthdr" }, match_protocol },
	{ { "meta", "l4proto" }, match_protocol },
	{ { "meta", "nfproto" }, match_nfproto },
	{ { "meta", "protocol" }, match_nfproto },
	{ { "icmp", "type" }, match_icmp4 },
	{ { "icmpv6", "type" }, match_icmp6 },
	{ { "ct", "state" }, match_state },
	{ { "ct", "status" }, match_status },
	{ { "fib", "daddr", "type" }, match_local },
};

static size_t
key_length(size_t row)
{
	size_t count = 0;

	while (count < 3 && keys[row].words[count] != NULL)
		count++;
	return count;
}

/* The longest key that stands here; COUNT_OF(keys) if none does. */
static size_t
find_key(const struct draft *draft)
{
	for (size_t row = 0; row < COUNT_OF(keys); row++) {
		size_t i = 0;
		while (i < key_length(row) && is(draft, i, keys[row].words[i]))
			i++;
		if (i == key_length(row))
			return row;
	}
	return COUNT_OF(keys);
}

static void
add_value(struct draft *draft, struct values *values, struct str value)
{
	const struct nft_words *set = NULL;
	bool named = false;

	if (value.len > 1 && (value.at[0] == '@' || value.at[0] == '$')) {
		named = true;
		set = nft_set_find(draft->nft,
		    value.at[0] == '$' ? STR("$") : draft->nft->table,
		    str_skip(value, 1));
	}
	if (named && (set == NULL || set->why != NULL)) {
		import_rule_inexact(&draft->rule,
		    set == NULL ? "it names no set that was read" : set->why);
		draft->lost = true;
		return;
	}
	for (size_t i = 0; i < (named ? set->count : 1); i++)
		if (VEC_ADD(values, named ? set->items[i] : value) < 0)
			draft->nft->rules->failed = true;
}

/* "{ a, b }", "a,b" (of states), "@set" or one word. */
static void
read_values(struct draft *draft, struct values *values)
{
	bool more = true;

	if (!is(draft, 0, "{")) {
		while (more && draft->at < draft->to) {
			add_value(draft, values, token_at(draft, 0)->text);
			draft->at++;
			more = is(draft, 0, ",");
			draft->at += more;
		}
		return;
	}
	for (draft->at++; draft->at < draft->to && !is(draft, 0, "}");
	     draft->at++) {
		const struct nft_token *token = token_at(draft, 0);
		if (!token->end && !is(draft, 0, ","))
			add_value(draft, values, token->text);
	}
	draft->at++;
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
read_verdict(struct draft *draft, struct import_rule *rule)
{
	for (size_t i = 0; i < COUNT_OF(verdicts); i++) {
		if (!is(draft, 0, verdicts[i].word))
			continue;
		rule->action = verdicts[i].action;
		if (verdicts[i].named)
			rule->target = token_at(draft, 1)->text;
		draft->at += 1 + verdicts[i].named;
		return true;
	}
	return false;
}

/* "KEY vmap { a : accept, b : jump x }": a rule for each. */
static void
read_map(struct draft *draft, size_t row)
{
	struct import_rule whole = draft->rule;

	draft->at++;
	if (!is(draft, 0, "{")) {
		lose(draft, STR("vmap"));
		return;
	}
	draft->at++;
	while (draft->at < draft->to && !is(draft, 0, "}")) {
		struct values values = { 0 };
		if (token_at(draft, 0)->end || is(draft, 0, ",")) {
			draft->at++;
			continue;
		}
		draft->rule = whole;
		add_value(draft, &values, token_at(draft, 0)->text);
		draft->at++;
		if (is(draft, 0, ":"))
			draft->at++;
		keys[row].match(draft, &values, false);
		free(values.items);
		if (!read_verdict(draft, &draft->rule)) {
			lose(draft, STR("vmap"));
			draft->rule.action = IMPORT_DROP;
			draft->at++;
		}
		if (VEC_ADD(&draft->split, draft->rule) < 0)
			draft->nft->rules->failed = true;
		draft->lost = false;
	}
	draft->at++;
	draft->rule = whole;
	draft->decided = true;
}

/* What is known of a match whose values are not: its family, its protocol. */
static void
match_roughly(struct draft *draft, size_t row)
{
	static const struct {
		const char *word;
		enum service_line line;
	} lines[] = { { "tcp", SERVICE_TCP }, { "udp", SERVICE_UDP },
		{ "sctp", SERVICE_SCTP }, { "icmp", SERVICE_ICMP4 },
		{ "icmpv6", SERVICE_ICMP6 } };
	struct str word = str_of(keys[row].words[0]);
	enum address_family family = str_is(word, "ip")    ? ADDRESS_IPV4
				     : str_is(word, "ip6") ? ADDRESS_IPV6
							   : ADDRESS_NONE;

	narrow(draft, span_set_family(family), false, true);
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		if (str_is(word, lines[i].word))
			import_rule_service(draft->nft->rules, &draft->rule,
			    whole_line(draft, lines[i].line), false);
}

static void
read_match(struct draft *draft, size_t row)
{
	struct values values = { 0 };
	bool negated;

	draft->at += key_length(row);
	if (is(draft, 0, "vmap")) {
		read_map(draft, row);
		return;
	}
	negated = is(draft, 0, "!=");
	if (negated || is(draft, 0, "=="))
		draft->at++;
	/* A mask, or two keys at once: more than one word says. */
	if (is(draft, 0, "&") || is(draft, 0, ".") || is(draft, 0, "map")) {
		lose(draft, token_at(draft, 0)->text);
		return;
	}
	read_values(draft, &values);
	if (draft->lost)
		match_roughly(draft, row);
	else
		keys[row].match(draft, &values, negated);
	free(values.items);
}

/* "limit rate [over] 5/second [burst 10 packets]" */
static void
read_limit(struct draft *draft)
{
	struct str unit, number;
	uint64_t rate, burst = 5;

	draft->at += 2;
	if (is(draft, 0, "over")) {
		draft->rule.above = true;
		draft->at++;
	}
	unit = token_at(draft, 0)->text;
	number = str_cut(&unit, '/');
	draft->at++;
	if (is(draft, 0, "burst")) {
		if (str_number(token_at(draft, 1)->text, 1000000, &burst) < 0 ||
		    burst == 0 || !is(draft, 2, "packets"))
			lose(draft, STR("burst"));
		draft->at += 3;
	}
	if (str_number(number, 1000000, &rate) < 0 || rate == 0 ||
	    unit.len == 0 || strchr("smhd", unit.at[0]) == NULL ||
	    draft->rule.limit.len > 0) {
		lose(draft, STR("limit"));
		return;
	}
	draft->rule.limit = import_words(arena_of(draft),
	    " limit %llu/%c burst %llu", (unsigned long long)rate, unit.at[0],
	    (unsigned long long)burst);
}

/* "ct count [over] 10" */
static void
read_count(struct draft *draft)
{
	bool above = is(draft, 2, "over");
	uint64_t number;

	draft->at += 2 + above;
	if (str_number(token_at(draft, 0)->text, 1000000, &number) < 0 ||
	    number == 0 || draft->rule.limit.len > 0) {
		lose(draft, STR("ct count"));
		return;
	}
	draft->at++;
	draft->rule.above = above;
	draft->rule.limit = import_words(
	    arena_of(draft), " connections %llu", (unsigned long long)number);
}

/* "log prefix "x" level info flags all": to the next statement. */
static void
read_log(struct draft *draft)
{
	draft->rule.log = true;
	draft->at++;
	for (;;) {
		if (is(draft, 0, "prefix") && token_at(draft, 1)->quoted &&
		    draft->rule.name.len == 0)
			draft->rule.name = token_at(draft, 1)->text;
		if (!is(draft, 0, "prefix") && !is(draft, 0, "level") &&
		    !is(draft, 0, "group") && !is(draft, 0, "flags") &&
		    !is(draft, 0, "snaplen") &&
		    !is(draft, 0, "queue-threshold"))
			return;
		/* "flags tcp sequence,options" has one word more. */
		if (is(draft, 0, "flags") &&
		    (is(draft, 1, "tcp") || is(draft, 1, "ip")))
			draft->at++;
		draft->at += 2;
	}
}

/* "snat [ip] to A", "dnat to A:80" */
static void
read_translation(struct draft *draft, enum import_action action)
{
	struct address_port both;
	struct str to;
	const char *why;

	draft->at++;
	if (is(draft, 0, "ip") || is(draft, 0, "ip6"))
		draft->at++;
	if (is(draft, 0, "to"))
		draft->at++;
	to = token_at(draft, 0)->text;
	draft->rule.action = action;
	draft->decided = true;
	draft->at = draft->to;
	if (address_port_parse(to, &both) == 0) {
		draft->rule.to =
		    (struct address_range){ both.address, both.address };
		draft->rule.port_first = draft->rule.port_last = both.port;
	} else if (address_range_parse(to, &draft->rule.to, &why) < 0 ||
		   !address_eq(draft->rule.to.first, draft->rule.to.last)) {
		lose(draft, to);
	}
}

/* A statement that is known; false: there is none. */
static bool
read_statement(struct draft *draft)
{
	if (is(draft, 0, "counter")) {
		draft->at += 1;
		if (is(draft, 0, "packets"))
			draft->at += 4;
		else if (is(draft, 0, "name"))
			draft->at += 2;
	} else if (is(draft, 0, "comment") && token_at(draft, 1)->quoted) {
		draft->rule.name = token_at(draft, 1)->text;
		draft->at += 2;
	} else if (is(draft, 0, "log")) {
		read_log(draft);
	} else if (is(draft, 0, "limit") && is(draft, 1, "rate")) {
		read_limit(draft);
	} else if (is(draft, 0, "ct") && is(draft, 1, "count")) {
		read_count(draft);
	} else if (is(draft, 0, "snat")) {
		read_translation(draft, IMPORT_SNAT);
	} else if (is(draft, 0, "dnat")) {
		read_translation(draft, IMPORT_DNAT);
	} else if (is(draft, 0, "tcp") && is(draft, 1, "flags") &&
		   is(draft, 2, "syn") && !is(draft, 3, "/")) {
		/* A flow begins so. */
		import_rule_service(draft->nft->rules, &draft->rule,
		    whole_line(draft, SERVICE_TCP), false);
		draft->at += 3;
	} else if (is(draft, 0, "redirect") || is(draft, 0, "queue") ||
		   is(draft, 0, "tproxy") || is(draft, 0, "synproxy")) {
		/* Where it is not known what comes of it, it is refused. */
		lose(draft, token_at(draft, 0)->text);
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
skip_unknown(struct draft *draft)
{
	size_t depth = 0;

	do {
		if (is(draft, 0, "{"))
			depth++;
		else if (is(draft, 0, "}") && depth > 0)
			depth--;
		draft->at++;
	} while (depth > 0 && draft->at < draft->to);
}

static void
read_part(struct draft *draft)
{
	size_t row = draft->lost ? COUNT_OF(keys) : find_key(draft);

	if (row < COUNT_OF(keys)) {
		read_match(draft, row);
		return;
	}
	if (read_verdict(draft, &draft->rule)) {
		draft->decided = true;
		/* "reject with icmp type ..." and "masquerade random" */
		while (draft->at < draft->to && !is(draft, 0, "comment"))
			draft->at++;
		return;
	}
	if (read_statement(draft))
		return;
	if (!draft->lost)
		lose(draft, token_at(draft, 0)->text);
	skip_unknown(draft);
}

void
nft_rule_read(struct nft *nft, struct import_chain *chain, size_t from,
    size_t to, struct import_line *line)
{
	struct draft draft = { .nft = nft,
		.chain = chain,
		.at = from,
		.to = to,
		.rule = import_rule_begin(line, nft->family) };

	if (line == NULL)
		return;
	while (draft.at < draft.to)
		read_part(&draft);
	if (!draft.decided && draft.rule.log)
		draft.rule.action = IMPORT_LOG;
	for (size_t i = 0; i < draft.split.count; i++) {
		draft.split.items[i].name = draft.rule.name;
		draft.split.items[i].log = draft.rule.log;
		if (draft.rule.why != NULL)
			import_rule_inexact(
			    &draft.split.items[i], draft.rule.why);
		import_rule_add(nft->rules, chain, &draft.split.items[i]);
	}
	if (draft.split.count == 0)
		import_rule_add(nft->rules, chain, &draft.rule);
	free(draft.split.items);
}
