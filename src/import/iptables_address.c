/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/iptables_address: what a rule may ask of a packet's addresses.
 */
#include "import/iptables_impl.h"

#include "import/range.h"

/* "A,B": any of these. */
static struct span_set
read_addresses(struct iptables_draft *draft, struct str list)
{
	struct span_set all = { 0 };
	struct address_range range;

	while (list.len > 0) {
		struct str one = str_cut(&list, ',');
		if (!import_range_parse(one, &range)) {
			iptables_inexact(
			    draft, "'%.*s' is no address", STR_ARG(one));
			return span_set_all();
		}
		all = span_set_or(draft->rules->arena, all,
		    span_set_one(draft->rules->arena, span_of_range(&range)));
	}
	return all;
}

/* Nothing is known of what could not be read, however it is negated. */
void
iptables_take_src(
    struct iptables_draft *draft, const struct str *values, bool negated)
{
	struct span_set set = read_addresses(draft, values[0]);

	if (draft->rule.why == NULL)
		import_rule_src(draft->rules, &draft->rule, set, negated);
}

void
iptables_take_dst(
    struct iptables_draft *draft, const struct str *values, bool negated)
{
	struct span_set set = read_addresses(draft, values[0]);

	if (draft->rule.why == NULL)
		import_rule_dst(draft->rules, &draft->rule, set, negated);
}

/* "MULTICAST,BROADCAST": addresses that are of many. */
static bool
read_many(struct iptables_draft *draft, struct str list, struct span_set *ret)
{
	bool good = list.len > 0;

	while (list.len > 0) {
		struct str one = str_cut(&list, ',');
		bool cast = str_eq_nocase(one, STR("MULTICAST"));
		good &= cast || str_eq_nocase(one, STR("BROADCAST"));
		*ret = span_set_or(draft->rules->arena, *ret,
		    cast ? import_multicast() : import_broadcast());
	}
	return good;
}

/* The host's own, which the part of the list tells, or of many. */
void
iptables_take_dst_type(
    struct iptables_draft *draft, const struct str *values, bool negated)
{
	struct span_set many = { 0 };

	if (str_is(values[0], "LOCAL"))
		draft->rule.whom = negated ? IMPORT_FOREIGN : IMPORT_LOCAL;
	else if (read_many(draft, values[0], &many))
		import_rule_dst(draft->rules, &draft->rule, many, negated);
	else
		iptables_inexact(draft, "the type of an address has no word");
}

void
iptables_take_src_type(
    struct iptables_draft *draft, const struct str *values, bool negated)
{
	struct span_set many = { 0 };

	if (read_many(draft, values[0], &many))
		import_rule_src(draft->rules, &draft->rule, many, negated);
	else
		iptables_inexact(draft, "the type of an address has no word");
}

void
iptables_take_set(
    struct iptables_draft *draft, const struct str *values, bool negated)
{
	const struct import_set *set =
	    import_set_find(draft->rules, STR(""), values[0]);

	if (set == NULL || set->why != NULL) {
		iptables_inexact(draft, "%s '%.*s'",
		    set == NULL ? "give the output of `ipset save` as well: set"
				: set->why,
		    STR_ARG(values[0]));
		return;
	}
	if (str_is(values[1], "src"))
		import_rule_src(
		    draft->rules, &draft->rule, set->members, negated);
	else if (str_is(values[1], "dst"))
		import_rule_dst(
		    draft->rules, &draft->rule, set->members, negated);
	else
		iptables_inexact(draft, "sets of pairs have no word");
}
