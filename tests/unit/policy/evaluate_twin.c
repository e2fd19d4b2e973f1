/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A second evaluator, made of nothing but the meaning of a policy, against
 * policy/evaluate.
 *
 * The world is small: a few sources, destinations, services, names, methods
 * and paths.  Each word of a rule is a row that says which of them it holds.
 * Of a flow at a phase the twin tries every completion: each fact that is not
 * known takes each value, or none where there may be none.  It knows no might:
 *
 *	a rule matches in no completion, in some, or in all of them
 *
 * and that is what no, might and yes must mean.  From there the walk is the
 * one of the design: first yes decides; a might decides if every verdict still
 * possible from there on is the same one, with the same logging, translation
 * and `direct`; else the flow goes on.
 *
 * Compared are, for random policies and flows:
 *
 *	1. policy_evaluate at every phase that the flow can reach: decided or
 *	   not, verdict, rule;
 *	2. policy_decide: verdict, rule, phase, reason;
 *	3. early means equal: where a phase decides, the first rule that matches
 *	   has the decided outcome in every completion.  This one asks nothing of
 *	   the walk, so it would find a mistake that both have.
 *
 * That a phase is undecided although all completions agree is not an error:
 * the walk looks at one rule at a time.  No rule here holds of every value of
 * a fact without saying `any`, for the evaluator knows values by their names
 * and does not add them up.
 *
 * GATEHOUSE_TWIN_PAIRS is how many pairs are tried, GATEHOUSE_TWIN_SEED where
 * the random numbers begin.
 */
#include "policy/evaluate.h"

#include "memory.h"

#include <stdlib.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define FLOWS_EACH      50
#define RULES_MAX       8

enum {
	LAN,
	GUEST,
	WAN,
	ZONES
};

/* The world.  Of names, methods and paths the last one is "there is none". */
static const struct {
	const char *address; /* NULL: the gateway itself */
	uint8_t zone;
} sources[] = {
	{ "10.0.0.4", LAN },
	{ "10.0.0.5", LAN },
	{ "10.0.9.4", GUEST },
	{ "203.0.113.9", WAN },
	{ "2001:db8::9", WAN },
	{ NULL, ZONE_SELF },
};

static const struct {
	const char *address; /* NULL: one that the policy does not hold */
	uint8_t zone, own;
} destinations[] = {
	{ "10.0.0.7", LAN, ZONE_NONE },
	{ "10.0.0.200", LAN, ZONE_NONE },
	{ "10.0.9.7", GUEST, ZONE_NONE },
	{ "203.0.113.80", WAN, ZONE_NONE },
	{ "203.0.113.66", WAN, ZONE_NONE },
	{ "10.0.0.1", ZONE_SELF, LAN },
	{ "203.0.113.1", ZONE_SELF, WAN },
	{ "2001:db8::1", ZONE_SELF, WAN },
	{ NULL, WAN, ZONE_NONE },
};

static const struct {
	enum policy_protocol protocol;
	uint16_t port;
} services[] = {
	{ POLICY_PROTOCOL_TCP, 80 },
	{ POLICY_PROTOCOL_TCP, 443 },
	{ POLICY_PROTOCOL_TCP, 8080 },
	{ POLICY_PROTOCOL_UDP, 443 },
	{ POLICY_PROTOCOL_UDP, 5000 },
	{ POLICY_PROTOCOL_ICMP, 0 }, /* echo-request */
	{ POLICY_PROTOCOL_ICMP, 1 },
	{ POLICY_PROTOCOL_GRE, 0 },
};

static const char *const names[] = { "example.com", "www.example.com",
	"a.www.example.com", "ads.example.net", "notexample.com", NULL };
static const char *const methods[] = { "GET", "POST", "CONNECT", NULL };
static const char *const paths[] = { "/", "/admin/users", "/admin", NULL };

/* Words of rules, and which rows of the world they hold, as bits. */
#define BIT(i) (1u << (i))

static const struct word {
	const char *word;
	uint32_t holds;
	uint32_t names; /* of destinations: those that it holds by name */
} from_words[] = {
	{ "any", 0x3f, 0 },
	{ "lan", 0x03, 0 },
	{ "guest", 0x04, 0 },
	{ "wan", 0x18, 0 },
	{ "self", 0x20, 0 },
	{ "10.0.0.5", 0x02, 0 },
	{ "10.0.0.0-10.0.9.255", 0x07, 0 },
	{ "boss", 0x12, 0 },
}, to_words[] = {
	{ "any", 0x1ff, 0 },
	{ "lan", 0x03, 0 },
	{ "guest", 0x04, 0 },
	{ "wan", 0x118, 0 },
	{ "self", 0xe0, 0 },
	{ "10.0.0.200", 0x02, 0 },
	{ "203.0.113.64/26", 0x18, 0 },
	{ "example.com", 0, 0x01 },
	{ "*.example.com", 0, 0x06 },
	{ ".www.example.com", 0, 0x06 },
	{ "ads.example.net", 0, 0x08 },
	{ "both", 0x12, 0x09 },
}, service_words[] = {
	{ "tcp", 0x07, 0 },
	{ "tcp 80", 0x01, 0 },
	{ "tcp 80-443", 0x03, 0 },
	{ "web", 0x0b, 0 },
	{ "udp", 0x18, 0 },
	{ "udp 443", 0x08, 0 },
	{ "icmp", 0x60, 0 },
	{ "icmp echo-request", 0x20, 0 },
	{ "gre", 0x80, 0 },
}, method_words[] = {
	{ "GET", 0x1, 0 },
	{ "POST", 0x2, 0 },
	{ "CONNECT", 0x4, 0 },
}, path_words[] = {
	{ "\"/\"", 0x1, 0 },
	{ "\"/admin*\"", 0x6, 0 },
	{ "\"/admin/*\"", 0x2, 0 },
	{ "\"*\"", 0x7, 0 },
}, own_words[] = {
	{ "lan", 0x20, 0 },
	{ "wan", 0x40, 0 }, /* published to IPv4 only */
};

/* What a fact can be, as bits of its rows; all at once is one completion. */
struct values {
	uint32_t destination, service, name, method, path;
};

struct twin_rule {
	enum policy_verdict verdict;
	bool publish, log, direct;
	uint32_t from;
	struct values to; /* `name`: opened by these */
};

struct twin {
	struct twin_rule rules[RULES_MAX + 1];
	size_t count;
	struct text text;
	uint64_t random;
};

static uint32_t
below(struct twin *twin, uint32_t bound)
{
	twin->random ^= twin->random << 13;
	twin->random ^= twin->random >> 7;
	twin->random ^= twin->random << 17;
	return (uint32_t)(twin->random >> 32) % bound;
}

static bool
one_in(struct twin *twin, uint32_t bound)
{
	return below(twin, bound) == 0;
}

/* Writes one to three words and returns what they hold. */
static struct word
some_words(struct twin *twin, const struct word *words, size_t count)
{
	size_t n = 1 + (one_in(twin, 3) ? below(twin, 3) : 0);
	struct word all = { 0 };

	for (size_t i = 0; i < n; i++) {
		const struct word *one = &words[below(twin, (uint32_t)count)];
		text_addf(&twin->text, "%s%s", i > 0 ? ", " : "", one->word);
		all.holds |= one->holds;
		all.names |= one->names;
	}
	return all;
}

#define SOME(twin, words) some_words(twin, words, COUNT_OF(words))

static void
write_options(struct twin *twin, struct twin_rule *rule)
{
	rule->log = one_in(twin, 5);
	rule->direct = rule->verdict == POLICY_VERDICT_ALLOW && one_in(twin, 6);
	if (rule->log)
		text_addz(&twin->text, " log");
	if (rule->direct && !rule->publish)
		text_addz(&twin->text, " direct");
	rule->direct = rule->direct && !rule->publish;
	text_addc(&twin->text, '\n');
}

static void
write_publish(struct twin *twin, struct twin_rule *rule)
{
	*rule = (struct twin_rule){ .verdict = POLICY_VERDICT_ALLOW,
		.publish = true,
		.from = 0x1f,
		.to = { .service = 0x01, .method = 0xf, .path = 0xf } };
	text_addz(&twin->text, "publish ");
	rule->to.destination = SOME(twin, own_words).holds;
	text_addz(&twin->text, " tcp 80 -> 10.0.0.7");
}

static void
write_filter(struct twin *twin, struct twin_rule *rule)
{
	*rule =
	    (struct twin_rule){ .verdict = (enum policy_verdict)below(twin, 3),
		    .to = { .service = 0xff, .method = 0xf, .path = 0xf } };
	text_addf(&twin->text, "%s ", policy_verdict_word(rule->verdict));
	rule->from = SOME(twin, from_words).holds;
	text_addz(&twin->text, " -> ");
	struct word to = SOME(twin, to_words);
	rule->to.destination = to.holds;
	rule->to.name = to.names;
	text_addc(&twin->text, ' ');
	if (!one_in(twin, 3))
		rule->to.service = SOME(twin, service_words).holds;
	if (one_in(twin, 5)) {
		text_addz(&twin->text, " method ");
		rule->to.method = SOME(twin, method_words).holds;
	}
	if (one_in(twin, 5)) {
		text_addz(&twin->text, " path ");
		rule->to.path = SOME(twin, path_words).holds;
	}
}

static const char head[] =
    "zone lan = int0 10.0.0.0/24\nzone guest = int1 10.0.9.0/24\n"
    "zone wan = ext0\nname boss = { 10.0.0.5, 2001:db8::9 }\n"
    "name both = { example.com, 203.0.113.66, ads.example.net, 10.0.0.200 }\n"
    "service web = { tcp 80, tcp 443, udp 443 }\n";
#define HEAD_LINES 6

static struct policy *
write_policy(struct twin *twin)
{
	text_clear(&twin->text);
	text_addz(&twin->text, head);
	twin->count = 1 + below(twin, RULES_MAX);
	for (size_t i = 0; i < twin->count; i++) {
		struct twin_rule *rule = &twin->rules[i];
		if (one_in(twin, 10))
			write_publish(twin, rule);
		else
			write_filter(twin, rule);
		write_options(twin, rule);
	}
	/* The built-in last rule. */
	twin->rules[twin->count++] =
	    (struct twin_rule){ .verdict = POLICY_VERDICT_DROP,
		    .log = true,
		    .from = 0x3f,
		    .to = { 0x1ff, 0xff, 0, 0xf, 0xf } };
	text_addz(&twin->text, "");
	return memory_policy(twin->text.at);
}

static bool
same_outcome(const struct twin_rule *a, const struct twin_rule *b)
{
	return a == b ||
	       (a->verdict == b->verdict && !a->log && !b->log && !a->publish &&
		   !b->publish && a->direct == b->direct);
}

/* The rows of a flow, as its facts would be if all were known. */
struct truth {
	uint32_t source, destination, service, name, method, path;
};

static enum flow_known
some_knowledge(struct twin *twin, bool may_be_absent)
{
	if (!one_in(twin, 4))
		return FLOW_KNOWN;
	return may_be_absent && one_in(twin, 2) ? FLOW_ABSENT : FLOW_NOT_GIVEN;
}

static struct address
address_of(const char *text)
{
	struct address address = { 0 };

	if (text != NULL)
		assert_int_equal(address_parse(str_of(text), &address), 0);
	return address;
}

static void
set_known(struct twin *twin, struct flow *flow, const struct truth *truth)
{
	const char *const values[] = { names[truth->name],
		methods[truth->method], paths[truth->path] };

	flow->known[POLICY_FACT_SOURCE] = FLOW_KNOWN;
	flow->known[POLICY_FACT_DESTINATION] =
	    (uint8_t)some_knowledge(twin, false);
	flow->known[POLICY_FACT_SERVICE] = (uint8_t)some_knowledge(twin, false);
	for (unsigned i = 0; i < 3; i++)
		flow->known[POLICY_FACT_NAME + i] =
		    (uint8_t)(values[i] == NULL ? FLOW_ABSENT
						: some_knowledge(twin, true));
	flow->name = str_of(values[0]);
	flow->method = str_of(values[1]);
	flow->path = str_of(values[2]);
}

static struct flow
some_flow(struct twin *twin, struct truth *truth)
{
	static const enum policy_phase first_last[] = { POLICY_PHASE_PACKET,
		POLICY_PHASE_PACKET, POLICY_PHASE_NAME, POLICY_PHASE_REQUEST };
	struct flow flow = { .way = (enum flow_way)below(twin, 4) };

	*truth = (struct truth){ below(twin, COUNT_OF(sources)),
		below(twin, COUNT_OF(destinations)),
		below(twin, COUNT_OF(services)), below(twin, COUNT_OF(names)),
		below(twin, COUNT_OF(methods)), below(twin, COUNT_OF(paths)) };
	flow.last = first_last[flow.way];
	if (flow.last > POLICY_PHASE_PACKET)
		flow.last += below(twin, POLICY_PHASE_COUNT - flow.last);
	flow.spoofed = one_in(twin, 50);
	flow.from_zone = sources[truth->source].zone;
	flow.source = address_of(sources[truth->source].address);
	flow.to_zone = destinations[truth->destination].zone;
	flow.own_zone = destinations[truth->destination].own;
	flow.destination = address_of(destinations[truth->destination].address);
	flow.protocol = services[truth->service].protocol;
	flow.port = services[truth->service].port;
	set_known(twin, &flow, truth);
	flow.any_port = flow.known[POLICY_FACT_SERVICE] == FLOW_KNOWN &&
			flow.protocol != POLICY_PROTOCOL_GRE && one_in(twin, 8);
	return flow;
}

/* The phase in which the running gateway learns a fact. */
static enum policy_phase
learned(const struct flow *flow, enum policy_fact fact)
{
	if (fact == POLICY_FACT_METHOD || fact == POLICY_FACT_PATH)
		return POLICY_PHASE_REQUEST;
	if (fact == POLICY_FACT_NAME)
		return POLICY_PHASE_NAME;
	/* The packets of an explicit flow go to the proxy, whatever it asks. */
	return flow->way == FLOW_EXPLICIT ? POLICY_PHASE_NAME
					  : POLICY_PHASE_PACKET;
}

/* The rows that a fact may turn out to be; the last is none, if `can_lack`. */
static uint32_t
possible(const struct flow *flow, enum policy_phase phase,
    enum policy_fact fact, uint32_t row, size_t count, bool can_lack)
{
	uint32_t all = BIT(count) - 1, none = can_lack ? BIT(count - 1) : 0;
	enum policy_phase first = learned(flow, fact);

	if (flow->way == FLOW_PLAIN && first > POLICY_PHASE_PACKET)
		return none;
	/* What a connection carries is not seen on its first packet. */
	if (phase > POLICY_PHASE_PACKET && first > flow->last)
		return none;
	if (first > phase || flow->known[fact] == FLOW_NOT_GIVEN)
		return all;
	return flow->known[fact] == FLOW_ABSENT ? none : BIT(row);
}

static struct values
completions(
    const struct flow *flow, enum policy_phase phase, const struct truth *truth)
{
	struct values values = {
		possible(flow, phase, POLICY_FACT_DESTINATION,
		    truth->destination, COUNT_OF(destinations), false),
		possible(flow, phase, POLICY_FACT_SERVICE, truth->service,
		    COUNT_OF(services), false),
		possible(flow, phase, POLICY_FACT_NAME, truth->name,
		    COUNT_OF(names), true),
		possible(flow, phase, POLICY_FACT_METHOD, truth->method,
		    COUNT_OF(methods), true),
		possible(flow, phase, POLICY_FACT_PATH, truth->path,
		    COUNT_OF(paths), true),
	};

	if (flow->any_port && values.service == BIT(truth->service)) {
		values.service = 0;
		for (size_t i = 0; i < COUNT_OF(services); i++)
			if (services[i].protocol == flow->protocol)
				values.service |= BIT(i);
	}
	return values;
}

/* A name opens only what lives elsewhere; it may refuse anything. */
static bool
goes_to(const struct twin_rule *rule, uint32_t destination, uint32_t name)
{
	if ((rule->to.destination & BIT(destination)) != 0)
		return true;
	return (rule->to.name & BIT(name)) != 0 &&
	       (rule->verdict != POLICY_VERDICT_ALLOW ||
		   destinations[destination].zone == WAN);
}

/* What came of all completions, by rule. */
struct tally {
	uint32_t in_some, in_all; /* bits of rules */
	uint32_t first;           /* those that were the first to match */
};

/* Which rules match, for each value of each fact. */
struct columns {
	uint32_t source, to[16][8], service[8], method[4], path[4];
};

static void
fill_columns(const struct twin *twin, uint32_t source, struct columns *ret)
{
	*ret = (struct columns){ 0 };
	for (size_t r = 0; r < twin->count; r++) {
		const struct twin_rule *rule = &twin->rules[r];
		if ((rule->from & BIT(source)) != 0)
			ret->source |= BIT(r);
		for (uint32_t d = 0; d < COUNT_OF(destinations); d++)
			for (uint32_t n = 0; n < COUNT_OF(names); n++)
				if (goes_to(rule, d, n))
					ret->to[d][n] |= BIT(r);
		for (size_t i = 0; i < COUNT_OF(services); i++)
			ret->service[i] |= (rule->to.service >> i & 1) << r;
		for (size_t i = 0; i < COUNT_OF(methods); i++)
			ret->method[i] |= (rule->to.method >> i & 1) << r;
		for (size_t i = 0; i < COUNT_OF(paths); i++)
			ret->path[i] |= (rule->to.path >> i & 1) << r;
	}
}

static void
count_one(struct tally *tally, uint32_t matching)
{
	tally->in_some |= matching;
	tally->in_all &= matching;
	tally->first |= matching & -matching;
}

#define EACH(i, set, count)                                                    \
	for (size_t i = 0; i < (count); i++)                                   \
		if (((set) >> i & 1) != 0)

static struct tally
try_all(const struct columns *columns, const struct values *values)
{
	struct tally tally = { 0, UINT32_MAX, 0 };

	EACH(d, values->destination, COUNT_OF(destinations))
	EACH(n, values->name, COUNT_OF(names))
	EACH(s, values->service, COUNT_OF(services))
	EACH(m, values->method, COUNT_OF(methods))
	EACH(p, values->path, COUNT_OF(paths))
	count_one(&tally, columns->source & columns->to[d][n] &
			      columns->service[s] & columns->method[m] &
			      columns->path[p]);
	return tally;
}

/* The walk of the design; SIZE_MAX: on to the next phase. */
static size_t
walk(const struct twin *twin, const struct tally *tally)
{
	const struct twin_rule *might = NULL;

	for (size_t r = 0; r < twin->count; r++) {
		if ((tally->in_some >> r & 1) == 0)
			continue;
		if (might != NULL && !same_outcome(might, &twin->rules[r]))
			return SIZE_MAX;
		if ((tally->in_all >> r & 1) != 0)
			return r;
		if (might == NULL)
			might = &twin->rules[r];
	}
	return SIZE_MAX;
}

static void
mismatch(const struct twin *twin, const struct flow *flow,
    const struct truth *truth, enum policy_phase phase, const char *what)
{
	fail_msg("%s in phase %s\n%s"
		 "way %u last %u known %u%u%u%u%u%u any_port %d\n"
		 "source %u destination %u service %u name %u method %u "
		 "path %u",
	    what, policy_phase_word(phase), twin->text.at, flow->way,
	    flow->last, flow->known[0], flow->known[1], flow->known[2],
	    flow->known[3], flow->known[4], flow->known[5], flow->any_port,
	    truth->source, truth->destination, truth->service, truth->name,
	    truth->method, truth->path);
}

static bool
is_rule(const struct twin *twin, const struct policy_rule *rule, size_t r)
{
	uint32_t line = r + 1 == twin->count ? 0 : HEAD_LINES + (uint32_t)r + 1;

	return rule != NULL && rule->line == line;
}

/* The rule that decides at this phase, or SIZE_MAX. */
static size_t
compare_phase(const struct twin *twin, const struct policy *policy,
    const struct flow *flow, const struct truth *truth,
    const struct columns *columns, enum policy_phase phase)
{
	struct values values = completions(flow, phase, truth);
	struct tally tally = try_all(columns, &values);
	size_t wanted = walk(twin, &tally);
	struct policy_answer got = policy_evaluate(policy, flow, phase, NULL);

	if ((got.verdict == POLICY_VERDICT_UNDECIDED) != (wanted == SIZE_MAX))
		mismatch(twin, flow, truth, phase,
		    wanted == SIZE_MAX ? "decided too early" : "not decided");
	if (wanted == SIZE_MAX)
		return wanted;
	if (got.verdict != twin->rules[wanted].verdict ||
	    !is_rule(twin, got.rule, wanted))
		mismatch(twin, flow, truth, phase, "another rule");
	EACH(r, tally.first, twin->count)
	if (!same_outcome(&twin->rules[r], &twin->rules[wanted]))
		mismatch(twin, flow, truth, phase, "early is not equal");
	return wanted;
}

static void
compare_decision(const struct twin *twin, const struct policy *policy,
    const struct flow *flow, const struct truth *truth, size_t wanted,
    enum policy_phase phase)
{
	struct policy_answer got = policy_decide(policy, flow);
	enum policy_verdict verdict =
	    flow->spoofed                 ? POLICY_VERDICT_DROP
	    : wanted != SIZE_MAX          ? twin->rules[wanted].verdict
	    : flow->way == FLOW_UNCARRIED ? POLICY_VERDICT_REJECT
					  : POLICY_VERDICT_UNDECIDED;
	bool by_rule = wanted != SIZE_MAX && !flow->spoofed;

	if (got.verdict != verdict || got.phase != phase ||
	    (got.rule != NULL) != by_rule ||
	    (by_rule && !is_rule(twin, got.rule, wanted)) ||
	    (got.reason != NULL) !=
		(!by_rule && verdict != POLICY_VERDICT_UNDECIDED))
		mismatch(twin, flow, truth, phase, "another decision");
}

static void
compare(struct twin *twin, const struct policy *policy)
{
	struct columns columns;
	struct truth truth;
	struct flow flow = some_flow(twin, &truth);
	size_t wanted = SIZE_MAX;
	unsigned decided = POLICY_PHASE_PACKET;

	fill_columns(twin, truth.source, &columns);
	for (unsigned phase = 0; phase <= flow.last; phase++) {
		size_t one = compare_phase(twin, policy, &flow, &truth,
		    &columns, (enum policy_phase)phase);
		if (wanted != SIZE_MAX)
			continue;
		wanted = one;
		decided = phase;
	}
	if (flow.spoofed)
		decided = POLICY_PHASE_PACKET;
	compare_decision(
	    twin, policy, &flow, &truth, wanted, (enum policy_phase)decided);
}

static uint64_t
number_of(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static void
answers_are_equal(void **state)
{
	uint64_t pairs = number_of("GATEHOUSE_TWIN_PAIRS", 100000);
	struct twin twin = { .random =
				 number_of("GATEHOUSE_TWIN_SEED", 20261) | 1 };

	(void)state;
	for (uint64_t done = 0; done < pairs; done += FLOWS_EACH) {
		struct policy *policy = write_policy(&twin);
		for (unsigned i = 0; i < FLOWS_EACH; i++)
			compare(&twin, policy);
		policy_unref(policy);
	}
	text_fini(&twin.text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
