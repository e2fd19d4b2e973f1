/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/iptables_match: what a rule may ask of a packet, a row for each
 * option.
 */
#include "import/iptables_impl.h"

#include "import/service.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* The flags of a packet that begins a flow, as bits. */
#define FLAG_SYN 2U

static void
take_in(struct iptables_draft *draft, const struct str *values, bool negated)
{
	import_rule_in(draft->rules, &draft->rule, values[0], negated);
}

static void
take_out(struct iptables_draft *draft, const struct str *values, bool negated)
{
	import_rule_out(draft->rules, &draft->rule, values[0], negated);
}

static void
take_protocol(
    struct iptables_draft *draft, const struct str *values, bool negated)
{
	unsigned number;

	if (str_is(values[0], "all") || str_is(values[0], "0"))
		return;
	if (!service_protocol_find(values[0], &number)) {
		iptables_inexact(
		    draft, "protocol '%.*s' is not known", STR_ARG(values[0]));
		return;
	}
	draft->protocol = number == 6     ? STR("tcp")
			  : number == 17  ? STR("udp")
			  : number == 132 ? STR("sctp")
					  : values[0];
	draft->protocol_not = negated;
	import_rule_service(draft->rules, &draft->rule,
	    span_set_one(draft->rules->arena, service_of_protocol(number)),
	    negated);
}

static bool
port_line(struct iptables_draft *draft, enum service_line *ret)
{
	*ret = str_is(draft->protocol, "tcp")    ? SERVICE_TCP
	       : str_is(draft->protocol, "udp")  ? SERVICE_UDP
	       : str_is(draft->protocol, "sctp") ? SERVICE_SCTP
						 : SERVICE_OTHER;
	if (*ret != SERVICE_OTHER && !draft->protocol_not)
		return true;
	iptables_inexact(draft, "ports of this protocol have no word");
	return false;
}

/* "22", "1024:65535", ":1023"; several with commas. */
static void
take_dport(struct iptables_draft *draft, const struct str *values, bool negated)
{
	struct arena *arena = draft->rules->arena;
	struct span_set set = { 0 };
	struct str list = values[0];
	enum service_line line;

	if (!port_line(draft, &line))
		return;
	while (list.len > 0) {
		struct str last = str_cut(&list, ',');
		struct str first = str_cut(&last, ':');
		unsigned low = 0, high = UINT16_MAX;
		if ((first.len > 0 && !service_port_find(first, &low)) ||
		    (last.len > 0 && !service_port_find(last, &high))) {
			iptables_inexact(
			    draft, "'%.*s' is no port", STR_ARG(values[0]));
			return;
		}
		if (last.at == NULL)
			high = low;
		if (low <= high)
			set = span_set_or(arena, set,
			    span_set_one(arena, service_span(line, low, high)));
	}
	import_rule_service(draft->rules, &draft->rule, set, negated);
}

static void
take_sport(struct iptables_draft *draft, const struct str *values, bool negated)
{
	(void)negated;
	if (!str_is(values[0], "0:65535"))
		iptables_inexact(draft, "ports of the source have no word");
}

static void
take_icmp(struct iptables_draft *draft, const struct str *values, bool negated)
{
	struct str code = values[0], name = str_cut(&code, '/');
	enum service_line line =
	    draft->family == ADDRESS_IPV6 ? SERVICE_ICMP6 : SERVICE_ICMP4;
	unsigned type;

	if (str_is(name, "any") || str_is(name, "255"))
		return;
	if (!service_icmp_find(name, draft->family, &type)) {
		iptables_inexact(
		    draft, "no word for ICMP '%.*s'", STR_ARG(values[0]));
		return;
	}
	if (code.at != NULL) {
		iptables_inexact(draft, "ICMP is known by its type, not code");
		if (negated)
			return;
	}
	import_rule_service(draft->rules, &draft->rule,
	    span_set_one(draft->rules->arena, service_span(line, type, type)),
	    negated);
}

static void
take_syn(struct iptables_draft *draft, const struct str *values, bool negated)
{
	(void)values;
	draft->rule.odd |= negated;
	draft->rule.late |= negated;
}

static unsigned
read_flags(struct str list)
{
	static const char *const names[] = { "FIN", "SYN", "RST", "PSH", "ACK",
		"URG" };
	unsigned flags = 0;

	if (str_is(list, "ALL"))
		return 0x3f;
	while (list.len > 0) {
		struct str one = str_cut(&list, ',');
		for (size_t i = 0; i < COUNT_OF(names); i++)
			if (str_is(one, names[i]))
				flags |= 1U << i;
	}
	return flags;
}

/* A flow begins with SYN alone: so it is matched or it is not. */
static void
take_flags(struct iptables_draft *draft, const struct str *values, bool negated)
{
	bool matches =
	    (FLAG_SYN & read_flags(values[0])) == read_flags(values[1]);

	draft->rule.odd |= matches == negated;
	draft->rule.late |= matches == negated;
}

static bool
list_has(struct str list, const char *word)
{
	while (list.len > 0)
		if (str_eq_nocase(str_cut(&list, ','), str_of(word)))
			return true;
	return false;
}

static void
take_state(struct iptables_draft *draft, const struct str *values, bool negated)
{
	bool is_new = list_has(values[0], "NEW");

	/* What was translated on its way is what was published. */
	if (!is_new && !negated && list_has(values[0], "DNAT")) {
		draft->rule.translated = true;
		return;
	}
	bool is_untracked = list_has(values[0], "UNTRACKED");
	draft->rule.late |= is_new == negated;
	draft->rule.stated |= is_new && !is_untracked && !negated;
	draft->rule.untracked |= !is_new && is_untracked && !negated;
}

static void
take_untrack(
    struct iptables_draft *draft, const struct str *values, bool negated)
{
	(void)values, (void)negated;
	draft->rule.untracks = true;
}

static void
take_comment(
    struct iptables_draft *draft, const struct str *values, bool negated)
{
	(void)negated;
	draft->rule.name = values[0];
}

/* What comes by an interface behind which its source does not live is dropped
 * before any rule is asked. */
static void
take_spoofed(
    struct iptables_draft *draft, const struct str *values, bool negated)
{
	(void)values;
	draft->rule.late |= !negated;
}

static void
take_limit(struct iptables_draft *draft, const struct str *values, bool negated)
{
	draft->limited = true;
	draft->above |= negated;
	draft->rate = values[0];
}

static void
take_above(struct iptables_draft *draft, const struct str *values, bool negated)
{
	take_limit(draft, values, !negated);
}

static void
take_burst(struct iptables_draft *draft, const struct str *values, bool negated)
{
	(void)negated;
	draft->burst = values[0];
}

static void
take_mode(struct iptables_draft *draft, const struct str *values, bool negated)
{
	(void)negated;
	draft->per_source = str_is(values[0], "srcip");
	if (!draft->per_source)
		iptables_inexact(draft, "a limit is per source, or for all");
}

static void
take_source_mask(
    struct iptables_draft *draft, const struct str *values, bool negated)
{
	(void)negated;
	if (!str_is(values[0], "32") && !str_is(values[0], "128"))
		iptables_inexact(draft, "a limit is per address");
}

static void
take_connections(
    struct iptables_draft *draft, const struct str *values, bool negated)
{
	draft->connections = values[0];
	draft->connections_above = !negated;
}

static void
take_connections_upto(
    struct iptables_draft *draft, const struct str *values, bool negated)
{
	take_connections(draft, values, !negated);
}

static void
take_connections_mask(
    struct iptables_draft *draft, const struct str *values, bool negated)
{
	(void)negated;
	draft->connections_all = str_is(values[0], "0");
	if (!draft->connections_all && !str_is(values[0], "32") &&
	    !str_is(values[0], "128"))
		iptables_inexact(draft, "connections are counted per address");
}

static void
take_by_destination(
    struct iptables_draft *draft, const struct str *values, bool negated)
{
	(void)values, (void)negated;
	iptables_inexact(draft, "connections are counted per source");
}

static void
take_start(struct iptables_draft *draft, const struct str *values, bool negated)
{
	draft->timed = true;
	draft->time_start = values[0];
	if (negated)
		iptables_inexact(draft, "hours are not negated");
}

static void
take_stop(struct iptables_draft *draft, const struct str *values, bool negated)
{
	(void)negated;
	draft->timed = true;
	draft->time_stop = values[0];
}

static void
take_days(struct iptables_draft *draft, const struct str *values, bool negated)
{
	draft->timed = true;
	draft->weekdays = values[0];
	if (negated)
		iptables_inexact(draft, "hours are not negated");
}

static void
take_local(struct iptables_draft *draft, const struct str *values, bool negated)
{
	(void)values, (void)negated;
	draft->local_time = true;
}

static void
take_fragment(
    struct iptables_draft *draft, const struct str *values, bool negated)
{
	(void)values;
	/* They are put together before anything is asked. */
	draft->rule.late |= !negated;
}

static const struct iptables_option matches[] = {
	{ "-p", 1, take_protocol },
	{ "--protocol", 1, take_protocol },
	{ "-s", 1, iptables_take_src },
	{ "--source", 1, iptables_take_src },
	{ "-d", 1, iptables_take_dst },
	{ "--destination", 1, iptables_take_dst },
	{ "-i", 1, take_in },
	{ "--in-interface", 1, take_in },
	{ "-o", 1, take_out },
	{ "--out-interface", 1, take_out },
	{ "-f", 0, take_fragment },
	{ "-m", 1, NULL },
	{ "--match", 1, NULL },
	{ "--dport", 1, take_dport },
	{ "--dports", 1, take_dport },
	{ "--destination-port", 1, take_dport },
	{ "--destination-ports", 1, take_dport },
	{ "--sport", 1, take_sport },
	{ "--sports", 1, take_sport },
	{ "--source-port", 1, take_sport },
	{ "--source-ports", 1, take_sport },
	{ "--ports", 1, take_sport },
	{ "--icmp-type", 1, take_icmp },
	{ "--icmpv6-type", 1, take_icmp },
	{ "--syn", 0, take_syn },
	{ "--tcp-flags", 2, take_flags },
	{ "--state", 1, take_state },
	{ "--ctstate", 1, take_state },
	{ "--notrack", 0, take_untrack },
	{ "--comment", 1, take_comment },
	{ "--src-range", 1, iptables_take_src },
	{ "--dst-range", 1, iptables_take_dst },
	{ "--dst-type", 1, iptables_take_dst_type },
	{ "--src-type", 1, iptables_take_src_type },
	{ "--pkt-type", 1, iptables_take_dst_type },
	{ "--invert", 0, take_spoofed }, /* of rpfilter */
	{ "--loose", 0, NULL },
	{ "--validmark", 0, NULL },
	{ "--accept-local", 0, NULL },
	{ "--match-set", 2, iptables_take_set },
	{ "--limit", 1, take_limit },
	{ "--limit-burst", 1, take_burst },
	{ "--hashlimit-upto", 1, take_limit },
	{ "--hashlimit-above", 1, take_above },
	{ "--hashlimit-burst", 1, take_burst },
	{ "--hashlimit-mode", 1, take_mode },
	{ "--hashlimit-name", 1, NULL },
	{ "--hashlimit-srcmask", 1, take_source_mask },
	{ "--hashlimit-htable-size", 1, NULL },
	{ "--hashlimit-htable-max", 1, NULL },
	{ "--hashlimit-htable-expire", 1, NULL },
	{ "--hashlimit-htable-gcinterval", 1, NULL },
	{ "--connlimit-above", 1, take_connections },
	{ "--connlimit-upto", 1, take_connections_upto },
	{ "--connlimit-mask", 1, take_connections_mask },
	{ "--connlimit-saddr", 0, NULL },
	{ "--connlimit-daddr", 0, take_by_destination },
	{ "--timestart", 1, take_start },
	{ "--timestop", 1, take_stop },
	{ "--weekdays", 1, take_days },
	{ "--kerneltz", 0, take_local },
};

static const struct iptables_option *
find(const struct iptables_option *rows, size_t count, struct str name)
{
	for (size_t i = 0; i < count; i++)
		if (str_is(name, rows[i].name))
			return &rows[i];
	return NULL;
}

const struct iptables_option *
iptables_match_find(struct str name)
{
	return find(matches, COUNT_OF(matches), name);
}
