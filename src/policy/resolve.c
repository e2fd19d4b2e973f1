/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/resolve.h"

#include "policy/manual.h"

#include "base/vec.h"

#include <errno.h>

static bool
is_identifier(struct str name)
{
	if (name.len == 0 || !(ascii_is_alpha(name.at[0]) || name.at[0] == '_'))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];
		if (!ascii_is_alpha(c) && !ascii_is_digit(c) && c != '_' &&
		    c != '-')
			return false;
	}
	return true;
}

static size_t
name_max(enum symbol_kind kind)
{
	return kind == SYMBOL_ZONE ? POLICY_ZONE_NAME_MAX : POLICY_NAME_MAX;
}

static bool
may_be_named(struct resolver *resolver, const struct syntax_word *name,
    enum symbol_kind kind)
{
	struct report *report = resolver->report;

	if (policy_word_is_reserved(name->text))
		report_error(report, name->place,
		    "'%.*s' is a word of the language and cannot be a name",
		    STR_ARG(name->text));
	else if (!is_identifier(name->text))
		report_error(report, name->place,
		    "a name is made of letters, digits, '-' and '_', and "
		    "begins with a letter");
	else if (name->text.len > name_max(kind))
		report_error(report, name->place,
		    "the name of %s has at most %zu letters",
		    resolve_kind_words(kind), name_max(kind));
	else
		return true;
	report_see(report, MANUAL_FORM);
	return false;
}

static void
report_twice(struct resolver *resolver, const struct syntax_word *name,
    const struct symbol *first)
{
	report_error(resolver->report, name->place, "'%.*s' is already %s",
	    STR_ARG(name->text), resolve_kind_words(first->kind));
	report_see(resolver->report, MANUAL_FORM);
	if (resolver->report->kept)
		report_hint(resolver->report, "it is defined in line %u",
		    place_line(first->place).line);
}

static void
add_symbol(struct resolver *resolver, struct symbol *symbol)
{
	if (vec_room(&resolver->order, resolver->order_count,
		&resolver->order_room, sizeof(*resolver->order)) < 0 ||
	    map_put(&resolver->symbols, symbol->name, symbol) < 0) {
		resolver->rc = -ENOMEM;
		return;
	}
	resolver->order[resolver->order_count++] = symbol;
}

struct symbol *
resolve_define(struct resolver *resolver, const struct syntax_word *name,
    enum symbol_kind kind, bool built_in)
{
	struct symbol *symbol = resolve_find(resolver, name->text);

	if (!may_be_named(resolver, name, kind))
		return NULL;
	if (symbol != NULL && !symbol->built_in) {
		report_twice(resolver, name, symbol);
		return NULL;
	}
	bool known = symbol != NULL;
	if (!known)
		symbol = arena_new(resolver->arena, struct symbol);
	if (symbol == NULL)
		return NULL;
	*symbol = (struct symbol){ .kind = kind,
		.name = name->text,
		.place = name->place,
		.built_in = built_in };
	if (!known)
		add_symbol(resolver, symbol);
	return symbol;
}

struct symbol *
resolve_find(const struct resolver *resolver, struct str name)
{
	return map_get(&resolver->symbols, name);
}

const char *
resolve_kind_words(enum symbol_kind kind)
{
	static const char *const words[] = {
		[SYMBOL_ZONE] = "a zone",
		[SYMBOL_NAME] = "a name",
		[SYMBOL_LIST] = "a list",
		[SYMBOL_SERVICE] = "a service",
		[SYMBOL_HOURS] = "a set of hours",
		[SYMBOL_PARENT] = "a parent",
	};

	return words[kind];
}

/* What the word is instead of what was wanted; NULL: nothing known. */
static const char *
what_it_is(const struct resolver *resolver, struct str word)
{
	const struct symbol *symbol = resolve_find(resolver, word);
	struct address_range range;
	const char *why;

	if (symbol != NULL)
		return resolve_kind_words(symbol->kind);
	if (policy_word_is_reserved(word))
		return "a word of the language";
	return address_range_parse(word, &range, &why) == 0 ? "an address"
							    : NULL;
}

static bool
is_ascii(struct str word)
{
	for (size_t i = 0; i < word.len; i++)
		if ((uint8_t)word.at[i] >= 0x80)
			return false;
	return true;
}

/* A letter of another script may look the same as what was meant. */
void
resolve_hint_nearest(struct resolver *resolver, const struct nearest *nearest)
{
	if (nearest->best.at != NULL)
		report_hint(resolver->report, "did you mean '%.*s'?%s",
		    STR_ARG(nearest->best),
		    is_ascii(nearest->wanted)
			? ""
			: " What stands here has other letters than ASCII's");
}

void
resolve_unknown(struct resolver *resolver, const struct syntax_word *word,
    const char *wanted, unsigned kinds)
{
	const char *other = what_it_is(resolver, word->text);
	struct nearest nearest;

	if (other != NULL) {
		report_error(resolver->report, word->place,
		    "expected %s, but '%.*s' is %s", wanted,
		    STR_ARG(word->text), other);
		return;
	}
	report_error(resolver->report, word->place, "no %s is called '%.*s'",
	    str_starts(str_of(wanted), STR("a ")) ? wanted + 2 : wanted,
	    STR_ARG(word->text));
	nearest_begin(&nearest, word->text);
	for (size_t i = 0; resolver->report->kept && i < resolver->order_count;
	     i++)
		if ((kinds >> resolver->order[i]->kind & 1) != 0)
			nearest_offer(&nearest, resolver->order[i]->name);
	resolve_hint_nearest(resolver, &nearest);
}

struct policy_group *
resolve_group(struct resolver *resolver)
{
	struct policy_group *group =
	    arena_new(resolver->arena, struct policy_group);

	if (group == NULL)
		return NULL;
	group->older = resolver->policy->newest;
	resolver->policy->newest = group;
	return group;
}

bool
resolve_zones(
    struct resolver *resolver, const struct syntax_word *words, uint64_t *ret)
{
	bool good = true;

	*ret = 0;
	for (; words != NULL; words = words->next) {
		const struct symbol *symbol =
		    resolve_find(resolver, words->text);
		if (symbol != NULL && symbol->kind == SYMBOL_ZONE) {
			*ret |= policy_zone_bit(symbol->zone);
			continue;
		}
		resolve_unknown(resolver, words, "a zone", 1u << SYMBOL_ZONE);
		good = false;
	}
	return good;
}

static bool
is_url(struct str word)
{
	size_t colon = str_find(word, ':');

	return str_starts(str_skip(word, colon), STR("://"));
}

static bool
is_hex_letter(char c)
{
	return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* fd00::1 begins like a word: letters count when a colon stands behind. */
bool
resolve_looks_like_address(struct str word)
{
	bool digit = false, letter = false;

	for (size_t i = 0; i < word.len; i++) {
		char c = word.at[i];
		if (c == ':')
			return !is_url(word);
		if (!ascii_is_digit(c) && !is_hex_letter(c) && c != '.' &&
		    c != '/' && c != '-')
			return false;
		digit |= ascii_is_digit(c);
		letter |= is_hex_letter(c);
	}
	return digit && !letter;
}

/* The prefix that holds 10.0.0.1/8, which is written with bits behind it. */
static bool
find_whole_prefix(struct str word, struct address_range *ret)
{
	struct str bits = word, base = str_cut(&bits, '/');
	struct address address;
	uint64_t len;

	if (address_parse(base, &address) < 0 ||
	    str_number(bits, 8UL * address_width(address), &len) < 0)
		return false;
	for (unsigned i = 0; i < address_width(address); i++) {
		unsigned kept = len > i * 8UL ? (unsigned)len - i * 8 : 0;
		uint8_t host = (uint8_t)(kept >= 8 ? 0 : 0xff >> kept);
		ret->first.bytes[i] = address.bytes[i] & (uint8_t)~host;
		ret->last.bytes[i] = address.bytes[i] | host;
	}
	ret->first.family = ret->last.family = address.family;
	return true;
}

/* The length of 10.0.0.0/255.255.255.0; false: it is no such mask. */
static bool
find_mask(struct str word, struct str *ret_base, unsigned *ret_len)
{
	struct str mask = word, base = str_cut(&mask, '/');
	struct address address, bits;
	uint32_t value = 0;

	if (address_parse(base, &address) < 0 ||
	    address.family != ADDRESS_IPV4 || address_parse(mask, &bits) < 0 ||
	    bits.family != ADDRESS_IPV4)
		return false;
	for (unsigned i = 0; i < 4; i++)
		value = value << 8 | bits.bytes[i];
	/* Ones, and then zeros: what is left behind them is a power of two. */
	uint32_t host = ~value;
	if ((host & (host + 1)) != 0)
		return false;
	*ret_len = 0;
	for (; value != 0; value <<= 1)
		++*ret_len;
	*ret_base = base;
	return true;
}

static void
hint_address(struct resolver *resolver, struct str word)
{
	char text[ADDRESS_RANGE_TEXT_BYTES];
	struct address_range whole = { 0 };
	struct address_port with_port;
	struct str base;
	unsigned len;

	if (address_port_parse(word, &with_port) == 0)
		report_hint(resolver->report,
		    "a port is written behind the protocol: tcp %u",
		    with_port.port);
	else if (find_mask(word, &base, &len))
		report_hint(resolver->report, "did you mean %.*s/%u?",
		    STR_ARG(base), len);
	else if (find_whole_prefix(word, &whole))
		report_hint(resolver->report, "did you mean %s?",
		    address_range_format(&whole, text));
}

bool
resolve_range(struct resolver *resolver, const struct syntax_word *word,
    struct address_range *ret)
{
	const char *why;

	if (address_range_parse(word->text, ret, &why) == 0)
		return true;
	report_error(resolver->report, word->place, "%s", why);
	report_see(resolver->report, MANUAL_NAMES);
	hint_address(resolver, word->text);
	return false;
}

static bool
add_address(struct resolver *resolver, const struct syntax_word *word,
    struct policy_group *group)
{
	struct address_range range;

	if (!resolve_range(resolver, word, &range))
		return false;
	if (address_set_add(&group->addresses, &range) < 0)
		resolver->rc = -ENOMEM;
	return true;
}

/* `www.example.com:80`: true, and the name and the port. */
static bool
find_port(struct str word, struct str *ret_name, uint64_t *ret_port)
{
	struct str port = word;

	*ret_name = str_cut(&port, ':');
	return port.at != NULL && str_number(port, UINT16_MAX, ret_port) == 0 &&
	       *ret_port > 0;
}

static void
report_no_domain(
    struct resolver *resolver, const struct syntax_word *word, const char *why)
{
	struct str name;
	uint64_t port;

	report_error(resolver->report, word->place, "%s", why);
	report_see(resolver->report, MANUAL_NAMES);
	if (find_port(word->text, &name, &port))
		report_hint(resolver->report,
		    "a port is written behind the protocol: %.*s tcp %u",
		    STR_ARG(name), (unsigned)port);
}

static bool
add_domain(struct resolver *resolver, const struct syntax_word *word,
    struct policy_group *group)
{
	char name[DOMAIN_NAME_MAX + 1];
	enum domain_cover cover;
	struct str parsed;
	const char *why;

	if (is_url(word->text)) {
		report_error(resolver->report, word->place,
		    "a rule holds for a host's name, not for a URL");
		report_hint(resolver->report,
		    "write the name alone; the rest are conditions: "
		    "www.example.com tcp 80 path \"/a/*\"");
		return false;
	}
	if (domain_name_parse(word->text, name, &parsed, &cover, &why) < 0) {
		report_no_domain(resolver, word, why);
		return false;
	}
	if (domain_set_add(&group->domains, parsed, cover) < 0)
		resolver->rc = -ENOMEM;
	return true;
}

bool
resolve_literal(struct resolver *resolver, const struct syntax_word *word,
    struct policy_group *group)
{
	return resolve_looks_like_address(word->text)
		   ? add_address(resolver, word, group)
		   : add_domain(resolver, word, group);
}
