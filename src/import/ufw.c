/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/ufw.h"

#include "import/iptables.h"
#include "import/range.h"
#include "import/service.h"
#include "import/words.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define TUPLE "### tuple ###"

/*
 * ufw lets five pass in 30 seconds and counts whom it refuses, too.  Four at
 * once and one in 30 seconds are five in 30 seconds at most.
 */
#define UFW_LIMIT " limit 2/m burst 4 per source"

static const struct {
	const char *word;
	enum import_action action;
} actions[] = {
	{ "allow", IMPORT_ACCEPT },
	{ "limit", IMPORT_ACCEPT },
	{ "deny", IMPORT_DROP },
	{ "reject", IMPORT_REJECT },
};

static const struct {
	const char *name, *chain, *part;
	enum import_hook hook;
	enum import_action policy;
} chains[] = {
	{ "DEFAULT_INPUT_POLICY=", "INPUT", "input", IMPORT_INPUT,
	    IMPORT_DROP },
	{ "DEFAULT_FORWARD_POLICY=", "FORWARD", "forward", IMPORT_FORWARD,
	    IMPORT_DROP },
	{ "DEFAULT_OUTPUT_POLICY=", "OUTPUT", "output", IMPORT_OUTPUT,
	    IMPORT_ACCEPT },
};

static const enum address_family families[] = { ADDRESS_IPV4, ADDRESS_IPV6 };

struct ufw_tuple {
	struct import_ruleset *rules;
	struct import_rule rule;
	enum import_hook hook;
	enum address_family family;
};

static struct import_chain *
chain_of(struct import_ruleset *rules, enum address_family family,
    enum import_hook hook)
{
	for (size_t i = 0; i < COUNT_OF(chains); i++) {
		struct str name = str_of(chains[i].chain);
		struct import_chain *chain;
		if (chains[i].hook != hook)
			continue;
		chain = import_chain_find(rules, family, STR("filter"), name);
		if (chain != NULL)
			return chain;
		chain = import_chain_get(rules, family, STR("filter"), name);
		if (chain != NULL) {
			chain->hook = hook;
			chain->policy = chains[i].policy;
		}
		return chain;
	}
	return NULL;
}

/* "ufw-user-input", and "ufw6-user-input" of IPv6 */
static struct str
name_of(struct import_ruleset *rules, enum address_family family,
    const char *which, enum import_hook hook)
{
	size_t i = 0;

	while (chains[i].hook != hook)
		i++;
	return import_words(rules->arena, "ufw%s-%s-%s",
	    family == ADDRESS_IPV6 ? "6" : "", which, chains[i].part);
}

static struct import_chain *
user_chain(struct import_ruleset *rules, enum address_family family,
    enum import_hook hook)
{
	return import_chain_get(
	    rules, family, STR("filter"), name_of(rules, family, "user", hook));
}

/* "allow", "deny_log", "route:limit_log-all" */
static bool
read_action(struct ufw_tuple *tuple, struct str word)
{
	struct str log = word, name = str_cut(&log, '_');

	if (str_starts(name, STR("route:"))) {
		tuple->hook = IMPORT_FORWARD;
		name = str_skip(name, strlen("route:"));
	}
	tuple->rule.log = log.at != NULL;
	for (size_t i = 0; i < COUNT_OF(actions); i++) {
		if (!str_is(name, actions[i].word))
			continue;
		tuple->rule.action = actions[i].action;
		if (str_is(name, "limit"))
			tuple->rule.limit = STR(UFW_LIMIT);
		return true;
	}
	return false;
}

static bool
add_ports(struct arena *arena, struct span_set *set, enum service_line line,
    struct str list)
{
	while (list.len > 0) {
		struct str last = str_cut(&list, ',');
		struct str first = str_cut(&last, ':');
		unsigned low, high;
		if (!service_port_find(first, &low))
			return false;
		high = low;
		if (last.at != NULL && !service_port_find(last, &high))
			return false;
		if (low <= high)
			*set = span_set_or(arena, *set,
			    span_set_one(arena, service_span(line, low, high)));
	}
	return true;
}

/* A port without a protocol is of TCP and of UDP. */
static void
read_service(struct ufw_tuple *tuple, struct str protocol, struct str ports)
{
	struct arena *arena = tuple->rules->arena;
	bool any = str_is(protocol, "any");
	struct span_set set = { 0 };
	bool good = true;
	unsigned number;

	if (str_is(ports, "any")) {
		if (any)
			return;
		good = service_protocol_find(protocol, &number);
		if (good)
			set = span_set_one(arena, service_of_protocol(number));
	} else {
		if (any || str_is(protocol, "tcp"))
			good &= add_ports(arena, &set, SERVICE_TCP, ports);
		if (any || str_is(protocol, "udp"))
			good &= add_ports(arena, &set, SERVICE_UDP, ports);
		good &= set.count > 0;
	}
	if (good)
		import_rule_service(tuple->rules, &tuple->rule, set, false);
	else
		import_rule_inexact(&tuple->rule, "no word for its ports");
}

static bool
read_address(struct str word, struct span *ret, enum address_family *ret_family)
{
	struct address_range range;

	if (!import_range_parse(word, &range))
		return false;
	*ret = span_of_range(&range);
	*ret_family = (enum address_family)range.first.family;
	return true;
}

/* "in", "out_eth0", "in_eth0!out_eth1" */
static void
read_direction(struct ufw_tuple *tuple, struct str word)
{
	while (word.len > 0) {
		struct str name = str_cut(&word, '!');
		struct str way = str_cut(&name, '_');
		bool in = str_is(way, "in");
		if (tuple->hook != IMPORT_FORWARD)
			tuple->hook = in ? IMPORT_INPUT : IMPORT_OUTPUT;
		if (name.len == 0)
			continue;
		if (in)
			import_rule_in(tuple->rules, &tuple->rule, name, false);
		else
			import_rule_out(
			    tuple->rules, &tuple->rule, name, false);
	}
}

static unsigned
hex_digit(char c)
{
	return ascii_is_digit(c) ? (unsigned)(c - '0')
				 : (unsigned)(ascii_lower(c) - 'a' + 10) & 15;
}

/* "comment=48656c6c6f" */
static struct str
read_comment(struct arena *arena, struct str hex)
{
	char *at = arena_alloc(arena, hex.len / 2 + 1);

	if (at == NULL)
		return STR("");
	for (size_t i = 0; i < hex.len / 2; i++)
		at[i] = (char)(hex_digit(hex.at[2 * i]) << 4 |
			       hex_digit(hex.at[2 * i + 1]));
	return (struct str){ at, hex.len / 2 };
}

/* ACTION PROTOCOL DPORT DST SPORT SRC [DAPP SAPP] [DIRECTION] [comment=] */
static bool
read_tuple(struct ufw_tuple *tuple, const struct import_wordlist *words)
{
	const struct str *word = words->at;
	enum address_family family = ADDRESS_NONE;
	struct span dst, src;
	size_t count = words->count;

	if (count < 6 || !read_address(word[3], &dst, &tuple->family) ||
	    !read_address(word[5], &src, &family) || family != tuple->family ||
	    !read_action(tuple, word[0]))
		return false;
	import_rule_dst(tuple->rules, &tuple->rule,
	    span_set_one(tuple->rules->arena, dst), false);
	import_rule_src(tuple->rules, &tuple->rule,
	    span_set_one(tuple->rules->arena, src), false);
	read_service(tuple, word[1], word[2]);
	if (!str_is(word[4], "any"))
		import_rule_inexact(
		    &tuple->rule, "ports of the source have no word");
	if (str_starts(word[count - 1], STR("comment="))) {
		tuple->rule.name = read_comment(tuple->rules->arena,
		    str_skip(word[count - 1], strlen("comment=")));
		count--;
	}
	if (count > 6)
		read_direction(tuple, word[count - 1]);
	return true;
}

static void
take_tuple(
    struct import_ruleset *rules, struct import_line *line, struct str text)
{
	struct ufw_tuple tuple = { .rules = rules,
		.hook = IMPORT_INPUT,
		.rule = import_rule_begin(line, ADDRESS_NONE) };
	struct import_wordlist words;

	import_wordlist_read(&words, rules->arena, text);
	if (!read_tuple(&tuple, &words)) {
		line->why = "it is no rule of ufw";
		return;
	}
	if (tuple.rule.limit.len > 0)
		line->why = "ufw counts those whom it refuses, too; this lets "
			    "no more pass in 30 seconds";
	rules->family4 |= tuple.family == ADDRESS_IPV4;
	rules->family6 |= tuple.family == ADDRESS_IPV6;
	import_rule_add(
	    rules, user_chain(rules, tuple.family, tuple.hook), &tuple.rule);
}

/* DEFAULT_INPUT_POLICY="DROP" */
static bool
take_default(struct import_ruleset *rules, const char *file, uint32_t number,
    struct str text)
{
	for (size_t i = 0; i < COUNT_OF(chains); i++) {
		struct str name = str_of(chains[i].name), value;
		if (!str_starts(text, name))
			continue;
		struct import_line *line =
		    import_line_add(rules, file, number, text);
		value = str_skip(text, name.len);
		for (size_t j = 0; j < 2; j++) {
			struct import_chain *chain =
			    chain_of(rules, families[j], chains[i].hook);
			if (chain == NULL)
				return true;
			chain->line = line;
			chain->policy =
			    memmem(value.at, value.len, "ACCEPT", 6) != NULL
				? IMPORT_ACCEPT
			    : memmem(value.at, value.len, "REJECT", 6) != NULL
				? IMPORT_REJECT
				: IMPORT_DROP;
		}
		return true;
	}
	return false;
}

static void
add_jump(struct import_ruleset *rules, struct import_chain *from,
    const struct import_chain *to)
{
	struct import_rule jump = import_rule_begin(NULL, to->family);

	jump.action = IMPORT_JUMP;
	jump.target = to->name;
	import_rule_add(rules, from, &jump);
}

/* Chains that ufw makes itself, and its rules jump to. */
static void
make_chains(struct import_ruleset *rules, enum address_family family)
{
	static const char *const logs[] = { "deny", "allow" };

	for (size_t i = 0; i < COUNT_OF(logs); i++)
		(void)import_chain_get(rules, family, STR("filter"),
		    import_words(rules->arena, "ufw%s-logging-%s",
			family == ADDRESS_IPV6 ? "6" : "", logs[i]));
	for (size_t i = 0; i < COUNT_OF(chains); i++) {
		(void)user_chain(rules, family, chains[i].hook);
		(void)import_chain_get(rules, family, STR("filter"),
		    name_of(rules, family, "skip-to-policy", chains[i].hook));
	}
}

static bool
has(struct str text, const char *words)
{
	return text.len > 0 &&
	       memmem(text.at, text.len, words, strlen(words)) != NULL;
}

static void
read_user(struct import_ruleset *rules, const char *file, struct str text)
{
	for (uint32_t number = 1; text.len > 0; number++) {
		struct str line = str_trim(str_cut(&text, '\n'));
		if (take_default(rules, file, number, line) ||
		    !str_starts(line, STR(TUPLE)))
			continue;
		struct import_line *one = import_line_add(
		    rules, file, number, str_skip(line, strlen(TUPLE) + 1));
		if (one != NULL)
			take_tuple(rules, one, one->text);
	}
}

void
import_ufw_read(struct import_ruleset *rules, const char *file, struct str text)
{
	bool four = has(text, ":ufw-before-") || has(text, ":ufw-after-");
	bool six = has(text, ":ufw6-before-") || has(text, ":ufw6-after-");

	for (size_t i = 0; i < 2; i++)
		make_chains(rules, families[i]);
	if ((four || six) && !has(text, TUPLE))
		import_iptables_read(
		    rules, file, text, six ? ADDRESS_IPV6 : ADDRESS_IPV4);
	else
		read_user(rules, file, text);
}

/* Whoever jumps there is as all others are in the end. */
static void
skip_to_policy(struct import_ruleset *rules, const struct import_chain *base)
{
	struct import_rule policy = import_rule_begin(base->line, base->family);
	struct import_chain *skip =
	    import_chain_find(rules, base->family, STR("filter"),
		name_of(rules, base->family, "skip-to-policy", base->hook));

	policy.action = base->policy;
	import_rule_add(rules, skip, &policy);
}

/* What stands before, what ufw was told, what stands after, the policy. */
static void
put_together(
    struct import_ruleset *rules, enum address_family family, size_t part)
{
	enum import_hook hook = chains[part].hook;
	struct import_chain *base = chain_of(rules, family, hook);
	struct import_chain *user = user_chain(rules, family, hook);
	struct import_chain *before = import_chain_find(rules, family,
	    STR("filter"), name_of(rules, family, "before", hook));
	struct import_chain *after = import_chain_find(rules, family,
	    STR("filter"), name_of(rules, family, "after", hook));

	if (base == NULL || user == NULL)
		return;
	if (before != NULL)
		add_jump(rules, before, user);
	add_jump(rules, base, before != NULL ? before : user);
	if (after != NULL)
		add_jump(rules, base, after);
	skip_to_policy(rules, base);
}

/* Each family has its three chains, if it has rules at all. */
void
import_ufw_finish(struct import_ruleset *rules)
{
	for (size_t i = 0; i < 2; i++) {
		bool any = families[i] == ADDRESS_IPV4 ? rules->family4
						       : rules->family6;
		if (!any || import_chain_find(rules, families[i], STR("filter"),
				name_of(rules, families[i], "user",
				    IMPORT_INPUT)) == NULL)
			continue;
		for (size_t part = 0; part < COUNT_OF(chains); part++)
			put_together(rules, families[i], part);
	}
}
