/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/squid_access: http_access, line by line, as rules.
 */
#include "import/squid_impl.h"

#include "import/line.h"
#include "import/sentence.h"
#include "import/zones.h"
#include "policy/limits.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

/* One line of http_access: all of its acls together. */
struct draft {
	struct span_set src, dst, ports, minutes;
	struct text names, except; /* of destinations */
	struct text users;
	unsigned methods, schemes;
	bool to_addresses, to_names, never;
	const char *why;
};

static void
draft_init(struct draft *draft)
{
	*draft = (struct draft){ .src = span_set_all(),
		.dst = span_set_all(),
		.ports = span_set_all(),
		.minutes = squid_week(),
		.methods = SQUID_METHODS_ALL,
		.schemes = SQUID_SCHEMES_ALL };
}

static void
draft_fini(struct draft *draft)
{
	text_fini(&draft->names);
	text_fini(&draft->except);
	text_fini(&draft->users);
}

static void
doubt(struct draft *draft, const char *why)
{
	if (draft->why == NULL)
		draft->why = why;
}

struct str
squid_name(struct squid *squid, struct str word)
{
	struct text name = TEXT_EMPTY;

	/* Names of acls may be words of the language, and zones as well. */
	text_addz(&name, "acl-");
	for (size_t i = 0; i < word.len && name.len < POLICY_NAME_MAX; i++) {
		char c = word.at[i];
		text_addc(
		    &name, ascii_is_alpha(c) || ascii_is_digit(c) ? c : '-');
	}
	struct str made = arena_str(squid->rules->arena, text_str(&name));
	text_fini(&name);
	return made;
}

/* Two acls may have names that come to the same. */
static struct str
domain_name_of(struct squid *squid, const struct squid_acl *acl)
{
	struct str name = squid_name(squid, acl->name);
	size_t same = 0;

	for (size_t i = 0; squid->acls.items[i] != acl; i++)
		same +=
		    str_eq(name, squid_name(squid, squid->acls.items[i]->name));
	if (same == 0)
		return name;
	if (name.len > POLICY_NAME_MAX - 8)
		name.len = POLICY_NAME_MAX - 8;
	return import_words(
	    squid->rules->arena, "%.*s-%zu", STR_ARG(name), same + 1);
}

static void
add_word(struct text *list, struct str word)
{
	text_addf(list, "%s %.*s", list->len > 0 ? "," : "", STR_ARG(word));
}

static struct span_set
narrow(
    struct squid *squid, struct span_set old, struct span_set set, bool negated)
{
	return negated ? span_set_minus(squid->rules->arena, old, set)
		       : span_set_and(squid->rules->arena, old, set);
}

static void
take_domains(struct squid *squid, struct draft *draft,
    const struct squid_acl *acl, bool negated)
{
	/* What could not be read is in neither the name nor its contrary. */
	if (acl->why != NULL || (acl->words.count == 0 && negated))
		return;
	if (negated) {
		add_word(&draft->except, domain_name_of(squid, acl));
		return;
	}
	if (acl->words.count == 0) {
		draft->never = true;
		return;
	}
	if (draft->to_names)
		doubt(draft, "two sets of names at once have no word");
	else
		add_word(&draft->names, domain_name_of(squid, acl));
	draft->to_names = true;
}

static void
take_users(struct draft *draft, const struct squid_acl *acl, bool negated)
{
	if (negated || draft->users.len > 0 || acl->words.count == 0) {
		doubt(draft, "such users have no word");
		return;
	}
	for (size_t i = 0; i < acl->words.count; i++)
		add_word(&draft->users, acl->words.items[i]);
}

static void
take_schemes(struct draft *draft, const struct squid_acl *acl, bool negated)
{
	/* A tunnel has no scheme, so a negation would be of it as well. */
	if (negated && acl->bits != 0)
		doubt(draft, "'not this scheme' has no word");
	else if (!negated)
		draft->schemes &= acl->bits;
	draft->never |= draft->schemes == 0;
}

static void
take_acl(struct squid *squid, struct draft *draft, const struct squid_acl *acl,
    bool negated)
{
	if (acl->why != NULL)
		doubt(draft, acl->why);
	/* Of an acl that is half known, the contrary is not known at all, and
	 * it may hold more than what was read. */
	if (acl->why != NULL)
		return;
	switch (acl->kind) {
	case SQUID_SRC:
		draft->src = narrow(squid, draft->src, acl->set, negated);
		return;
	case SQUID_DST:
		draft->dst = narrow(squid, draft->dst, acl->set, negated);
		draft->to_addresses |=
		    !negated && !span_set_eq(acl->set, span_set_all());
		return;
	case SQUID_PORT:
		draft->ports = narrow(squid, draft->ports, acl->set, negated);
		return;
	case SQUID_TIME:
		draft->minutes =
		    narrow(squid, draft->minutes, acl->set, negated);
		return;
	case SQUID_METHOD:
		draft->methods &= negated ? ~acl->bits : acl->bits;
		draft->never |= draft->methods == 0;
		return;
	case SQUID_SCHEME:
		take_schemes(draft, acl, negated);
		return;
	case SQUID_DOMAIN:
		take_domains(squid, draft, acl, negated);
		return;
	case SQUID_USER:
		take_users(draft, acl, negated);
		return;
	case SQUID_ALL:
	case SQUID_STRANGE:
	case SQUID_KIND_COUNT:
		doubt(draft, "it asks for what has no word");
	}
}

static void
take_words(
    struct squid *squid, struct draft *draft, const struct squid_access *access)
{
	for (size_t i = 0; i < access->count; i++) {
		bool negated = str_starts(access->words[i], STR("!"));
		const struct squid_acl *acl =
		    squid_acl_find(squid, str_skip(access->words[i], negated));
		if (acl == NULL)
			doubt(draft, "it names no acl");
		else
			take_acl(squid, draft, acl, negated);
	}
	/* The proxy listens to nobody on the host itself. */
	if (draft->src.count == 0 || draft->dst.count == 0 ||
	    draft->ports.count == 0 || draft->minutes.count == 0)
		draft->never = true;
	if (draft->to_names && draft->to_addresses)
		doubt(draft, "a name and an address at once have no word");
}

static void
print_ports(struct squid *squid, struct span_set ports, struct text *out)
{
	struct span all = { { 0, 1 }, { 0, UINT16_MAX } };
	struct span_set ours = span_set_and(
	    squid->rules->arena, ports, (struct span_set){ &all, 1 });
	bool whole = span_set_covers(ports, (struct span_set){ &all, 1 });

	text_addz(out, " tcp");
	for (size_t i = 0; !whole && i < ours.count; i++) {
		text_addf(out, "%s %llu", i > 0 ? "," : "",
		    (unsigned long long)ours.at[i].first.low);
		if (ours.at[i].last.low > ours.at[i].first.low)
			text_addf(out, "-%llu",
			    (unsigned long long)ours.at[i].last.low);
	}
}

/* Addresses, or `any` without those that are not meant. */
static void
print_addresses(
    struct squid *squid, struct span_set set, struct str also, struct text *out)
{
	struct span_set rest = span_set_not(squid->rules->arena, set);
	struct text who = TEXT_EMPTY, except = TEXT_EMPTY;

	if (rest.count < set.count || rest.count == 0) {
		text_addz(&who, " any");
		import_addresses_print(squid->rules->arena, rest, &except);
	} else {
		import_addresses_print(squid->rules->arena, set, &who);
	}
	if (also.len > 0)
		text_addf(&except, "%s%.*s", except.len > 0 ? "," : "",
		    STR_ARG(also));
	text_add(out, text_str(&who));
	if (except.len > 0)
		text_addf(out, " except%.*s", STR_ARG(text_str(&except)));
	text_fini(&who);
	text_fini(&except);
}

static void
print_destination(
    struct squid *squid, const struct draft *draft, struct text *out)
{
	struct text except = TEXT_EMPTY;

	if (!draft->to_names) {
		print_addresses(
		    squid, draft->dst, text_str(&draft->except), out);
		return;
	}
	text_add(&except, text_str(&draft->except));
	/* Of a name that must be somewhere too, somewhere is left out. */
	if (!draft->to_addresses)
		import_addresses_print(squid->rules->arena,
		    span_set_not(squid->rules->arena, draft->dst), &except);
	text_add(out, text_str(&draft->names));
	if (except.len > 0)
		text_addf(out, " except%.*s", STR_ARG(text_str(&except)));
	text_fini(&except);
}

static bool
print_rule(struct squid *squid, const struct draft *draft, bool allows,
    struct text *out)
{
	struct str hours = squid_hours(squid, draft->minutes);

	if (hours.at == NULL)
		return false;
	text_addz(out, allows ? "allow" : "reject");
	print_addresses(squid, draft->src, STR(""), out);
	text_addz(out, " ->");
	print_destination(squid, draft, out);
	/* A request has a port of TCP, and only the proxy sees its method. */
	if (allows || span_set_not(squid->rules->arena, draft->ports).count > 0)
		print_ports(squid, draft->ports, out);
	if (draft->schemes != SQUID_SCHEMES_ALL)
		text_addf(out, " scheme%s%s%s",
		    (draft->schemes & SQUID_SCHEME_HTTP) != 0 ? " http" : "",
		    draft->schemes == SQUID_SCHEMES_ALL ? "," : "",
		    (draft->schemes & SQUID_SCHEME_HTTPS) != 0 ? " https" : "");
	if (allows || draft->methods != SQUID_METHODS_ALL)
		squid_methods_print(draft->methods, out);
	if (draft->users.len > 0)
		text_addf(out, " user%.*s", STR_ARG(text_str(&draft->users)));
	if (hours.len > 0)
		text_addf(out, " during %.*s", STR_ARG(hours));
	if (allows && squid->only_parents && squid->parents.len > 0)
		text_addz(out, " via peers");
	text_addc(out, '\n');
	return true;
}

/* What it refuses of flows that no packet of ours is: none is left. */
static bool
is_of_the_host(struct squid *squid, const struct draft *draft)
{
	static const struct span loopback[] = {
		{ { 0, 1 }, { 0, 1 } },
		{ { 0, 0xffff7f000000 }, { 0, 0xffff7fffffff } },
	};

	(void)squid;
	return span_set_covers((struct span_set){ loopback, 2 }, draft->src);
}

static void
print_access(
    struct squid *squid, const struct squid_access *access, struct text *out)
{
	struct text rule = TEXT_EMPTY;
	const char *note = NULL;
	struct draft draft;

	draft_init(&draft);
	take_words(squid, &draft, access);
	if (access->why != NULL)
		doubt(&draft, access->why);
	if (access->allows && squid->only_parents && squid->parents.len == 0)
		doubt(&draft, "it goes by parents, and none has a word");
	if (draft.never)
		note = "no request is like that here";
	else if (is_of_the_host(squid, &draft))
		note = "the host itself asks no listener";
	else if (access->allows && draft.why != NULL)
		access->line->why = draft.why;
	else if (!print_rule(squid, &draft, access->allows, &rule))
		access->line->why = "too many hours";
	else if (draft.why != NULL)
		access->line->why = import_words(squid->rules->arena,
		    "%s; the rule below refuses more", draft.why)
					.at;
	/* What cannot be said with its hours is refused at all of them. */
	if (rule.len == 0 && access->line->why != NULL && !access->allows) {
		draft.minutes = squid_week();
		(void)print_rule(squid, &draft, false, &rule);
	}
	access->line->shown = false;
	import_line_print(access->line, note, out);
	text_add(out, text_str(&rule));
	text_fini(&rule);
	draft_fini(&draft);
}

/*
 * Other lists, which are asked besides: what they deny is refused, and if they
 * end in an allowance, all that it does not allow.
 */
static void
print_others(struct squid *squid, struct text *out)
{
	for (size_t i = 0; i < squid->others.count; i++) {
		struct squid_access one = squid->others.items[i];
		bool all = one.count == 1 && str_is(one.words[0], "all");
		if (one.allows && !all) {
			one.allows = false;
			one.count = 0;
		}
		if (!one.allows) {
			print_access(squid, &one, out);
			continue;
		}
		one.line->shown = false;
		import_line_print(one.line, "nothing is refused by it", out);
	}
}

void
squid_access_print(struct squid *squid, struct text *out)
{
	struct squid_access last = { .allows = false };
	struct draft all;

	print_others(squid, out);
	for (size_t i = 0; i < squid->accesses.count; i++) {
		last = squid->accesses.items[i];
		print_access(squid, &last, out);
	}
	if (!last.allows && last.count == 1 && str_is(last.words[0], "all"))
		return;
	/* Behind the last line stands its contrary. */
	draft_init(&all);
	if (squid->accesses.count > 0 && !last.allows && last.why == NULL &&
	    (!squid->only_parents || squid->parents.len > 0)) {
		text_addz(out, "# Behind a last line that denies, all else is "
			       "allowed.\n");
		(void)print_rule(squid, &all, true, out);
	}
	(void)print_rule(squid, &all, false, out);
	draft_fini(&all);
}

void
squid_names_print(struct squid *squid, struct text *out)
{
	for (size_t i = 0; i < squid->acls.count; i++) {
		const struct squid_acl *acl = squid->acls.items[i];
		if (acl->kind != SQUID_DOMAIN || acl->why != NULL ||
		    acl->words.count == 0)
			continue;
		text_addf(out, "name %.*s = {\n",
		    STR_ARG(domain_name_of(squid, acl)));
		for (size_t j = 0; j < acl->words.count; j++)
			text_addf(
			    out, "    %.*s\n", STR_ARG(acl->words.items[j]));
		text_addz(out, "}\n");
	}
}
