/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/nat_elsewhere: flows that nat sends where no policy does.
 *
 * They came to nobody else before, so they are refused: a rule that allows
 * those who are like them is not meant for them.
 */
#include "import/nat_impl.h"

#include "import/zones.h"

const char nat_inward[] = "no word for what is sent to the gateway";
const char nat_own[] = "what the gateway sends is sent nowhere else";

static bool
print_sentence(struct import_ruleset *rules, const struct import_entry *entry,
    struct text *out)
{
	struct import_said said = { 0 };
	bool part, both = rules->family4 && rules->family6;

	if (!import_sentence_print(rules, entry, import_box_family(&entry->box),
		true, &said, &part))
		return false;
	struct str words = both ? said.strict : said.plain;
	/* Of several zones each refuses the same ones. */
	if (words.at != NULL &&
	    (out->len == 0 ||
		memmem(out->at, out->len, words.at, words.len) == NULL))
		text_addf(out, "%.*s\n", STR_ARG(words));
	return !part;
}

void
nat_say(struct import_ruleset *rules, const struct import_entry *entry,
    struct text *out)
{
	struct import_entry whole = *entry;

	if (print_sentence(rules, entry, out))
		return;
	/* Some protocol of it has no word: so all are meant. */
	whole.box.service = span_set_all();
	(void)print_sentence(rules, &whole, out);
}

void
nat_drop(struct import_ruleset *rules, const struct import_rule *rule,
    enum import_part part, struct text *out)
{
	struct import_entry entry = {
		.part = part, .verdict = IMPORT_DROP, .box = rule->match
	};

	if (part == IMPORT_PART_THROUGH)
		entry.box.out = import_zones_mask(rules);
	nat_say(rules, &entry, out);
}

void
nat_refuses_more(struct import_ruleset *rules, struct import_rule *rule)
{
	const char *more = "; the rule below refuses more";

	if (!str_ends(str_of(rule->line->why), str_of(more)))
		rule->line->why =
		    import_words(rules->arena, "%s%s", rule->line->why, more)
			.at;
}

static void
refuse_own(struct import_ruleset *rules, struct import_rule *rule,
    const void *with, struct text *out)
{
	(void)with;
	/* What the gateway sends to itself is its loopback. */
	if (rule->whom == IMPORT_LOCAL)
		return;
	nat_refuse(rule, nat_own);
	nat_refuses_more(rules, rule);
	import_line_print(rule->line, NULL, out);
	nat_drop(rules, rule, IMPORT_PART_FROM_SELF, out);
}

void
import_nat_own_print(struct import_ruleset *rules, struct text *out)
{
	nat_visit(rules, IMPORT_OUTPUT, refuse_own, NULL, out);
}
