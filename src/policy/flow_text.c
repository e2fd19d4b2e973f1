/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/flow_text_impl.h"

#include "policy/manual.h"
#include "policy/question.h"
#include "policy/resolve.h"
#include "policy/sandbox.h"

#include <errno.h>

static bool
fail(struct flow_draft *draft, const struct token *at, const char *why)
{
	report_error(draft->in->report, at->place, "%s", why);
	return false;
}

/* A zone's name in front of an address; ZONE_NONE when none is written. */
static uint8_t
take_zone(struct flow_draft *draft)
{
	uint8_t zone;

	if (reader_peek(draft->in)->kind != TOKEN_WORD ||
	    !policy_zone_find(
		draft->policy, reader_peek(draft->in)->text, &zone) ||
	    zone == ZONE_SELF)
		return ZONE_NONE;
	(void)reader_take(draft->in);
	return zone;
}

/* In front of an address stands a zone, which may be misspelt. */
static bool
expected_address(struct flow_draft *draft, uint8_t zone, const char *what)
{
	const struct token *token = reader_peek(draft->in);
	const struct policy *policy = draft->policy;
	struct nearest nearest;

	(void)reader_expected(draft->in, what);
	if (token->kind != TOKEN_WORD || zone != ZONE_NONE)
		return false;
	nearest_begin(&nearest, token->text);
	for (uint8_t i = 0; i < policy->zone_count; i++)
		nearest_offer(&nearest, policy->zones[i].name);
	if (nearest.best.at != NULL)
		report_hint(draft->in->report, "did you mean '%.*s'?",
		    STR_ARG(nearest.best));
	return false;
}

/* A sandbox has one address in each family, and nobody need know it. */
static bool
is_sandbox(struct flow_draft *draft, uint8_t zone)
{
	return zone != ZONE_NONE && zone == draft->policy->sandbox &&
	       (reader_peek(draft->in)->kind == TOKEN_ARROW ||
		   reader_at_word(draft->in, "asks"));
}

static bool
read_source(struct flow_draft *draft)
{
	struct flow *flow = draft->flow;
	uint8_t zone = take_zone(draft);
	const struct token *token = reader_peek(draft->in);

	flow->known[POLICY_FACT_SOURCE] = FLOW_KNOWN;
	if (reader_at_word(draft->in, "self")) {
		(void)reader_take(draft->in);
		flow->from_zone = ZONE_SELF;
		return true;
	}
	if (is_sandbox(draft, zone)) {
		flow->from_zone = zone;
		return address_parse(STR(SANDBOX_SOURCE4), &flow->source) == 0;
	}
	if (token->kind != TOKEN_WORD ||
	    address_parse(token->text, &flow->source) < 0)
		return expected_address(draft, zone, "the source's address");
	(void)reader_take(draft->in);
	uint8_t home = policy_zone_of(draft->policy, flow->source);
	if (flow_draft_is_own(draft, flow->source))
		home = ZONE_SELF;
	flow->from_zone = zone != ZONE_NONE ? zone : home;
	/* Link-local addresses live behind every interface. */
	flow->spoofed = zone != ZONE_NONE && zone != home &&
			!address_is_link_local(flow->source);
	return true;
}

/*
 * `self` alone is the gateway's address towards the source, `ZONE self` the one
 * in that zone, and `self ADDRESS` says which.
 */
static bool
read_self(struct flow_draft *draft, uint8_t zone)
{
	struct flow *flow = draft->flow;
	const struct token *token = reader_peek(draft->in);

	flow->known[POLICY_FACT_DESTINATION] = FLOW_KNOWN;
	flow->to_zone = ZONE_SELF;
	flow->own_zone = zone != ZONE_NONE ? zone : flow->from_zone;
	if (token->kind == TOKEN_WORD &&
	    address_parse(token->text, &flow->destination) == 0) {
		(void)reader_take(draft->in);
		flow->own_zone =
		    policy_zone_of(draft->policy, flow->destination);
	}
	return true;
}

static void
set_elsewhere(struct flow_draft *draft, uint8_t zone)
{
	struct flow *flow = draft->flow;

	flow->known[POLICY_FACT_DESTINATION] = FLOW_KNOWN;
	flow->to_zone = zone != ZONE_NONE ? zone : draft->policy->elsewhere;
}

static bool
set_name(struct flow_draft *draft, uint8_t zone, struct str text,
    const struct token *token)
{
	char buffer[DOMAIN_NAME_MAX + 1];
	enum domain_cover cover;
	struct str name;
	const char *why;

	if (domain_name_parse(text, buffer, &name, &cover, &why) < 0)
		return fail(draft, token, why);
	if (cover != DOMAIN_ITSELF)
		return fail(draft, token, "a flow goes to one name");
	draft->flow->name = arena_str(draft->in->arena, name);
	draft->flow->known[POLICY_FACT_NAME] = FLOW_KNOWN;
	set_elsewhere(draft, zone);
	return draft->flow->name.at != NULL;
}

static void
set_service(
    struct flow_draft *draft, enum policy_protocol protocol, uint16_t port)
{
	draft->flow->known[POLICY_FACT_SERVICE] = FLOW_KNOWN;
	draft->flow->protocol = protocol;
	draft->flow->port = port;
}

/* The host of a URL: a literal (in brackets for IPv6) or a name. */
static bool
set_host(struct flow_draft *draft, uint8_t zone, struct str host,
    const struct token *token)
{
	struct address address;

	if (host.len > 2 && host.at[0] == '[')
		host = (struct str){ host.at + 1, host.len - 2 };
	if (address_parse(host, &address) < 0)
		return set_name(draft, zone, host, token);
	flow_draft_set_destination(draft, zone, address);
	draft->flow->known[POLICY_FACT_NAME] = FLOW_ABSENT;
	return true;
}

static bool
take_scheme(struct flow_draft *draft, struct str *url, uint16_t *ret_port)
{
	if (str_starts(*url, STR("http://"))) {
		draft->scheme = SCHEME_HTTP;
		*ret_port = 80;
	} else if (str_starts(*url, STR("https://"))) {
		draft->scheme = SCHEME_HTTPS;
		*ret_port = 443;
	} else {
		return false;
	}
	*url = str_skip(*url, str_find(*url, '/') + 2);
	return true;
}

/* What follows the first `/` of a URL, without query and fragment. */
static bool
set_path(struct flow_draft *draft, struct str rest)
{
	size_t len = str_find(rest, '?') < str_find(rest, '#')
			 ? str_find(rest, '?')
			 : str_find(rest, '#');
	char *path = arena_alloc(draft->in->arena, len + 1);

	if (path == NULL)
		return false;
	path[0] = '/';
	if (len > 0)
		memcpy(path + 1, rest.at, len);
	draft->flow->path = (struct str){ path, len + 1 };
	draft->flow->known[POLICY_FACT_PATH] = FLOW_KNOWN;
	return true;
}

static bool
set_url(struct flow_draft *draft, uint8_t zone, const struct token *token)
{
	struct str rest = token->text;
	uint64_t port;
	uint16_t usual;

	if (!take_scheme(draft, &rest, &usual))
		return fail(
		    draft, token, "a URL begins with http:// or https://");
	struct str host = str_cut(&rest, '/');
	size_t colon = host.len;
	while (colon > 0 && ascii_is_digit(host.at[colon - 1]))
		colon--;
	port = usual;
	if (colon > 0 && colon < host.len && host.at[colon - 1] == ':') {
		if (str_number(str_skip(host, colon), UINT16_MAX, &port) < 0 ||
		    port == 0)
			return fail(draft, token, "a port is 1 to 65535");
		host.len = colon - 1;
	}
	set_service(draft, POLICY_PROTOCOL_TCP, (uint16_t)port);
	return set_path(draft, rest) && set_host(draft, zone, host, token);
}

/* `self`, an address, or something with a dot that is to be a domain. */
static bool
names_destination(struct str text, struct address *ret)
{
	return str_is(text, "self") || address_parse(text, ret) == 0 ||
	       (str_find(text, '.') < text.len &&
		   !resolve_looks_like_address(text));
}

static bool
read_destination(struct flow_draft *draft)
{
	uint8_t zone = take_zone(draft);
	const struct token *token = reader_peek(draft->in);
	struct address address = { 0 };

	bool is_word = token->kind == TOKEN_WORD;
	if (is_word && str_holds(token->text, "://")) {
		(void)reader_take(draft->in);
		return set_url(draft, zone, token);
	}
	if (!is_word || !names_destination(token->text, &address))
		return expected_address(
		    draft, zone, "an address, 'self', a domain or a URL");
	(void)reader_take(draft->in);
	if (str_is(token->text, "self"))
		return read_self(draft, zone);
	if (address.family == ADDRESS_NONE)
		return set_name(draft, zone, token->text, token);
	flow_draft_set_destination(draft, zone, address);
	return true;
}

static bool
read_port(struct flow_draft *draft, const struct policy_protocol_row *row)
{
	const struct token *token = reader_peek(draft->in);
	uint64_t port;

	if (token->kind == TOKEN_WORD &&
	    row->has == POLICY_PROTOCOL_HAS_PORTS &&
	    ascii_is_digit(token->text.at[0])) {
		if (str_number(token->text, UINT16_MAX, &port) < 0 || port == 0)
			return fail(draft, token, "a port is 1 to 65535");
		draft->flow->port = (uint16_t)port;
	} else if (token->kind != TOKEN_WORD ||
		   row->has != POLICY_PROTOCOL_HAS_KINDS ||
		   !policy_icmp_kind_find(token->text, &draft->flow->port)) {
		draft->flow->any_port = row->has != POLICY_PROTOCOL_HAS_NOTHING;
		return true;
	}
	(void)reader_take(draft->in);
	return true;
}

static bool
read_service(struct flow_draft *draft)
{
	const struct token *token = reader_peek(draft->in);
	enum policy_protocol protocol;

	if (token->kind != TOKEN_WORD ||
	    !policy_protocol_find(token->text, &protocol))
		return true;
	if (draft->scheme != SCHEME_NONE)
		return fail(draft, token, "the URL already says the service");
	(void)reader_take(draft->in);
	set_service(draft, protocol, 0);
	return read_port(draft, policy_protocol_row(protocol));
}

/* RFC 2131, 4.1: who has no address yet may ask for one wherever he is. */
static bool
asks_for_address(const struct flow *flow)
{
	static const struct address none = { .family = ADDRESS_IPV4 };

	return address_eq(flow->source, none) && !flow->any_port &&
	       flow->protocol == POLICY_PROTOCOL_UDP && flow->port == 67;
}

/* ---- a question ---- */

static bool
is_served(struct flow_draft *draft, const struct token *asks)
{
	const struct policy *policy = draft->policy;
	const struct flow *flow = draft->flow;

	if (policy_dns_serves(&policy->dns, flow->from_zone) ||
	    (policy->sandbox != ZONE_NONE &&
		flow->from_zone == policy->sandbox))
		return true;
	report_error(draft->in->report, asks->place,
	    "no 'dns' of this policy takes questions from here");
	report_hint(draft->in->report,
	    "to another name server they are flows: -> ADDRESS udp 53");
	return false;
}

/* In its one spelling, as far as a name's labels may be anything. */
static struct str
lower(struct flow_draft *draft, struct str text)
{
	char *copy = arena_alloc(draft->in->arena, text.len + 1);

	if (copy == NULL)
		return (struct str){ NULL, 0 };
	for (size_t i = 0; i < text.len; i++)
		copy[i] = ascii_lower(text.at[i]);
	return (struct str){ copy, text.len - str_ends(text, STR(".")) };
}

/* Behind "asks": NAME [ "address" ADDRESS ] [ "at" DAY TIME ]. */
static bool
read_question(struct flow_draft *draft)
{
	struct flow *flow = draft->flow;
	const struct token *asks = reader_take(draft->in);
	const struct token *token = reader_peek(draft->in);

	if (!is_served(draft, asks))
		return false;
	if (token->kind != TOKEN_WORD)
		return reader_expected(draft->in, "the name that is asked for");
	flow->question = lower(draft, token->text);
	if (flow->question.at == NULL)
		return false;
	struct policy_question question =
	    policy_question_of(draft->policy, flow->question);
	if (question.is_reverse)
		flow_draft_set_destination(draft, ZONE_NONE, question.address);
	else if (!set_name(draft, ZONE_NONE, question.name, token))
		return false;
	(void)reader_take(draft->in);
	/* Where it leads is not known yet. */
	flow->known[POLICY_FACT_NAME] =
	    question.is_reverse ? FLOW_ABSENT : FLOW_KNOWN;
	if (!question.is_reverse)
		flow->known[POLICY_FACT_DESTINATION] = FLOW_NOT_GIVEN;
	return flow_draft_read_facts(draft);
}

/* All that a flow to there could be is open. */
static void
set_open(struct flow_draft *draft)
{
	struct flow *flow = draft->flow;

	flow->way = FLOW_EXPLICIT;
	flow->last = POLICY_PHASE_RESPONSE;
	flow->known[POLICY_FACT_USER] =
	    policy_has_users(draft->policy) ? FLOW_NOT_GIVEN : FLOW_ABSENT;
}

static bool
read_flow(struct flow_draft *draft)
{
	if (!read_destination(draft) || !read_service(draft) ||
	    !flow_draft_read_facts(draft))
		return false;
	flow_draft_find_way(draft);
	return true;
}

bool
flow_read(struct reader *reader, const struct policy *policy,
    const struct policy_own *own, struct flow *ret)
{
	struct flow_draft draft = {
		.in = reader, .policy = policy, .own = own, .flow = ret
	};

	*ret = (struct flow){ .from_zone = ZONE_NONE,
		.to_zone = ZONE_NONE,
		.own_zone = ZONE_NONE };
	if (!read_source(&draft))
		return false;
	if (reader_at_word(reader, "asks")) {
		set_open(&draft);
		return read_question(&draft);
	}
	if (!reader_expect(reader, TOKEN_ARROW, "'->'") || !read_flow(&draft))
		return false;
	ret->spoofed = ret->spoofed && !asks_for_address(ret);
	return true;
}

static void
refuse_rest(struct reader *reader, const struct flow *flow)
{
	const struct token *token = reader_peek(reader);
	struct nearest nearest;

	if (flow->question.at != NULL) {
		(void)reader_expected(reader, "'address', 'at' or the end");
		return;
	}
	(void)reader_expected(reader,
	    "a protocol, a fact (address, method, user, header, type, at, "
	    "explicit) or the end");
	nearest_begin(&nearest, token->text);
	flow_offer_facts(&nearest);
	if (token->kind == TOKEN_WORD && nearest.best.at != NULL)
		report_hint(reader->report, "did you mean '%.*s'?",
		    STR_ARG(nearest.best));
}

static void
expect_end(struct reader *reader, const struct flow *flow)
{
	if (!reader_take_if(reader, TOKEN_NEWLINE))
		refuse_rest(reader, flow);
	else if (reader_peek(reader)->kind != TOKEN_END)
		(void)reader_expected(reader, "one flow, in one line");
}

int
flow_parse(const struct source *source, const struct policy *policy,
    const struct policy_own *own, struct arena *arena, struct report *report,
    struct flow *ret)
{
	struct reader reader = { .arena = arena, .report = report };
	struct tokens tokens;
	const char *before = report_topic(report, MANUAL_FLOWS);
	int rc = policy_lex(source, report, &tokens);

	reader.next = tokens.items;
	if (rc == 0 && flow_read(&reader, policy, own, ret))
		expect_end(&reader, ret);
	(void)report_topic(report, before);
	tokens_fini(&tokens);
	if (arena->full)
		return -ENOMEM;
	return rc < 0 ? rc : report->errors > 0 ? -EINVAL : 0;
}
