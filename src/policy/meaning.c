/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/meaning.h"

#include "policy/evaluate.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

_Static_assert(POLICY_FACT_COUNT == 11, "a fact without a condition");

/* Values of terminals of `packets`: 0 is mixed. */
enum {
	CLASS_FIRST = 1,
	/* Verdict and `direct` of rules that leave no trace of their own. */
	CLASS_TRACELESS = 8,
};

static uint32_t
terminal(size_t value)
{
	return DIAGRAM_TERMINAL | (uint32_t)value;
}

/* Two rules have one class if and only if policy_outcome_same. */
static uint32_t
class_of(const struct policy_rule *rule, size_t index)
{
	if (policy_rule_leaves_trace(rule))
		return terminal(CLASS_TRACELESS + index);
	return terminal(CLASS_FIRST + (size_t)rule->verdict * 2 + rule->direct);
}

/* What a name may open: POLICY_VERDICT_ALLOW leads only elsewhere. */
static uint32_t
opened_by_name(struct meaning *meaning, const struct policy_rule *rule)
{
	const struct policy *policy = meaning->policy;
	uint64_t zones = policy_zone_bit(ZONE_NONE);

	if (rule->verdict != POLICY_VERDICT_ALLOW)
		return DIAGRAM_ALL;
	return space_to_zones(meaning->space, meaning->which,
	    zones | policy_zone_bit(policy->elsewhere));
}

/* What a rule asks for, along the dimensions; `basis` is what packets show. */
struct parts {
	const struct policy_rule *rule;
	uint32_t source, address, basis, name, opened, head;
	uint32_t out_address, out_name; /* behind `except` */
};

/* From whom and when. */
static uint32_t
sources_of(struct meaning *meaning, const struct policy_rule *rule)
{
	struct space *space = meaning->space;
	struct diagram *d = &space->diagram;
	uint32_t set = space_sources(space, meaning->which, &rule->from);

	if (rule->from.except != NULL)
		set = diagram_minus(d, set,
		    space_sources(space, meaning->which, rule->from.except));
	return diagram_and(d, set, space_rule_times(space, rule));
}

static struct parts
take_apart(struct meaning *meaning, const struct policy_rule *rule)
{
	struct space *space = meaning->space;
	struct diagram *d = &space->diagram;
	unsigned which = meaning->which;
	struct parts parts = { .rule = rule,
		.out_address = DIAGRAM_EMPTY,
		.out_name = DIAGRAM_EMPTY };

	parts.source = sources_of(meaning, rule);
	parts.address = space_addresses(space, which, rule, &rule->to);
	parts.basis = diagram_and(
	    d, parts.source, space_services(space, &rule->services));
	parts.name = space_names(space, &rule->to);
	if (rule->to.except != NULL) {
		parts.out_address =
		    space_addresses(space, which, rule, rule->to.except);
		parts.out_name = space_names(space, rule->to.except);
	}
	parts.opened = policy_endpoint_has_domains(&rule->to)
			   ? opened_by_name(meaning, rule)
			   : DIAGRAM_EMPTY;
	parts.head = space_rule_head(space, rule);
	return parts;
}

/* Once all is known: names, methods and paths only where the proxy looks. */
static uint32_t
match_of(struct meaning *meaning, const struct parts *parts)
{
	struct diagram *d = &meaning->space->diagram;
	uint32_t proxied =
	    diagram_or(d, meaning->explicit, meaning->intercepted);

	proxied = diagram_or(d, proxied, meaning->dialled);
	uint32_t named = diagram_and(d, parts->name, parts->opened);
	named = diagram_and(d, named, proxied);
	uint32_t to = diagram_or(d, parts->address, named);
	uint32_t out = diagram_or(
	    d, parts->out_address, diagram_and(d, parts->out_name, proxied));
	uint32_t match =
	    diagram_and(d, parts->basis, diagram_minus(d, to, out));
	if (policy_rule_reads_head(parts->rule))
		match =
		    diagram_and(d, match, diagram_and(d, parts->head, proxied));
	return diagram_minus(d, match, meaning->listened);
}

/* Of packets on their way to a server. */
static uint32_t
packets_on_way(
    struct meaning *meaning, const struct parts *parts, bool for_sure)
{
	struct diagram *d = &meaning->space->diagram;
	const struct policy_endpoint *except = parts->rule->to.except;
	uint32_t to = parts->address;

	if (for_sure &&
	    (policy_rule_reads_head(parts->rule) ||
		(except != NULL && policy_endpoint_has_domains(except))))
		return DIAGRAM_EMPTY;
	if (!for_sure)
		to = diagram_or(d, to, parts->opened);
	uint32_t set = diagram_and(
	    d, parts->basis, diagram_minus(d, to, parts->out_address));
	return diagram_and(
	    d, set, diagram_or(d, meaning->intercepted, meaning->uncarried));
}

static bool
covers_some(const struct policy_endpoint *to)
{
	return to->zones != 0 || to->own != 0 ||
	       policy_endpoint_has_addresses(to) ||
	       policy_endpoint_has_domains(to);
}

/* Packets to a listener say who asks and nothing of what. */
static uint32_t
packets_to_listener(
    struct meaning *meaning, const struct parts *parts, bool for_sure)
{
	const struct policy_endpoint *to = &parts->rule->to;
	struct diagram *d = &meaning->space->diagram;
	bool any_address = to->zones == POLICY_ZONES_ANY;

	if (for_sure ? !any_address || parts->rule->services.count > 0 ||
			   policy_rule_reads_head(parts->rule) ||
			   (to->except != NULL && covers_some(to->except))
		     : !covers_some(to))
		return DIAGRAM_EMPTY;
	if (to->except != NULL && to->except->zones == POLICY_ZONES_ANY)
		return DIAGRAM_EMPTY;
	return diagram_and(d, parts->source,
	    diagram_or(d, meaning->explicit, meaning->listened));
}

static void
read_rule(struct meaning *meaning, size_t index)
{
	const struct policy_rule *rule = &meaning->policy->rules[index];
	struct diagram *d = &meaning->space->diagram;
	struct parts parts = take_apart(meaning, rule);
	struct meaning_rule *ret = &meaning->rules[index];

	ret->class = class_of(rule, index);
	uint32_t at_listener = packets_to_listener(meaning, &parts, true);
	ret->yes =
	    diagram_or(d, packets_on_way(meaning, &parts, true), at_listener);
	ret->might = diagram_minus(d,
	    diagram_or(d, packets_on_way(meaning, &parts, false),
		packets_to_listener(meaning, &parts, false)),
	    ret->yes);
	ret->match = diagram_or(d, match_of(meaning, &parts),
	    diagram_and(d, at_listener, meaning->listened));
}

/* What lies above all classes and all rules. */
static size_t
reported_first(const struct meaning *meaning)
{
	return CLASS_TRACELESS + meaning->policy->rule_count;
}

static const struct meaning_reported *
reported_at(const struct meaning *meaning, uint32_t value)
{
	size_t first = reported_first(meaning);

	return value != DIAGRAM_NOWHERE && diagram_value(value) >= first
		   ? &meaning->reported.items[diagram_value(value) - first]
		   : NULL;
}

/* The last one: what the reports stand before. */
static uint32_t
behind_reports(const struct meaning *meaning, uint32_t value)
{
	const struct meaning_reported *at;

	while ((at = reported_at(meaning, value)) != NULL)
		value = at->then;
	return value;
}

size_t
meaning_decider(const struct meaning *meaning, uint32_t terminal)
{
	return diagram_value(behind_reports(meaning, terminal));
}

bool
meaning_is_reported(const struct meaning *meaning, uint32_t terminal)
{
	return reported_at(meaning, terminal) != NULL;
}

/* The report, and then; each pair is one terminal. */
static uint32_t
report_before(struct meaning *meaning, size_t rule, uint32_t then)
{
	struct meaning_reported one = { (uint32_t)rule, then };
	size_t count = meaning->reported.count;

	for (size_t i = count; i-- > 0;)
		if (meaning->reported.items[i].rule == one.rule &&
		    meaning->reported.items[i].then == then)
			return terminal(reported_first(meaning) + i);
	int rc = count == MEANING_REPORTED_MAX
		     ? -E2BIG
		     : VEC_ADD(&meaning->reported, one);
	if (rc == 0)
		return terminal(reported_first(meaning) + count);
	if (meaning->space->diagram.rc == 0)
		meaning->space->diagram.rc = rc;
	return then;
}

/* A rule that is put before what is below it. */
struct placing {
	struct meaning *meaning;
	size_t rule;
	uint32_t self, class;
	bool report;
};

static bool
settle_list(void *context, uint32_t match, uint32_t rest, uint32_t *ret)
{
	const struct placing *placing = context;

	/* Where nothing decides there is no flow that could be reported. */
	if (match == DIAGRAM_EMPTY ||
	    (placing->report && rest == DIAGRAM_NOWHERE))
		*ret = rest;
	else if (match == DIAGRAM_ALL && !placing->report)
		*ret = placing->self;
	else if (match == DIAGRAM_ALL && diagram_is_terminal(rest))
		*ret = report_before(placing->meaning, placing->rule, rest);
	else
		return false;
	return true;
}

/* A rule at the packet phase. */
enum {
	NO,
	YES,
	MIGHT
};

static uint32_t
packet_match(struct meaning *meaning, const struct meaning_rule *rule)
{
	struct diagram *d = &meaning->space->diagram;
	uint32_t yes = diagram_where(d, rule->yes, terminal(YES));
	uint32_t might = diagram_where(d, rule->might, terminal(MIGHT));

	return diagram_over(d, diagram_over(d, yes, might), terminal(NO));
}

static bool
settle_packets(void *context, uint32_t match, uint32_t rest, uint32_t *ret)
{
	const struct placing *placing = context;
	bool report = placing->report;

	if (match == terminal(NO))
		*ret = rest;
	else if (!report && (match == terminal(YES) || rest == placing->class))
		*ret = placing->class;
	else if (match == terminal(YES) && diagram_is_terminal(rest))
		*ret = report_before(placing->meaning, placing->rule, rest);
	else if (match == terminal(MIGHT) && diagram_is_terminal(rest))
		*ret = MEANING_MIXED;
	else
		return false;
	return true;
}

static struct placing
placing_of(struct meaning *meaning, size_t i)
{
	return (struct placing){ meaning, i, terminal(i),
		meaning->rules[i].class, meaning->policy->rules[i].report };
}

/* Rule i before `rest`, at the packet phase. */
static uint32_t
place_packets(struct meaning *meaning, size_t i, uint32_t rest)
{
	struct placing placing = placing_of(meaning, i);

	return diagram_apply(&meaning->space->diagram, settle_packets, &placing,
	    packet_match(meaning, &meaning->rules[i]), rest);
}

static void
build_lists(struct meaning *meaning)
{
	struct diagram *d = &meaning->space->diagram;
	size_t count = meaning->policy->rule_count;

	meaning->lists[count] = DIAGRAM_NOWHERE;
	meaning->packets[count] = MEANING_MIXED;
	for (size_t i = count; i-- > 0 && space_rc(meaning->space) == 0;) {
		struct meaning_rule *rule = &meaning->rules[i];
		struct placing placing = placing_of(meaning, i);
		meaning->lists[i] = diagram_apply(d, settle_list, &placing,
		    rule->match, meaning->lists[i + 1]);
		meaning->packets[i] =
		    place_packets(meaning, i, meaning->packets[i + 1]);
	}
}

/*
 * States of a walk from the top: nothing met yet; sure not to be sure; of a
 * class so far; decided by a class.
 */
enum {
	WALK_START,
	WALK_MIXED,
	WALK_SO_FAR,
	WALK_DECIDED
};

static uint32_t
state(unsigned kind, uint32_t class)
{
	return terminal((size_t)diagram_value(class) * 4 + kind);
}

static bool
settle_walk(void *context, uint32_t match, uint32_t before, uint32_t *ret)
{
	const uint32_t *class = context;
	unsigned kind = diagram_value(before) % 4;

	if (match == terminal(NO)) {
		*ret = before;
		return true;
	}
	if (!diagram_is_terminal(before) || !diagram_is_terminal(match))
		return false;
	if (kind == WALK_MIXED || kind == WALK_DECIDED)
		*ret = before;
	else if (kind == WALK_SO_FAR && before != state(WALK_SO_FAR, *class))
		*ret = state(WALK_MIXED, DIAGRAM_TERMINAL);
	else
		*ret =
		    state(match == terminal(YES) ? WALK_DECIDED : WALK_SO_FAR,
			*class);
	return true;
}

uint32_t
meaning_walk(struct meaning *meaning, uint32_t before, size_t i)
{
	return diagram_apply(&meaning->space->diagram, settle_walk,
	    &meaning->rules[i].class, packet_match(meaning, &meaning->rules[i]),
	    before);
}

static bool
settle_joined(void *context, uint32_t before, uint32_t rest, uint32_t *ret)
{
	uint32_t class = terminal(diagram_value(before) / 4);

	(void)context;
	if (!diagram_is_terminal(before))
		return false;
	switch (diagram_value(before) % 4) {
	case WALK_START:
		*ret = rest;
		return true;
	case WALK_MIXED:
		*ret = MEANING_MIXED;
		return true;
	case WALK_DECIDED:
		*ret = class;
		return true;
	default:
		*ret = rest == class ? class : MEANING_MIXED;
		return diagram_is_terminal(rest);
	}
}

/* All rules above it once more, as far as they see a difference. */
static uint32_t
place_all(struct meaning *meaning, size_t i)
{
	uint32_t rest = meaning->packets[i + 1];

	for (size_t j = i;; j--) {
		if (rest == meaning->packets[j])
			return meaning->packets[0];
		if (j == 0)
			return rest;
		rest = place_packets(meaning, j - 1, rest);
	}
}

uint32_t
meaning_packets_without(struct meaning *meaning, uint32_t before, size_t i)
{
	if (meaning->has_reports)
		return place_all(meaning, i);
	return diagram_apply(&meaning->space->diagram, settle_joined, NULL,
	    before, meaning->packets[i + 1]);
}

static void
find_ways(struct meaning *meaning)
{
	struct space *space = meaning->space;
	struct diagram *d = &space->diagram;
	const struct policy *policy = meaning->policy;
	unsigned which = meaning->which;
	uint32_t direct = space_mode(space, SPACE_DIRECT);
	uint32_t served =
	    space_from_zones(space, which, policy_listen_zones(policy));
	uint32_t carried = space_intercepted(space, which, true);
	uint32_t through = diagram_minus(d, direct,
	    space_to_zones(space, which, policy_zone_bit(ZONE_SELF)));

	meaning->explicit =
	    diagram_and(d, served, space_mode(space, SPACE_EXPLICIT));
	meaning->dialled =
	    diagram_and(d, carried, space_mode(space, SPACE_DIALLED));
	meaning->intercepted = diagram_and(d, carried, through);
	meaning->uncarried =
	    diagram_and(d, space_intercepted(space, which, false), through);
	meaning->listened = DIAGRAM_EMPTY;
	for (size_t i = 0; i < policy->listen_count; i++)
		meaning->listened = diagram_or(
		    d, meaning->listened, space_listener(space, which, i));
	meaning->no_zone =
	    space_from_zones(space, which, policy_zone_bit(ZONE_NONE));
	uint32_t asked = diagram_or(d, meaning->explicit, meaning->dialled);
	meaning->unserved =
	    diagram_minus(d, diagram_minus(d, DIAGRAM_ALL, direct), asked);
	meaning->flows = diagram_minus(d, space->universe, meaning->no_zone);
	meaning->flows = diagram_minus(d, meaning->flows, meaning->unserved);
	meaning->flows = diagram_minus(d, meaning->flows, meaning->listened);
}

/* Sources that are hidden: IPv4 and unique local ones, with their prefixes. */
static bool
is_hideable(const void *context, size_t cell)
{
	const struct meaning *meaning = context;
	const struct space *space = meaning->space;
	const struct space_source *source = &space->sources.items[cell];
	uint8_t zone = source->zone[meaning->which];

	return zone < meaning->policy->zone_count &&
	       zone != meaning->policy->elsewhere &&
	       partition_has(&space->from.atoms, source->atom,
		   space->from.zones[meaning->which] + zone) &&
	       (partition_has(&space->from.atoms, source->atom, SPACE_IPV4) ||
		   partition_has(
		       &space->from.atoms, source->atom, SPACE_UNIQUE_LOCAL));
}

static void
find_masquerade(struct meaning *meaning)
{
	struct space *space = meaning->space;
	struct diagram *d = &space->diagram;
	uint32_t hideable =
	    space_cells(space, SPACE_SOURCE, is_hideable, meaning);

	meaning->masquerade = DIAGRAM_EMPTY;
	for (size_t i = 0; i < meaning->policy->masquerade_count; i++) {
		const struct policy_masquerade *one =
		    &meaning->policy->masquerades[i];
		meaning->masquerade = diagram_or(d, meaning->masquerade,
		    diagram_and(d,
			space_from_zones(space, meaning->which, one->from),
			space_to_zones(space, meaning->which, one->to)));
	}
	meaning->masquerade = diagram_and(d, meaning->masquerade, hideable);
}

int
meaning_init(struct meaning *meaning, struct space *space, unsigned which)
{
	const struct policy *policy = space->policies[which];
	size_t count = policy->rule_count;

	*meaning = (struct meaning){
		.space = space, .which = which, .policy = policy
	};
	meaning->rules = calloc(count, sizeof(*meaning->rules));
	meaning->lists = calloc(count + 1, sizeof(*meaning->lists));
	meaning->packets = calloc(count + 1, sizeof(*meaning->packets));
	if (meaning->rules == NULL || meaning->lists == NULL ||
	    meaning->packets == NULL)
		return -ENOMEM;
	find_ways(meaning);
	find_masquerade(meaning);
	for (size_t i = 0; i < count && space->diagram.rc == 0; i++) {
		meaning->has_reports |= policy->rules[i].report;
		read_rule(meaning, i);
	}
	build_lists(meaning);
	return space_rc(space);
}

void
meaning_fini(struct meaning *meaning)
{
	free(meaning->rules);
	free(meaning->lists);
	free(meaning->packets);
	free(meaning->reported.items);
	*meaning = (struct meaning){ 0 };
}

/* What the carriage of a flow adds to its rule, in a terminal. */
#define CARRIAGES     16
#define CARRIAGE_IPV6 8

_Static_assert(MEANING_CARRIAGE_COUNT <= CARRIAGE_IPV6, "carriages overlap");

static uint32_t
carry(struct diagram *d, uint32_t set, unsigned carriage, uint32_t rest)
{
	return diagram_over(d, diagram_where(d, set, terminal(carriage)), rest);
}

/* Which of the classes of `packets` allow, and those among them by `direct`. */
struct allowing {
	const struct meaning *meaning;
	bool direct;
};

static bool
settle_allowed(void *context, uint32_t packets, uint32_t unused, uint32_t *ret)
{
	const struct allowing *allowing = context;
	enum policy_verdict verdict;
	bool direct;

	(void)unused;
	if (!diagram_is_terminal(packets))
		return false;
	packets = behind_reports(allowing->meaning, packets);
	size_t value = diagram_value(packets);
	*ret = DIAGRAM_EMPTY;
	if (packets == MEANING_MIXED)
		return true;
	if (value >= CLASS_TRACELESS) {
		const struct policy_rule *rule =
		    &allowing->meaning->policy->rules[value - CLASS_TRACELESS];
		verdict = rule->verdict;
		direct = rule->direct;
	} else {
		verdict = (enum policy_verdict)((value - CLASS_FIRST) / 2);
		direct = (value - CLASS_FIRST) % 2 != 0;
	}
	if (verdict == POLICY_VERDICT_ALLOW && direct == allowing->direct)
		*ret = DIAGRAM_ALL;
	return true;
}

static uint32_t
allowed(struct meaning *meaning, bool direct)
{
	struct allowing allowing = { meaning, direct };

	return diagram_apply(&meaning->space->diagram, settle_allowed,
	    &allowing, meaning->packets[0], DIAGRAM_EMPTY);
}

static bool
is_published_here(const struct policy_rule *rule, uint8_t family,
    const struct meaning *meaning, const struct policy_masquerade *masquerade)
{
	struct address target =
	    family == ADDRESS_IPV4 ? rule->target4 : rule->target6;

	return target.family == family &&
	       (masquerade->to & policy_zone_bit(policy_zone_of(
				     meaning->policy, target))) != 0;
}

/* A published flow leaves where its target lives. */
static uint32_t
masquerade_published(struct meaning *meaning, const struct policy_rule *rule)
{
	struct space *space = meaning->space;
	struct diagram *d = &space->diagram;
	uint32_t set = DIAGRAM_EMPTY;

	for (size_t i = 0; i < meaning->policy->masquerade_count; i++) {
		const struct policy_masquerade *one =
		    &meaning->policy->masquerades[i];
		uint32_t from =
		    space_from_zones(space, meaning->which, one->from);
		if (is_published_here(rule, ADDRESS_IPV4, meaning, one))
			set = diagram_or(d, set,
			    diagram_and(
				d, from, space_to_base(space, SPACE_IPV4)));
		if (is_published_here(rule, ADDRESS_IPV6, meaning, one))
			set = diagram_or(d, set,
			    diagram_and(
				d, from, space_to_base(space, SPACE_IPV6)));
	}
	return diagram_and(
	    d, set, space_cells(space, SPACE_SOURCE, is_hideable, meaning));
}

static bool
settle_verdict(void *context, uint32_t list, uint32_t unused, uint32_t *ret)
{
	const struct meaning *meaning = context;

	(void)unused;
	if (!diagram_is_terminal(list))
		return false;
	*ret = list != DIAGRAM_NOWHERE &&
		       meaning->policy->rules[meaning_decider(meaning, list)]
			       .verdict == POLICY_VERDICT_ALLOW
		   ? DIAGRAM_ALL
		   : DIAGRAM_EMPTY;
	return true;
}

struct deciding {
	const struct meaning *meaning;
	size_t rule;
};

static bool
settle_decider(void *context, uint32_t list, uint32_t unused, uint32_t *ret)
{
	const struct deciding *deciding = context;

	(void)unused;
	if (!diagram_is_terminal(list))
		return false;
	*ret = list != DIAGRAM_NOWHERE && meaning_decider(deciding->meaning,
					      list) == deciding->rule
		   ? DIAGRAM_ALL
		   : DIAGRAM_EMPTY;
	return true;
}

static uint32_t
decided_by(struct meaning *meaning, size_t rule)
{
	struct deciding deciding = { meaning, rule };

	return diagram_apply(&meaning->space->diagram, settle_decider,
	    &deciding, meaning->lists[0], DIAGRAM_EMPTY);
}

static bool
settle_open(void *context, uint32_t packets, uint32_t unused, uint32_t *ret)
{
	(void)unused;
	if (!diagram_is_terminal(packets))
		return false;
	*ret = behind_reports(context, packets) == MEANING_MIXED
		   ? DIAGRAM_ALL
		   : DIAGRAM_EMPTY;
	return true;
}

/* By packets alone; published flows also say their family. */
static uint32_t
carry_packets(struct meaning *meaning)
{
	struct diagram *d = &meaning->space->diagram;
	uint32_t allowed_at_all = diagram_apply(
	    d, settle_verdict, meaning, meaning->lists[0], DIAGRAM_EMPTY);
	uint32_t carriage =
	    carry(d, diagram_and(d, meaning->masquerade, allowed_at_all),
		MEANING_MASQUERADED, terminal(MEANING_PACKETS));
	uint32_t ipv6 = space_to_base(meaning->space, SPACE_IPV6);

	for (size_t i = 0; i < meaning->policy->rule_count; i++) {
		const struct policy_rule *rule = &meaning->policy->rules[i];
		if (!rule->publish)
			continue;
		uint32_t here = decided_by(meaning, i);
		uint32_t hidden =
		    diagram_and(d, here, masquerade_published(meaning, rule));
		uint32_t here6 = diagram_and(d, here, ipv6);
		carriage = carry(d, here, MEANING_PACKETS, carriage);
		carriage = carry(d, hidden, MEANING_MASQUERADED, carriage);
		carriage = carry(d, diagram_minus(d, here6, hidden),
		    MEANING_PACKETS | CARRIAGE_IPV6, carriage);
		carriage = carry(d, diagram_and(d, here6, hidden),
		    MEANING_MASQUERADED | CARRIAGE_IPV6, carriage);
	}
	return carriage;
}

static uint32_t
find_carriage(struct meaning *meaning)
{
	struct diagram *d = &meaning->space->diagram;
	uint32_t open = diagram_apply(
	    d, settle_open, meaning, meaning->packets[0], DIAGRAM_EMPTY);
	uint32_t by_proxy = diagram_or(d, open, allowed(meaning, false));
	uint32_t accepted = diagram_or(d, by_proxy, allowed(meaning, true));
	uint32_t carriage = carry_packets(meaning);

	carriage = carry(d, diagram_and(d, meaning->intercepted, by_proxy),
	    MEANING_PROXY, carriage);
	carriage = carry(d, diagram_and(d, meaning->explicit, accepted),
	    MEANING_PROXY, carriage);
	carriage = carry(d, meaning->dialled, MEANING_PROXY, carriage);
	carriage = carry(d, diagram_and(d, meaning->uncarried, open),
	    MEANING_NEEDS_PROXY, carriage);
	carriage = carry(d, diagram_and(d, meaning->listened, accepted),
	    MEANING_LISTENER, carriage);
	carriage = carry(d, meaning->unserved, MEANING_UNSERVED, carriage);
	return carry(d, meaning->no_zone, MEANING_NO_ZONE, carriage);
}

static bool
settle_outcome(void *context, uint32_t list, uint32_t carriage, uint32_t *ret)
{
	(void)context;
	if (!diagram_is_terminal(list) || !diagram_is_terminal(carriage))
		return false;
	*ret = list == DIAGRAM_NOWHERE
		   ? list
		   : terminal((size_t)diagram_value(list) * CARRIAGES +
			      diagram_value(carriage));
	return true;
}

/* What packets report, and no rule behind it. */
static bool
settle_alone(void *context, uint32_t packets, uint32_t unused, uint32_t *ret)
{
	struct meaning *meaning = context;
	const struct meaning_reported *at;

	if (!diagram_is_terminal(packets))
		return false;
	*ret = terminal(0);
	at = reported_at(meaning, packets);
	if (at != NULL) {
		size_t rule = at->rule;
		(void)settle_alone(context, at->then, unused, ret);
		*ret = report_before(meaning, rule, *ret);
	}
	return true;
}

/*
 * Where no rule counts, all rules are one; what was refused before the list is
 * not reported either.
 */
static uint32_t
ruled(struct meaning *meaning, uint32_t carriage)
{
	struct diagram *d = &meaning->space->diagram;
	uint32_t list = meaning->lists[0];
	uint32_t alone = diagram_apply(
	    d, settle_alone, meaning, meaning->packets[0], DIAGRAM_EMPTY);

	for (unsigned how = MEANING_NEEDS_PROXY; how < MEANING_CARRIAGE_COUNT;
	     how++) {
		bool seen =
		    how == MEANING_NEEDS_PROXY || how == MEANING_LISTENER;
		uint32_t here = diagram_is(d, carriage, terminal(how));
		list = diagram_over(d,
		    diagram_where(d, here, seen ? alone : terminal(0)), list);
	}
	return list;
}

uint32_t
meaning_outcomes(struct meaning *meaning)
{
	struct diagram *d = &meaning->space->diagram;
	uint32_t carriage = find_carriage(meaning);

	return diagram_apply(
	    d, settle_outcome, NULL, ruled(meaning, carriage), carriage);
}

void
meaning_outcome_reports(const struct meaning *meaning,
    const struct meaning_outcome *outcome,
    void (*each)(void *context, const struct policy_rule *rule), void *context)
{
	const struct meaning_reported *at;

	for (uint32_t value = outcome->list;
	     (at = reported_at(meaning, value)) != NULL; value = at->then)
		if (meaning->policy->rules[at->rule].log)
			each(context, &meaning->policy->rules[at->rule]);
}

static void
count_report(void *context, const struct policy_rule *rule)
{
	uint16_t *reports = context;

	reports[rule->verdict]++;
}

struct meaning_outcome
meaning_outcome(const struct meaning *meaning, uint32_t value)
{
	uint32_t number = diagram_value(value);
	struct meaning_outcome outcome = {
		.carriage = (enum meaning_carriage)(number % CARRIAGE_IPV6),
		.ipv6 = number % CARRIAGES >= CARRIAGE_IPV6,
		.list = terminal(number / CARRIAGES),
	};

	if (outcome.carriage < MEANING_NEEDS_PROXY)
		outcome.rule =
		    &meaning->policy
			 ->rules[meaning_decider(meaning, outcome.list)];
	meaning_outcome_reports(
	    meaning, &outcome, count_report, outcome.reports);
	return outcome;
}

void
meaning_outcome_forget_reports(
    const struct meaning *meaning, struct meaning_outcome *outcome)
{
	outcome->list = behind_reports(meaning, outcome->list);
	memset(outcome->reports, 0, sizeof(outcome->reports));
}

uint32_t
meaning_outcome_terminal(
    const struct meaning *meaning, const struct meaning_outcome *outcome)
{
	(void)meaning;
	return terminal((size_t)diagram_value(outcome->list) * CARRIAGES +
			(size_t)outcome->carriage +
			(outcome->ipv6 ? CARRIAGE_IPV6 : 0));
}

enum policy_verdict
meaning_verdict(const struct meaning_outcome *outcome)
{
	static const enum policy_verdict verdicts[MEANING_CARRIAGE_COUNT] = {
		[MEANING_NEEDS_PROXY] = POLICY_VERDICT_REJECT,
		[MEANING_LISTENER] = POLICY_VERDICT_ALLOW,
		[MEANING_UNSERVED] = POLICY_VERDICT_REJECT,
		[MEANING_NO_ZONE] = POLICY_VERDICT_DROP,
	};

	return outcome->rule != NULL ? outcome->rule->verdict
				     : verdicts[outcome->carriage];
}

static bool
is_same_target(const struct policy_rule *a, const struct policy_rule *b,
    bool ipv4, bool ipv6)
{
	if (a->publish != b->publish)
		return false;
	return !a->publish ||
	       (a->target_port == b->target_port &&
		   (!ipv4 || address_eq(a->target4, b->target4)) &&
		   (!ipv6 || address_eq(a->target6, b->target6)));
}

bool
meaning_is_limited(const struct policy_rule *rule)
{
	return rule->limit.count > 0 || rule->connections > 0;
}

bool
meaning_limit_same(const struct policy_rule *a, const struct policy_rule *b)
{
	return a->limit.count == b->limit.count &&
	       a->limit.seconds == b->limit.seconds &&
	       a->limit.burst == b->limit.burst &&
	       a->limit.per_source == b->limit.per_source &&
	       a->connections == b->connections &&
	       a->connections_per_source == b->connections_per_source;
}

bool
meaning_outcome_same(
    const struct meaning_outcome *a, const struct meaning_outcome *b)
{
	if (a->carriage != b->carriage ||
	    memcmp(a->reports, b->reports, sizeof(a->reports)) != 0)
		return false;
	if (a->rule == NULL || b->rule == NULL)
		return true;
	return a->rule->verdict == b->rule->verdict &&
	       a->rule->log == b->rule->log &&
	       meaning_limit_same(a->rule, b->rule) &&
	       (a->rule->publish != b->rule->publish
		       ? false
		       : is_same_target(a->rule, b->rule, !a->ipv6, a->ipv6));
}

bool
meaning_rule_same(const struct policy_rule *a, const struct policy_rule *b)
{
	return a->verdict == b->verdict && a->log == b->log &&
	       (!a->log || str_eq(a->label, b->label)) &&
	       !meaning_is_limited(a) && !meaning_is_limited(b) && !a->report &&
	       !b->report && is_same_target(a, b, true, true);
}
