/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/service.h"

#include "policy/words.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* A line has room for 65,536 numbers. */
#define LINE_BITS   16
#define NUMBER_LAST 0xffffU
#define OTHER_FIRST ((uint64_t)SERVICE_OTHER << LINE_BITS)

static const struct {
	const char *name;
	unsigned number;
	enum service_line line;
} protocols[] = {
	{ "tcp", 6, SERVICE_TCP },
	{ "udp", 17, SERVICE_UDP },
	{ "sctp", 132, SERVICE_SCTP },
	{ "icmp", 1, SERVICE_ICMP4 },
	{ "ipv6-icmp", 58, SERVICE_ICMP6 },
	{ "icmpv6", 58, SERVICE_ICMP6 },
	{ "gre", 47, SERVICE_GRE },
	{ "esp", 50, SERVICE_ESP },
	{ "ah", 51, SERVICE_OTHER },
	{ "igmp", 2, SERVICE_OTHER },
	{ "ospf", 89, SERVICE_OTHER },
	{ "vrrp", 112, SERVICE_OTHER },
	{ "ipv6", 41, SERVICE_OTHER },
	{ "ipip", 4, SERVICE_OTHER },
	{ "udplite", 136, SERVICE_OTHER },
	{ "dccp", 33, SERVICE_OTHER },
};

static const struct {
	const char *name;
	unsigned port;
} ports[] = {
	{ "ftp", 21 },
	{ "ssh", 22 },
	{ "telnet", 23 },
	{ "smtp", 25 },
	{ "domain", 53 },
	{ "bootps", 67 },
	{ "bootpc", 68 },
	{ "tftp", 69 },
	{ "http", 80 },
	{ "www", 80 },
	{ "pop3", 110 },
	{ "sunrpc", 111 },
	{ "ntp", 123 },
	{ "imap", 143 },
	{ "imap2", 143 },
	{ "snmp", 161 },
	{ "https", 443 },
	{ "microsoft-ds", 445 },
	{ "submissions", 465 },
	{ "isakmp", 500 },
	{ "syslog", 514 },
	{ "submission", 587 },
	{ "ipp", 631 },
	{ "imaps", 993 },
	{ "pop3s", 995 },
	{ "openvpn", 1194 },
	{ "mysql", 3306 },
	{ "postgresql", 5432 },
	{ "mdns", 5353 },
};

/* What others call them; the rest is in the table of the language. */
static const struct {
	const char *name;
	unsigned type4, type6;
} icmp_names[] = {
	{ "ping", 8, 128 },
	{ "pong", 0, 129 },
	{ "ttl-exceeded", 11, 3 },
	{ "neighbor-solicitation", 256, 135 },
	{ "neighbour-solicitation", 256, 135 },
	{ "neighbor-advertisement", 256, 136 },
	{ "neighbour-advertisement", 256, 136 },
	{ "nd-router-solicit", 256, 133 },
	{ "nd-router-advert", 256, 134 },
	{ "nd-neighbor-solicit", 256, 135 },
	{ "nd-neighbor-advert", 256, 136 },
	{ "nd-redirect", 256, 137 },
	{ "source-quench", 4, 256 },
	{ "address-mask-request", 17, 256 },
	{ "address-mask-reply", 18, 256 },
	{ "mld-listener-query", 256, 130 },
	{ "mld-listener-report", 256, 131 },
	{ "mld-listener-done", 256, 132 },
	{ "mld-listener-reduction", 256, 132 },
	{ "mld2-listener-report", 256, 143 },
};

struct span
service_span(enum service_line line, unsigned first, unsigned last)
{
	uint64_t base = (uint64_t)line << LINE_BITS;

	return (struct span){ { 0, base + first }, { 0, base + last } };
}

struct span
service_of_protocol(unsigned number)
{
	for (size_t i = 0; i < COUNT_OF(protocols); i++)
		if (protocols[i].number == number &&
		    protocols[i].line != SERVICE_OTHER)
			return service_span(protocols[i].line, 0, NUMBER_LAST);
	return service_span(SERVICE_OTHER, number, number);
}

bool
service_protocol_find(struct str name, unsigned *ret_number)
{
	uint64_t number;

	for (size_t i = 0; i < COUNT_OF(protocols); i++) {
		if (str_is(name, protocols[i].name)) {
			*ret_number = protocols[i].number;
			return true;
		}
	}
	if (str_number(name, UINT8_MAX, &number) < 0)
		return false;
	*ret_number = (unsigned)number;
	return true;
}

bool
service_port_find(struct str name, unsigned *ret)
{
	uint64_t number;

	for (size_t i = 0; i < COUNT_OF(ports); i++) {
		if (str_is(name, ports[i].name)) {
			*ret = ports[i].port;
			return true;
		}
	}
	if (str_number(name, UINT16_MAX, &number) < 0)
		return false;
	*ret = (unsigned)number;
	return true;
}

static bool
take_type(int type, unsigned *ret)
{
	if (type < 0 || type > UINT8_MAX)
		return false;
	*ret = (unsigned)type;
	return true;
}

bool
service_icmp_find(struct str name, enum address_family family, unsigned *ret)
{
	bool old = family == ADDRESS_IPV4;
	uint64_t number;

	for (size_t i = 0; i < COUNT_OF(icmp_names); i++)
		if (str_is(name, icmp_names[i].name))
			return take_type(old ? (int)icmp_names[i].type4
					     : (int)icmp_names[i].type6,
			    ret);
	for (size_t i = 0; i < policy_icmp_kind_count; i++)
		if (str_is(name, policy_icmp_kinds[i].word))
			return take_type(old ? policy_icmp_kinds[i].type4
					     : policy_icmp_kinds[i].type6,
			    ret);
	return str_number(name, UINT8_MAX, &number) == 0 &&
	       take_type((int)number, ret);
}

struct span_set
service_known(void)
{
	static const struct span known = { { 0, 0 }, { 0, OTHER_FIRST - 1 } };

	return (struct span_set){ &known, 1 };
}

/* Of the family's own ICMP: what no flow of it has is not asked for. */
static struct span_set
without_foreign_icmp(
    struct arena *arena, struct span_set set, enum address_family family)
{
	enum service_line foreign =
	    family == ADDRESS_IPV4 ? SERVICE_ICMP6 : SERVICE_ICMP4;

	if (family == ADDRESS_NONE)
		return set;
	return span_set_or(arena, set,
	    span_set_one(arena, service_span(foreign, 0, NUMBER_LAST)));
}

static bool
has_all(struct span_set set, enum service_line line)
{
	struct span whole = service_span(line, 0, NUMBER_LAST);

	/* Nothing goes to port 0, and a type has eight bits. */
	if (line == SERVICE_ICMP4 || line == SERVICE_ICMP6)
		whole = service_span(line, 0, UINT8_MAX);
	else if (line != SERVICE_GRE && line != SERVICE_ESP)
		whole = service_span(line, 1, NUMBER_LAST);
	return span_set_covers(set, (struct span_set){ &whole, 1 });
}

/* Some ports of the protocol; all of them are said behind (print_whole). */
static void
print_ports(struct arena *arena, struct span_set set, enum service_line line,
    const char *word, struct text *out)
{
	struct span whole = service_span(line, 1, NUMBER_LAST);
	struct span_set ours =
	    span_set_and(arena, set, (struct span_set){ &whole, 1 });

	if (ours.count == 0 || has_all(set, line))
		return;
	text_addf(out, "%s %s", out->len > 0 ? "," : "", word);
	for (size_t i = 0; i < ours.count; i++) {
		unsigned first = (unsigned)ours.at[i].first.low & NUMBER_LAST;
		unsigned last = (unsigned)ours.at[i].last.low & NUMBER_LAST;
		text_addf(out, "%s %u", i > 0 ? "," : "", first);
		if (last > first)
			text_addf(out, "-%u", last);
	}
}

static bool
has_type(struct span_set set, enum service_line line, int type)
{
	struct span one = service_span(line, (unsigned)type, (unsigned)type);

	return type >= 0 && span_set_covers(set, (struct span_set){ &one, 1 });
}

/* One family's kinds; those that no word is for are counted. */
static bool
print_kinds(struct span_set set, enum address_family family, struct text *out)
{
	enum service_line line =
	    family == ADDRESS_IPV6 ? SERVICE_ICMP6 : SERVICE_ICMP4;
	const char *before = out->len > 0 ? ", icmp" : " icmp";
	int named = 0, there = 0;

	for (int type = 0; type <= UINT8_MAX; type++)
		there += has_type(set, line, type);
	for (size_t i = 0; i < policy_icmp_kind_count; i++) {
		const struct policy_icmp_kind *kind = &policy_icmp_kinds[i];
		int type = family == ADDRESS_IPV6 ? kind->type6 : kind->type4;
		if (!has_type(set, line, type))
			continue;
		text_addf(out, "%s %s", before, kind->word);
		before = ",";
		named++;
	}
	return named == there;
}

static bool
print_icmp(struct span_set set, enum address_family family, struct text *out)
{
	bool all4 = has_all(set, SERVICE_ICMP4);
	bool all6 = has_all(set, SERVICE_ICMP6);

	if ((family == ADDRESS_IPV4 || all6) &&
	    (family == ADDRESS_IPV6 || all4)) {
		text_addz(out, out->len > 0 ? ", icmp" : " icmp");
		return true;
	}
	/* Whoever calls parts the families where they differ. */
	return print_kinds(
	    set, family == ADDRESS_NONE ? ADDRESS_IPV4 : family, out);
}

static void
print_whole(struct span_set set, enum service_line line, const char *word,
    struct text *out)
{
	if (has_all(set, line))
		text_addf(out, "%s %s", out->len > 0 ? "," : "", word);
}

bool
service_print(struct arena *arena, struct span_set set,
    enum address_family family, struct text *out, bool *ret_part)
{
	struct text words = TEXT_EMPTY;
	bool all, named;

	*ret_part = false;
	all = span_set_not(arena, without_foreign_icmp(arena, set, family))
		  .count == 0;
	if (all)
		return true;
	print_ports(arena, set, SERVICE_TCP, "tcp", &words);
	print_ports(arena, set, SERVICE_UDP, "udp", &words);
	print_ports(arena, set, SERVICE_SCTP, "sctp", &words);
	print_whole(set, SERVICE_TCP, "tcp", &words);
	print_whole(set, SERVICE_UDP, "udp", &words);
	print_whole(set, SERVICE_SCTP, "sctp", &words);
	named = print_icmp(set, family, &words);
	print_whole(set, SERVICE_GRE, "gre", &words);
	print_whole(set, SERVICE_ESP, "esp", &words);
	*ret_part = !named || !span_set_covers(service_known(), set);
	all = words.len > 0;
	text_add(out, text_str(&words));
	text_fini(&words);
	return all;
}
