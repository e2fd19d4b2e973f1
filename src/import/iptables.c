/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/iptables_impl.h"

#include "import/ipset.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *name;
	enum import_hook hook;
} hooks[] = {
	{ "PREROUTING", IMPORT_PREROUTING },
	{ "INPUT", IMPORT_INPUT },
	{ "FORWARD", IMPORT_FORWARD },
	{ "OUTPUT", IMPORT_OUTPUT },
	{ "POSTROUTING", IMPORT_POSTROUTING },
};

/* In the order in which the kernel asks them. */
static const struct {
	const char *name;
	int priority;
} tables[] = {
	{ "raw", -300 },
	{ "mangle", -150 },
	{ "nat", -100 },
	{ "filter", 0 },
	{ "security", 50 },
};

static const struct {
	const char *name;
	enum import_action action;
} targets[] = {
	{ "ACCEPT", IMPORT_ACCEPT },
	{ "DROP", IMPORT_DROP },
	{ "REJECT", IMPORT_REJECT },
	{ "RETURN", IMPORT_RETURN },
	{ "LOG", IMPORT_LOG },
	{ "NFLOG", IMPORT_LOG },
	{ "ULOG", IMPORT_LOG },
	{ "MASQUERADE", IMPORT_MASQUERADE },
	{ "SNAT", IMPORT_SNAT },
	{ "DNAT", IMPORT_DNAT },
	{ "REDIRECT", IMPORT_REDIRECT },
	{ "TCPMSS", IMPORT_CLAMP },
};

/* The next rule is asked behind these, and no policy has a word for them. */
static const char *const passing[] = { "MARK", "CONNMARK", "CONNSECMARK",
	"SECMARK", "CT", "NOTRACK", "TRACE", "SET", "DSCP", "TOS", "TTL", "HL",
	"CLASSIFY", "CHECKSUM", "AUDIT", "RATEEST", "TEE", "HMARK", "LED" };

struct iptables {
	struct import_ruleset *rules;
	const char *file;
	enum address_family family;
	struct str table;
};

static void
read_addresses_to(struct iptables_draft *draft, struct str text)
{
	struct address_port both;
	const char *why;

	if (address_range_parse(text, &draft->rule.to, &why) == 0)
		return;
	if (address_port_parse(text, &both) == 0) {
		draft->rule.to =
		    (struct address_range){ both.address, both.address };
		draft->rule.port_first = draft->rule.port_last = both.port;
		return;
	}
	draft->rule.lost = "a flow is published to one address, and one port "
			   "or the same ones";
}

static void
take_to(struct iptables_draft *draft, const struct str *values, bool negated)
{
	(void)negated;
	read_addresses_to(draft, values[0]);
	if (draft->rule.lost == NULL &&
	    !address_eq(draft->rule.to.first, draft->rule.to.last))
		draft->rule.lost = "several addresses take turns";
}

static void
take_prefix(
    struct iptables_draft *draft, const struct str *values, bool negated)
{
	(void)negated;
	if (draft->rule.name.len == 0)
		draft->rule.name = values[0];
}

static void
take_random(
    struct iptables_draft *draft, const struct str *values, bool negated)
{
	(void)draft, (void)values, (void)negated;
}

static void
take_ports_to(
    struct iptables_draft *draft, const struct str *values, bool negated)
{
	(void)values, (void)negated;
	draft->rule.lost = "the ports of a translation have no word";
}

static void
take_mss(struct iptables_draft *draft, const struct str *values, bool negated)
{
	(void)values, (void)negated;
	iptables_inexact(draft, "a size of segments has no word");
}

/* What no row names has no say in the verdict. */
static const struct iptables_option target_options[] = {
	{ "--reject-with", 1, take_random },
	{ "--log-prefix", 1, take_prefix },
	{ "--nflog-prefix", 1, take_prefix },
	{ "--to-destination", 1, take_to },
	{ "--to-source", 1, take_to },
	{ "--to-ports", 1, take_ports_to },
	{ "--set-mss", 1, take_mss },
	{ "--clamp-mss-to-pmtu", 0, take_random },
	{ "--random", 0, take_random },
	{ "--random-fully", 0, take_random },
};

const struct iptables_option *
iptables_target_find(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(target_options); i++)
		if (str_is(name, target_options[i].name))
			return &target_options[i];
	return NULL;
}

static bool
is_passing(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(passing); i++)
		if (str_is(name, passing[i]))
			return true;
	return false;
}

static void
set_target(struct iptables_draft *draft, struct str name, bool is_goto)
{
	struct import_rule *rule = &draft->rule;

	rule->target = name;
	for (size_t i = 0; i < COUNT_OF(targets); i++) {
		if (str_is(name, targets[i].name)) {
			rule->action = targets[i].action;
			return;
		}
	}
	if (import_chain_find(draft->rules, draft->family, draft->chain->table,
		name) != NULL) {
		rule->action = is_goto ? IMPORT_GOTO : IMPORT_JUMP;
		return;
	}
	rule->untracks |= str_is(name, "NOTRACK");
	iptables_inexact(draft, "no word for the target %.*s", STR_ARG(name));
	/* Where it is not known what comes of it, it is refused. */
	rule->action = is_passing(name) ? IMPORT_NOTHING : IMPORT_DROP;
}

/* "-s ! 10.0.0.0/8", as it was written until 2009. */
static bool
is_negated_behind(
    const struct iptables_option *option, const struct str *words, size_t count)
{
	return option != NULL && option->values > 0 && option->take != NULL &&
	       !str_is(words[0], "--comment") && count > 1 &&
	       str_is(words[1], "!");
}

/* The option and its values; the number of words that they are. */
static size_t
take_option(struct iptables_draft *draft, const struct str *words, size_t count,
    bool negated)
{
	const struct iptables_option *option = iptables_match_find(words[0]);
	bool behind = is_negated_behind(option, words, count);
	size_t more = 1;

	if (option == NULL)
		option = iptables_target_find(words[0]);
	if (option != NULL) {
		if (count <= option->values + behind)
			iptables_inexact(
			    draft, "%s lacks its value", option->name);
		else if (option->take != NULL)
			option->take(
			    draft, words + 1 + behind, negated != behind);
		return 1 + behind + option->values;
	}
	if (draft->rule.action != IMPORT_LOG)
		iptables_inexact(draft, "no word for %.*s", STR_ARG(words[0]));
	while (more < count && words[more].len > 0 &&
	       words[more].at[0] != '-' && !str_is(words[more], "!"))
		more++;
	return more;
}

static bool
is_target(struct str word, bool *ret_goto)
{
	*ret_goto = str_is(word, "-g") || str_is(word, "--goto");
	return *ret_goto || str_is(word, "-j") || str_is(word, "--jump");
}

static void
read_words(struct iptables_draft *draft, const struct import_wordlist *words)
{
	bool negated = false, is_goto;

	if (words->cut)
		iptables_inexact(draft, "the line has too many words");
	for (size_t i = 2; i < words->count;) {
		if (str_is(words->at[i], "!")) {
			negated = true;
			i++;
			continue;
		}
		if (is_target(words->at[i], &is_goto) && i + 1 < words->count) {
			set_target(draft, words->at[i + 1], is_goto);
			i += 2;
		} else {
			i += take_option(
			    draft, words->at + i, words->count - i, negated);
		}
		negated = false;
	}
}

/*
 * Chains of the kernel's own are there without a line of theirs.  What becomes
 * of the rest in one of the table filter is not known then: it is refused.
 */
static struct import_chain *
get_chain(const struct iptables *reader, struct str name)
{
	struct import_chain *chain = import_chain_get(
	    reader->rules, reader->family, reader->table, name);

	if (chain == NULL || chain->hook != IMPORT_HOOK_NONE)
		return chain;
	for (size_t i = 0; i < COUNT_OF(hooks); i++)
		if (str_is(name, hooks[i].name))
			chain->hook = hooks[i].hook;
	for (size_t i = 0; i < COUNT_OF(tables); i++)
		if (str_is(reader->table, tables[i].name))
			chain->priority = tables[i].priority;
	chain->nat = str_is(reader->table, "nat");
	if (chain->hook != IMPORT_HOOK_NONE && str_is(reader->table, "filter"))
		chain->policy = IMPORT_DROP;
	return chain;
}

static void
read_rule(const struct iptables *reader, const struct import_wordlist *words,
    struct import_line *line)
{
	struct iptables_draft draft = { .rules = reader->rules,
		.family = reader->family };

	draft.chain = get_chain(reader, words->at[1]);
	if (draft.chain == NULL)
		return;
	draft.rule = import_rule_begin(line, reader->family);
	read_words(&draft, words);
	iptables_amounts_settle(&draft);
	import_rule_add(reader->rules, draft.chain, &draft.rule);
}

/* ":INPUT DROP [0:0]", and "-P INPUT DROP" of `iptables -S` */
static void
read_chain(const struct iptables *reader, struct str name, struct str policy,
    struct import_line *line)
{
	struct import_chain *chain = get_chain(reader, name);

	if (chain == NULL)
		return;
	chain->policy = str_is(policy, "DROP") ? IMPORT_DROP : IMPORT_ACCEPT;
	if (chain->hook != IMPORT_HOOK_NONE)
		chain->line = line;
}

/* What no policy needs to say, or says by itself. */
static bool
is_plain(const struct iptables *reader, const struct import_wordlist *words)
{
	struct str head = words->at[0];

	if (head.at[0] == '*' || head.at[0] == '#' || str_is(head, "COMMIT"))
		return true;
	/* Chains of one's own, and those that let pass to the next table. */
	if (str_is(head, "-N"))
		return true;
	if (head.at[0] != ':' || words->count < 2)
		return false;
	return str_is(words->at[1], "-") || (!str_is(reader->table, "filter") &&
						str_is(words->at[1], "ACCEPT"));
}

/* The programs say at the top of what they write who they are. */
static enum address_family
family_of_header(struct str line)
{
	if (str_starts(line, STR("# Generated by ip6tables")))
		return ADDRESS_IPV6;
	if (str_starts(line, STR("# Generated by iptables")))
		return ADDRESS_IPV4;
	return ADDRESS_NONE;
}

static void
read_line(
    struct iptables *reader, struct str text, uint32_t number, bool chains)
{
	struct import_wordlist words;
	struct import_line *line = NULL;
	struct str head;

	/* "[12:3456] -A ..." has counters before it. */
	if (str_starts(text, STR("[")))
		text = str_trim(str_skip(text, str_find(text, ']') + 1));
	if (family_of_header(text) != ADDRESS_NONE)
		reader->family = family_of_header(text);
	import_wordlist_read(&words, reader->rules->arena, text);
	head = words.count > 0 ? words.at[0] : STR("");
	if (head.len == 0)
		return;
	if (head.at[0] == '*')
		reader->table = str_skip(head, 1);
	bool is_chain =
	    head.at[0] == ':' || str_is(head, "-N") || str_is(head, "-P");
	if (chains && str_is(head, "-A"))
		import_ipset_note(reader->rules, &words);
	if (chains != is_chain && head.at[0] != '*')
		return;
	if (!is_plain(reader, &words)) {
		line =
		    import_line_add(reader->rules, reader->file, number, text);
		if (line == NULL)
			return;
	}
	if (reader->family == ADDRESS_IPV6)
		reader->rules->family6 = true;
	else
		reader->rules->family4 = true;
	if (head.at[0] == ':' && words.count >= 2)
		read_chain(reader, str_skip(head, 1), words.at[1], line);
	else if (str_is(head, "-P") && words.count >= 3)
		read_chain(reader, words.at[1], words.at[2], line);
	else if (str_is(head, "-N") && words.count >= 2)
		(void)get_chain(reader, words.at[1]);
	else if (words.count >= 2 && str_is(head, "-A"))
		read_rule(reader, &words, line);
	else if (line != NULL)
		line->why = "it is no line of iptables-save";
}

/* Chains first: a jump is one only to a chain that there is. */
void
import_iptables_read(struct import_ruleset *rules, const char *file,
    struct str text, enum address_family family)
{
	for (int chains = 1; chains >= 0; chains--) {
		struct iptables reader = { rules, file, family, STR("filter") };
		struct str rest = text;
		for (uint32_t number = 1; rest.len > 0; number++)
			read_line(&reader, str_trim(str_cut(&rest, '\n')),
			    number, chains == 1);
	}
}

/* Words that only rules of IPv6 have. */
static bool
is_word6(struct str word)
{
	return str_is(word, "ipv6-icmp") || str_is(word, "icmpv6") ||
	       str_is(word, "icmp6") || str_is(word, "--icmpv6-type") ||
	       str_starts(word, STR("icmp6-"));
}

static enum address_family
family_of_words(const struct import_wordlist *words)
{
	for (size_t i = 1; i < words->count; i++) {
		struct str base = words->at[i];
		struct address address;
		if (is_word6(base))
			return ADDRESS_IPV6;
		base.len = str_find(base, '/');
		if (address_parse(base, &address) == 0)
			return (enum address_family)address.family;
	}
	return ADDRESS_NONE;
}

/* "rules.v6", "ip6tables.rules" */
static bool
is_name6(const char *name)
{
	static const char *const words[] = { "ip6", "ipv6", ".v6", "-v6", "_v6",
		"rules6" };

	for (size_t i = 0; name != NULL && i < COUNT_OF(words); i++)
		if (strstr(name, words[i]) != NULL)
			return true;
	return false;
}

enum address_family
import_iptables_family(struct arena *arena, const char *name, struct str text)
{
	struct import_wordlist words;
	const char *base = name != NULL ? strrchr(name, '/') : NULL;

	while (text.len > 0) {
		struct str line = str_trim(str_cut(&text, '\n'));
		enum address_family family = family_of_header(line);
		import_wordlist_read(&words, arena, line);
		if (family == ADDRESS_NONE && words.count > 0 &&
		    str_is(words.at[0], "-A"))
			family = family_of_words(&words);
		if (family != ADDRESS_NONE)
			return family;
	}
	return is_name6(base != NULL ? base : name) ? ADDRESS_IPV6
						    : ADDRESS_NONE;
}
