/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/resolve_endpoint: the ends of a rule, and what is taken out of them.
 */
#include "policy/foreign.h"
#include "policy/manual.h"
#include "policy/resolve.h"

enum side {
	SIDE_FROM,
	SIDE_TO,
};

/* The endpoint's group of literals, made when the first one is met. */
static struct policy_group *
literals_of(struct resolver *resolver, struct policy_endpoint *endpoint,
    struct policy_group **literals)
{
	if (*literals == NULL) {
		*literals = resolve_group(resolver);
		if (*literals != NULL)
			endpoint->groups[endpoint->group_count++] = *literals;
	}
	return *literals;
}

static bool
refuse_domains_as_source(struct resolver *resolver,
    const struct syntax_word *word, const struct policy_group *group)
{
	if (group->domains.count == 0)
		return true;
	report_error(resolver->report, word->place,
	    "a source is known by its address, never by a name");
	report_hint(resolver->report,
	    "write a zone, an address or a list of addresses before '->'");
	return false;
}

/* A zone, name or list; false: reported. */
static bool
add_symbol(struct resolver *resolver, enum side side,
    const struct syntax_word *word, const struct symbol *symbol,
    struct policy_endpoint *endpoint)
{
	if (symbol->kind == SYMBOL_ZONE) {
		endpoint->zones |= policy_zone_bit(symbol->zone);
		return true;
	}
	if (symbol->kind == SYMBOL_SERVICE) {
		resolve_unknown(resolver, word, "an address", 0);
		report_hint(resolver->report,
		    "a service stands behind the endpoints, without a comma");
		return false;
	}
	if (symbol->kind == SYMBOL_HOURS) {
		resolve_unknown(resolver, word, "an address", 0);
		report_hint(resolver->report,
		    "hours stand behind the endpoints: during %.*s",
		    STR_ARG(word->text));
		report_see(resolver->report, MANUAL_CONDITIONS);
		return false;
	}
	if (symbol->kind == SYMBOL_PARENT) {
		resolve_unknown(resolver, word, "an address", 0);
		report_hint(resolver->report,
		    "a parent stands behind the endpoints: via %.*s",
		    STR_ARG(word->text));
		report_see(resolver->report, MANUAL_PARENTS);
		return false;
	}
	if (symbol->group == NULL)
		return false; /* no memory for it */
	symbol->group->used = true;
	endpoint->groups[endpoint->group_count++] = symbol->group;
	return side == SIDE_TO ||
	       refuse_domains_as_source(resolver, word, symbol->group);
}

static bool
add_literal(struct resolver *resolver, enum side side,
    const struct syntax_word *word, struct policy_endpoint *endpoint,
    struct policy_group **literals)
{
	struct policy_group *group = literals_of(resolver, endpoint, literals);

	return group != NULL && resolve_literal(resolver, word, group) &&
	       (side == SIDE_TO ||
		   refuse_domains_as_source(resolver, word, group));
}

/* The zone that has such an interface; NULL: none has. */
static const struct policy_zone *
find_zone_of(const struct resolver *resolver, struct str interface)
{
	const struct policy *policy = resolver->policy;

	for (uint8_t i = 0; i < policy->zone_count; i++)
		if (policy_zone_has_interface(&policy->zones[i], interface))
			return &policy->zones[i];
	return NULL;
}

static void
report_no_endpoint(struct resolver *resolver, const struct syntax_word *word)
{
	static const unsigned kinds =
	    1u << SYMBOL_ZONE | 1u << SYMBOL_NAME | 1u << SYMBOL_LIST;
	const char *foreign = foreign_hint(FOREIGN_ENDPOINT, word->text);
	const struct policy_zone *zone = find_zone_of(resolver, word->text);
	bool known = foreign != NULL || zone != NULL;

	/* A word that is known needs no nearest one. */
	resolve_unknown(
	    resolver, word, "a zone, name or list", known ? 0 : kinds);
	if (zone != NULL)
		report_hint(resolver->report,
		    "it is an interface of zone '%.*s': write '%.*s'",
		    STR_ARG(zone->name), STR_ARG(zone->name));
	else if (foreign != NULL)
		report_hint(resolver->report, "%s", foreign);
}

/* `!lan` behind a comma; in front the parser has seen it. */
static bool
refuse_negation(struct resolver *resolver, const struct syntax_word *word)
{
	if (!str_starts(word->text, STR("!")))
		return true;
	report_error(resolver->report, word->place, "'!' has no place here");
	report_see(resolver->report, MANUAL_EXCEPTIONS);
	report_hint(
	    resolver->report, "%s", foreign_hint(FOREIGN_ENDPOINT, STR("not")));
	return false;
}

static bool
add_endpoint_word(struct resolver *resolver, enum side side,
    const struct syntax_word *word, struct policy_endpoint *endpoint,
    struct policy_group **literals)
{
	const struct symbol *symbol = resolve_find(resolver, word->text);

	if (str_is(word->text, "any")) {
		endpoint->zones = POLICY_ZONES_ANY;
		return true;
	}
	if (str_is(word->text, "self")) {
		endpoint->zones |= policy_zone_bit(ZONE_SELF);
		return true;
	}
	if (symbol != NULL)
		return add_symbol(resolver, side, word, symbol, endpoint);
	if (!refuse_negation(resolver, word))
		return false;
	if (resolve_looks_like_address(word->text) ||
	    str_find(word->text, '.') < word->text.len)
		return add_literal(resolver, side, word, endpoint, literals);
	report_no_endpoint(resolver, word);
	return false;
}

static bool
resolve_endpoint(struct resolver *resolver, enum side side,
    const struct syntax_word *words, struct policy_endpoint *ret)
{
	struct policy_group *literals = NULL;
	bool good = true;

	ret->groups = arena_array(resolver->arena, syntax_count(words) + 1,
	    sizeof(struct policy_group *));
	if (ret->groups == NULL)
		return false;
	for (; words != NULL; words = words->next)
		good &=
		    add_endpoint_word(resolver, side, words, ret, &literals);
	if (literals != NULL)
		address_set_freeze(&literals->addresses);
	return good;
}

/* What stands behind `except`: an endpoint that is taken out of the other. */
static bool
resolve_except(struct resolver *resolver, enum side side,
    const struct syntax_word *words, struct policy_endpoint *endpoint)
{
	if (words == NULL)
		return true;
	endpoint->except = arena_new(resolver->arena, struct policy_endpoint);
	if (endpoint->except == NULL ||
	    !resolve_endpoint(resolver, side, words, endpoint->except))
		return false;
	if (endpoint->except->zones != POLICY_ZONES_ANY)
		return true;
	report_error(
	    resolver->report, words->place, "'except any' leaves nothing");
	report_see(resolver->report, MANUAL_EXCEPTIONS);
	return false;
}

bool
resolve_source(struct resolver *resolver, const struct syntax_word *words,
    const struct syntax_word *except, struct policy_endpoint *ret)
{
	bool good = resolve_endpoint(resolver, SIDE_FROM, words, ret);

	good &= resolve_except(resolver, SIDE_FROM, except, ret);
	return good;
}

bool
resolve_destination(struct resolver *resolver, const struct syntax_word *words,
    const struct syntax_word *except, struct policy_endpoint *ret)
{
	bool good = resolve_endpoint(resolver, SIDE_TO, words, ret);

	good &= resolve_except(resolver, SIDE_TO, except, ret);
	return good;
}
