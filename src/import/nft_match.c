/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/nft_match: what a rule may ask of a packet, a row for each.
 */
#include "import/nft_impl.h"

#include "import/range.h"
#include "import/service.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

void
nft_narrow(struct nft_draft *draft, struct span_set set, bool negated, bool src)
{
	if (src)
		import_rule_src(draft->nft->rules, &draft->rule, set, negated);
	else
		import_rule_dst(draft->nft->rules, &draft->rule, set, negated);
}

static void
match_address(struct nft_draft *draft, const struct nft_values *values,
    bool negated, bool src, enum address_family family)
{
	struct span_set all = { 0 };
	struct address_range range;

	for (size_t i = 0; i < values->count; i++) {
		if (!import_range_parse(values->items[i], &range) ||
		    range.first.family != family) {
			nft_lose(draft, values->items[i]);
			return;
		}
		all = span_set_or(nft_arena(draft), all,
		    span_set_one(nft_arena(draft), span_of_range(&range)));
	}
	/* Who asks for an address of a family asks for the family. */
	nft_narrow(draft, span_set_family(family), false, src);
	nft_narrow(draft, all, negated, src);
}

static void
match_saddr4(
    struct nft_draft *draft, const struct nft_values *values, bool negated)
{
	match_address(draft, values, negated, true, ADDRESS_IPV4);
}

static void
match_daddr4(
    struct nft_draft *draft, const struct nft_values *values, bool negated)
{
	match_address(draft, values, negated, false, ADDRESS_IPV4);
}

static void
match_saddr6(
    struct nft_draft *draft, const struct nft_values *values, bool negated)
{
	match_address(draft, values, negated, true, ADDRESS_IPV6);
}

static void
match_daddr6(
    struct nft_draft *draft, const struct nft_values *values, bool negated)
{
	match_address(draft, values, negated, false, ADDRESS_IPV6);
}

/* Several are any of them; not several is none of them. */
static uint64_t
interfaces_of(
    struct nft_draft *draft, const struct nft_values *values, bool negated)
{
	uint64_t all = 0;

	for (size_t i = 0; i < values->count; i++) {
		uint64_t bit =
		    import_interface_bit(draft->nft->rules, values->items[i]);
		if (bit == 0 || values->items[i].len == 0)
			nft_lose(draft, values->items[i]);
		all |= bit;
	}
	if (draft->lost)
		return UINT64_MAX;
	return negated ? ~all : all;
}

static void
match_in(struct nft_draft *draft, const struct nft_values *values, bool negated)
{
	draft->rule.in &= interfaces_of(draft, values, negated);
}

static void
match_out(
    struct nft_draft *draft, const struct nft_values *values, bool negated)
{
	draft->rule.out &= interfaces_of(draft, values, negated);
}

static bool
read_ports(struct nft_draft *draft, const struct nft_values *values,
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
			nft_lose(draft, values->items[i]);
			return false;
		}
		*ret = span_set_or(nft_arena(draft), *ret,
		    span_set_one(
			nft_arena(draft), service_span(line, low, high)));
	}
	return true;
}

struct span_set
nft_whole_line(struct nft_draft *draft, enum service_line line)
{
	return span_set_one(
	    nft_arena(draft), service_span(line, 0, UINT16_MAX));
}

static void
match_ports(struct nft_draft *draft, const struct nft_values *values,
    bool negated, enum service_line line)
{
	struct import_ruleset *rules = draft->nft->rules;
	struct span_set set = { 0 };

	if (!read_ports(draft, values, line, &set))
		return;
	import_rule_service(
	    rules, &draft->rule, nft_whole_line(draft, line), false);
	import_rule_service(rules, &draft->rule, set, negated);
}

static void
match_tcp(
    struct nft_draft *draft, const struct nft_values *values, bool negated)
{
	match_ports(draft, values, negated, SERVICE_TCP);
}

static void
match_udp(
    struct nft_draft *draft, const struct nft_values *values, bool negated)
{
	match_ports(draft, values, negated, SERVICE_UDP);
}

static void
match_sctp(
    struct nft_draft *draft, const struct nft_values *values, bool negated)
{
	match_ports(draft, values, negated, SERVICE_SCTP);
}

/* Of whatever has ports: what it is was asked before. */
static void
match_th(struct nft_draft *draft, const struct nft_values *values, bool negated)
{
	static const enum service_line lines[] = { SERVICE_TCP, SERVICE_UDP,
		SERVICE_SCTP };
	struct span_set set = { 0 }, all = { 0 };

	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		if (!read_ports(draft, values, lines[i], &set))
			return;
		all = span_set_or(
		    nft_arena(draft), all, nft_whole_line(draft, lines[i]));
	}
	import_rule_service(draft->nft->rules, &draft->rule,
	    negated ? span_set_minus(nft_arena(draft), all, set) : set, false);
}

static void
match_sport(
    struct nft_draft *draft, const struct nft_values *values, bool negated)
{
	(void)values, (void)negated;
	import_rule_inexact(&draft->rule, "ports of the source have no word");
}

static void
match_protocol(
    struct nft_draft *draft, const struct nft_values *values, bool negated)
{
	struct span_set set = { 0 };

	for (size_t i = 0; i < values->count; i++) {
		unsigned number;
		if (!service_protocol_find(values->items[i], &number)) {
			nft_lose(draft, values->items[i]);
			return;
		}
		set = span_set_or(nft_arena(draft), set,
		    span_set_one(
			nft_arena(draft), service_of_protocol(number)));
	}
	import_rule_service(draft->nft->rules, &draft->rule, set, negated);
}

/* Who asks for a field of a family's header asks for the family. */
static void
match_protocol4(
    struct nft_draft *draft, const struct nft_values *values, bool negated)
{
	nft_narrow(draft, span_set_family(ADDRESS_IPV4), false, true);
	nft_narrow(draft, span_set_family(ADDRESS_IPV4), false, false);
	match_protocol(draft, values, negated);
}

static void
match_protocol6(
    struct nft_draft *draft, const struct nft_values *values, bool negated)
{
	nft_narrow(draft, span_set_family(ADDRESS_IPV6), false, true);
	nft_narrow(draft, span_set_family(ADDRESS_IPV6), false, false);
	match_protocol(draft, values, negated);
}

static void
match_nfproto(
    struct nft_draft *draft, const struct nft_values *values, bool negated)
{
	enum address_family family = ADDRESS_NONE;

	if (values->count == 1 && (str_is(values->items[0], "ipv4") ||
				      str_is(values->items[0], "ip")))
		family = negated ? ADDRESS_IPV6 : ADDRESS_IPV4;
	else if (values->count == 1 && (str_is(values->items[0], "ipv6") ||
					   str_is(values->items[0], "ip6")))
		family = negated ? ADDRESS_IPV4 : ADDRESS_IPV6;
	else {
		nft_lose(draft, STR("nfproto"));
		return;
	}
	nft_narrow(draft, span_set_family(family), false, true);
	nft_narrow(draft, span_set_family(family), false, false);
}

static void
match_icmp(struct nft_draft *draft, const struct nft_values *values,
    bool negated, enum address_family family)
{
	enum service_line line =
	    family == ADDRESS_IPV6 ? SERVICE_ICMP6 : SERVICE_ICMP4;
	struct span_set set = { 0 };

	for (size_t i = 0; i < values->count; i++) {
		unsigned type;
		if (!service_icmp_find(values->items[i], family, &type)) {
			nft_lose(draft, values->items[i]);
			return;
		}
		set = span_set_or(nft_arena(draft), set,
		    span_set_one(
			nft_arena(draft), service_span(line, type, type)));
	}
	nft_narrow(draft, span_set_family(family), false, true);
	nft_narrow(draft, span_set_family(family), false, false);
	import_rule_service(draft->nft->rules, &draft->rule,
	    nft_whole_line(draft, line), false);
	import_rule_service(draft->nft->rules, &draft->rule, set, negated);
}

static void
match_icmp4(
    struct nft_draft *draft, const struct nft_values *values, bool negated)
{
	match_icmp(draft, values, negated, ADDRESS_IPV4);
}

static void
match_icmp6(
    struct nft_draft *draft, const struct nft_values *values, bool negated)
{
	match_icmp(draft, values, negated, ADDRESS_IPV6);
}

static bool
has(const struct nft_values *values, const char *word)
{
	for (size_t i = 0; i < values->count; i++)
		if (str_is(values->items[i], word))
			return true;
	return false;
}

static void
match_state(
    struct nft_draft *draft, const struct nft_values *values, bool negated)
{
	static const char *const states[] = { "new", "established", "related",
		"invalid", "untracked" };

	for (size_t i = 0; i < values->count; i++) {
		size_t known = 0;
		while (known < COUNT_OF(states) &&
		       !str_is(values->items[i], states[known]))
			known++;
		if (known == COUNT_OF(states)) {
			nft_lose(draft, values->items[i]);
			return;
		}
	}
	bool is_new = has(values, "new"), is_free = has(values, "untracked");
	draft->rule.late |= is_new == negated;
	draft->rule.stated |= is_new && !is_free && !negated;
	draft->rule.untracked |= !is_new && is_free && !negated;
}

static void
match_status(
    struct nft_draft *draft, const struct nft_values *values, bool negated)
{
	if (values->count == 1 && has(values, "dnat") && !negated)
		draft->rule.translated = true;
	else
		nft_lose(draft, STR("ct status"));
}

/* The host's own, which the part of the list tells, or of many. */
static void
match_type(
    struct nft_draft *draft, const struct nft_values *values, bool negated)
{
	struct span_set many = { 0 };

	if (values->count == 1 && has(values, "local")) {
		draft->rule.whom = negated ? IMPORT_FOREIGN : IMPORT_LOCAL;
		return;
	}
	for (size_t i = 0; i < values->count; i++) {
		bool cast = str_is(values->items[i], "multicast");
		if (!cast && !str_is(values->items[i], "broadcast")) {
			nft_lose(draft, values->items[i]);
			return;
		}
		many = span_set_or(nft_arena(draft), many,
		    cast ? import_multicast() : import_broadcast());
	}
	nft_narrow(draft, many, negated, false);
}

const struct nft_key nft_keys[] = {
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
	{ { "ip", "protocol" }, match_protocol4 },
	{ { "ip6", "nexthdr" }, match_protocol6 },
	{ { "meta", "l4proto" }, match_protocol },
	{ { "meta", "nfproto" }, match_nfproto },
	{ { "meta", "protocol" }, match_nfproto },
	{ { "icmp", "type" }, match_icmp4 },
	{ { "icmpv6", "type" }, match_icmp6 },
	{ { "ct", "state" }, match_state },
	{ { "ct", "status" }, match_status },
	{ { "fib", "daddr", "type" }, match_type },
	{ { "meta", "pkttype" }, match_type },
	{ { "pkttype" }, match_type },
};

const size_t nft_key_count = COUNT_OF(nft_keys);

/* What is known of a match whose values are not: its family, its protocol. */
void
nft_match_roughly(struct nft_draft *draft, size_t row)
{
	static const struct {
		const char *word;
		enum service_line line;
	} lines[] = { { "tcp", SERVICE_TCP }, { "udp", SERVICE_UDP },
		{ "sctp", SERVICE_SCTP }, { "icmp", SERVICE_ICMP4 },
		{ "icmpv6", SERVICE_ICMP6 } };
	struct str word = str_of(nft_keys[row].words[0]);
	enum address_family family = str_is(word, "ip")    ? ADDRESS_IPV4
				     : str_is(word, "ip6") ? ADDRESS_IPV6
							   : ADDRESS_NONE;

	nft_narrow(draft, span_set_family(family), false, true);
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		if (str_is(word, lines[i].word))
			import_rule_service(draft->nft->rules, &draft->rule,
			    nft_whole_line(draft, lines[i].line), false);
}
