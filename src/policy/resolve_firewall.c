/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/resolve_firewall: the lines of `firewall { ... }`.
 */
#include "policy/manual.h"
#include "policy/resolve.h"

static bool
refuse_without_zones(
    struct resolver *resolver, const struct syntax_setting *syntax)
{
	if (syntax->zones != NULL)
		return true;
	report_error(resolver->report, syntax->head.place,
	    "'%.*s' needs its zones", STR_ARG(syntax->head.text));
	report_hint(resolver->report, "write 'for' and the zones behind it");
	return false;
}

/* Without zones: of all, the gateway's own packets too. */
static void
resolve_invalid(struct resolver *resolver, const struct syntax_setting *syntax)
{
	const struct syntax_word *what = syntax->values;
	uint64_t zones = POLICY_ZONES_ANY;

	if (what->next != NULL ||
	    (!str_is(what->text, "drop") && !str_is(what->text, "allow"))) {
		report_error(resolver->report, what->place,
		    "what is invalid is to 'drop' or to 'allow'");
		return;
	}
	if (str_is(what->text, "drop") && syntax->zones != NULL) {
		report_error(resolver->report, syntax->zones->place,
		    "'invalid drop' holds for all that nothing allows");
		report_hint(resolver->report,
		    "name the zones that are excepted: invalid allow for ...");
		return;
	}
	if (syntax->zones != NULL &&
	    !resolve_zones(resolver, syntax->zones, &zones))
		return;
	if (str_is(what->text, "allow"))
		resolver->policy->invalid |= zones;
}

static void
resolve_clamp(struct resolver *resolver, const struct syntax_setting *syntax)
{
	const struct syntax_word *what = syntax->values;
	uint64_t zones;

	if (what->next != NULL || !str_is(what->text, "mss")) {
		report_error(
		    resolver->report, what->place, "what is clamped is 'mss'");
		return;
	}
	if (refuse_without_zones(resolver, syntax) &&
	    resolve_zones(resolver, syntax->zones, &zones))
		resolver->policy->clamped |= zones;
}

static bool
find_helper(struct resolver *resolver, const struct syntax_word *word,
    enum policy_helper *ret)
{
	struct nearest nearest;

	nearest_begin(&nearest, word->text);
	for (unsigned i = 0; i < POLICY_HELPER_COUNT; i++) {
		struct str name =
		    str_of(policy_helper_row((enum policy_helper)i)->word);
		*ret = (enum policy_helper)i;
		if (str_eq(word->text, name))
			return true;
		nearest_offer(&nearest, name);
	}
	report_error(resolver->report, word->place,
	    "no helper is called '%.*s'", STR_ARG(word->text));
	resolve_hint_nearest(resolver, &nearest);
	return false;
}

static void
resolve_helper(struct resolver *resolver, const struct syntax_setting *syntax)
{
	enum policy_helper helper;
	uint64_t zones;

	if (!refuse_without_zones(resolver, syntax) ||
	    !resolve_zones(resolver, syntax->zones, &zones))
		return;
	for (const struct syntax_word *word = syntax->values; word != NULL;
	     word = word->next)
		if (find_helper(resolver, word, &helper))
			resolver->policy->helpers[helper] |= zones;
}

void
resolve_firewall(struct resolver *resolver, const struct syntax *syntax)
{
	(void)report_topic(resolver->report, MANUAL_FIREWALL);
	for (const struct syntax_setting *setting = syntax->settings;
	     setting != NULL; setting = setting->next) {
		if (str_is(setting->head.text, "invalid"))
			resolve_invalid(resolver, setting);
		else if (str_is(setting->head.text, "clamp"))
			resolve_clamp(resolver, setting);
		else
			resolve_helper(resolver, setting);
	}
}
