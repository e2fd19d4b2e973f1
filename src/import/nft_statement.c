/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/nft_statement: what a rule does, and what it counts: limits, logs,
 * translations, and the few matches that are no key with its values.
 */
#include "import/nft_impl.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

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

bool
nft_statement_read(struct nft_draft *draft)
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
	} else if (nft_is(draft, 0, "notrack")) {
		nft_lose(draft, STR("notrack"));
		draft->rule.untracks = true;
		draft->at++;
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
