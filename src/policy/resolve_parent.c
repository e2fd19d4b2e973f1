/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/resolve_parent: parents, and the rules that send flows through them.
 */
#include "policy/manual.h"
#include "policy/resolve.h"

#include "base/hostname.h"

static const char pem_begin[] = "-----BEGIN CERTIFICATE-----";

static void
report_protocol(struct resolver *resolver, const struct syntax_word *word)
{
	struct nearest nearest;

	report_error(resolver->report, word->place,
	    "a parent speaks http, https or socks5, not '%.*s'",
	    STR_ARG(word->text));
	nearest_begin(&nearest, word->text);
	for (unsigned i = 0; i < POLICY_PARENT_PROTOCOL_COUNT; i++)
		nearest_offer(&nearest, str_of(policy_parent_protocol_word(
					    (enum policy_parent_protocol)i)));
	resolve_hint_nearest(resolver, &nearest);
}

static bool
report_no_port(struct resolver *resolver, const struct syntax_word *at)
{
	report_error(resolver->report, at->place, "expected HOST:PORT");
	report_hint(resolver->report,
	    "like proxy.example.com:3128, 10.0.0.9:3128 or "
	    "[2001:db8::9]:3128");
	return false;
}

/* HOST:PORT where HOST is a name. */
static bool
read_named(struct resolver *resolver, const struct syntax_word *at,
    struct policy_parent_server *server)
{
	char name[HOSTNAME_MAX + 1];
	struct str host = at->text, parsed;
	size_t colon = str_find(at->text, ':');
	uint64_t port;

	if (colon == at->text.len ||
	    str_number(str_skip(at->text, colon + 1), UINT16_MAX, &port) < 0 ||
	    port == 0)
		return report_no_port(resolver, at);
	host.len = colon;
	if (hostname_parse(host, name, &parsed) < 0) {
		report_error(resolver->report, at->place,
		    "'%.*s' is neither an address nor the name of a host",
		    STR_ARG(host));
		return false;
	}
	server->host = arena_str(resolver->arena, parsed);
	server->port = (uint16_t)port;
	return true;
}

static bool
read_place(struct resolver *resolver, const struct syntax_word *at,
    struct policy_parent_server *server)
{
	struct address_port parsed;

	if (address_port_parse(at->text, &parsed) < 0)
		return read_named(resolver, at, server);
	server->address = parsed.address;
	server->port = parsed.port;
	return true;
}

static void
describe(struct resolver *resolver, struct policy_parent_server *server)
{
	const char *word = policy_parent_protocol_word(server->protocol);
	struct address_port at = { server->address, server->port };
	char place[ADDRESS_TEXT_BYTES];
	struct text text = TEXT_EMPTY;

	text_addf(&text, "%s ", word);
	if (server->host.at != NULL)
		text_addf(
		    &text, "%.*s:%u", STR_ARG(server->host), server->port);
	else
		text_addz(&text, address_port_format(at, place));
	server->text = arena_str(resolver->arena, text_str(&text));
	resolver->arena->full |= text.full;
	text_fini(&text);
}

/*
 * Whether they are certificates is seen by who makes use of them; a key, or
 * what is in another form, is told here.
 */
bool
resolve_authorities(struct resolver *resolver, const struct syntax_word *file,
    const char *what, struct str *ret_path, struct str *ret)
{
	struct text text = TEXT_EMPTY;

	int rc = resolve_file(resolver, file, what,
	    POLICY_AUTHORITIES_BYTES_MAX, ret_path, &text);
	bool good = rc == 0 && str_holds(text_str(&text), pem_begin);
	if (rc == 0 && !good)
		report_error(resolver->report, file->place,
		    "there is no certificate in %.*s", STR_ARG(*ret_path));
	if (rc == 0 && !good)
		report_hint(
		    resolver->report, "it is written as PEM: %s", pem_begin);
	if (good)
		*ret = arena_str(resolver->arena, text_str(&text));
	text_fini(&text);
	return good;
}

static bool
read_authorities(struct resolver *resolver, const struct syntax_word *file,
    struct policy_parent_server *server)
{
	struct str path;

	if (file->text.at == NULL)
		return true;
	if (server->protocol != POLICY_PARENT_PROTOCOL_HTTPS) {
		report_error(resolver->report, file->place,
		    "only an https parent has a certificate");
		return false;
	}
	return resolve_authorities(
	    resolver, file, "the file of a 'ca'", &path, &server->authorities);
}

static bool
is_named_before(const struct policy_parent *parent, struct str text)
{
	for (size_t i = 0; i < parent->server_count; i++)
		if (str_eq(parent->servers[i].text, text))
			return true;
	return false;
}

static void
add_server(struct resolver *resolver, const struct syntax_parent_server *syntax,
    struct policy_parent *parent)
{
	struct policy_parent_server server = {
		.nth = resolver->policy->parent_server_count
	};

	if (!policy_parent_protocol_find(
		syntax->protocol.text, &server.protocol)) {
		report_protocol(resolver, &syntax->protocol);
		return;
	}
	if (!read_place(resolver, &syntax->at, &server) ||
	    !read_authorities(resolver, &syntax->authorities, &server))
		return;
	describe(resolver, &server);
	if (is_named_before(parent, server.text)) {
		report_error(resolver->report, syntax->at.place,
		    "this server stands here twice");
		return;
	}
	parent->servers[parent->server_count++] = server;
	resolver->policy->parent_server_count++;
}

static void
resolve_parent(struct resolver *resolver, const struct syntax_parent *syntax)
{
	struct policy *policy = resolver->policy;
	struct policy_parent *parent = &policy->parents[policy->parent_count];
	size_t count = syntax_count(syntax->servers);
	struct symbol *symbol =
	    resolve_define(resolver, &syntax->name, SYMBOL_PARENT, false);

	if (symbol == NULL)
		return;
	if (count > POLICY_PARENT_SERVERS_MAX) {
		report_error(resolver->report, syntax->name.place,
		    "a parent has at most %d servers",
		    POLICY_PARENT_SERVERS_MAX);
		report_see(resolver->report, MANUAL_LIMITS);
		return;
	}
	policy->parent_count++;
	symbol->parent = parent;
	parent->name = syntax->name.text;
	parent->place = syntax->name.place;
	parent->servers =
	    arena_array(resolver->arena, count, sizeof(*parent->servers));
	if (parent->servers == NULL)
		return;
	for (const struct syntax_parent_server *server = syntax->servers;
	     server != NULL; server = server->next)
		add_server(resolver, server, parent);
}

void
resolve_parents(struct resolver *resolver, const struct syntax *syntax)
{
	struct policy *policy = resolver->policy;

	policy->parents = arena_array(resolver->arena,
	    syntax_count(syntax->parents), sizeof(*policy->parents));
	if (policy->parents == NULL)
		return;
	(void)report_topic(resolver->report, MANUAL_PARENTS);
	for (const struct syntax_parent *parent = syntax->parents;
	     parent != NULL; parent = parent->next)
		resolve_parent(resolver, parent);
}

/* Why a rule cannot send flows through a parent; NULL: it can. */
static const char *
find_objection(const struct syntax_rule *rule)
{
	if (rule->report.text.at != NULL)
		return "a report decides nothing, so nothing goes by a parent";
	if (str_is(rule->verdict.text, "publish"))
		return "what is published goes to its address, not by a parent";
	if (!str_is(rule->verdict.text, "allow"))
		return "'via' goes with 'allow': what is refused goes nowhere";
	if (rule->direct.text.at != NULL)
		return "'direct' leads past the proxy, and only the proxy goes "
		       "'via' a parent";
	return NULL;
}

bool
resolve_via(struct resolver *resolver, const struct syntax_rule *syntax,
    struct policy_rule *rule)
{
	const struct syntax_word *via = &syntax->via;

	if (via->text.at == NULL)
		return true;
	const char *before = report_topic(resolver->report, MANUAL_PARENTS);
	const char *objection = find_objection(syntax);
	const struct symbol *symbol = resolve_find(resolver, via->text);
	bool found = symbol != NULL && symbol->kind == SYMBOL_PARENT;
	if (objection != NULL)
		report_error(resolver->report, via->place, "%s", objection);
	else if (!found)
		resolve_unknown(resolver, via, "a parent", 1u << SYMBOL_PARENT);
	/* NULL where it has too many servers, which is reported. */
	if (found && symbol->parent != NULL) {
		symbol->parent->used = true;
		rule->parent = symbol->parent;
	}
	(void)report_topic(resolver->report, before);
	return objection == NULL && found;
}
