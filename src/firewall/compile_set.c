/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_set: sets of addresses, with a name and without.
 */
#include "firewall/compile_impl.h"

#include <stdio.h>

bool
compile_has_family(const struct address_set *set, uint8_t family)
{
	return (family == ADDRESS_IPV4 ? set->v4.count : set->v6.count) > 0;
}

void
compile_elements(
    struct text *out, const struct address_set *set, uint8_t family)
{
	char range_text[ADDRESS_RANGE_TEXT_BYTES];
	const char *before = "{ ";

	for (size_t i = 0; i < address_set_count(set); i++) {
		struct address_range range = address_set_range(set, i);
		if (range.first.family != family)
			continue;
		text_addz(out, before);
		text_addz(out, address_range_format(&range, range_text));
		before = ", ";
	}
	text_addz(out, " }");
}

void
compile_set_name(char ret[static COMPILE_NAME_BYTES], const char *kind,
    struct str name, uint8_t family)
{
	(void)snprintf(ret, COMPILE_NAME_BYTES, "%s%s%.*s.%u", kind,
	    name.len > 0 ? "." : "", STR_ARG(name), family);
}

void
compile_set_begin(struct text *out, const char *name, uint8_t family)
{
	text_addf(out, "\tset %s {\n\t\ttype %s\n\t\tflags interval\n", name,
	    family == ADDRESS_IPV4 ? "ipv4_addr" : "ipv6_addr");
}

void
compile_set(struct compiler *compiler, const char *kind, struct str name,
    uint8_t family, const struct address_set *set)
{
	struct text *out = compiler->out;
	char set_name[COMPILE_NAME_BYTES];

	compile_set_name(set_name, kind, name, family);
	compile_set_begin(out, set_name, family);
	if (compile_has_family(set, family)) {
		text_addz(out, "\t\telements = ");
		compile_elements(out, set, family);
		text_addc(out, '\n');
	}
	text_addz(out, "\t}\n");
}

void
compile_add_home(struct compiler *compiler, const char *side, uint8_t zone,
    uint8_t family, struct text *out)
{
	const struct policy *policy = compiler->policy;
	const char *word = compile_family_word(family);

	if (zone != policy->elsewhere) {
		text_addf(out, "%s %s @zone.%.*s.%u ", word, side,
		    STR_ARG(policy->zones[zone].name), family);
		return;
	}
	for (uint8_t i = 0; i < policy->zone_count; i++)
		if (compile_has_family(&policy->zones[i].prefixes, family))
			text_addf(out, "%s %s != @zone.%.*s.%u ", word, side,
			    STR_ARG(policy->zones[i].name), family);
}
