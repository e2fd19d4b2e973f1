/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/zones_learn: what the host told of its addresses and routes.
 */
#include "import/zones.h"

#include "import/range.h"
#include "import/words.h"

static size_t
bit_index(uint64_t bit)
{
	return (size_t)__builtin_ctzll(bit);
}

/* Of 10.0.0.0/8 and 2001:db8::/32 at most: what is more is no network. */
#define SPANS_MAX 4

static bool
is_of_a_network(struct span_set set)
{
	struct span_set four = span_set_family(ADDRESS_IPV4);

	for (size_t i = 0; i < set.count; i++) {
		struct span span = set.at[i];
		struct address first = span_to_range(span).first;
		if (address_is_local_scope(first) ||
		    address_is_local_scope(span_to_range(span).last))
			return false;
		if (span_set_covers(four, (struct span_set){ &span, 1 })
			? span.last.low - span.first.low > UINT64_C(0xffffff)
			: span.last.high - span.first.high >
			      UINT64_C(0xffffffff))
			return false;
	}
	return set.count > 0 && set.count <= SPANS_MAX;
}

/* What the host has told is not learned from its rules. */
void
import_zones_learn(
    struct import_ruleset *rules, size_t index, struct span_set set)
{
	struct import_interface *interface = &rules->interfaces[index];

	if (!interface->told && is_of_a_network(set))
		interface->behind =
		    span_set_or(rules->arena, interface->behind, set);
}

static void
learn_own(struct import_ruleset *rules, struct str text)
{
	struct str base = str_cut(&text, '/');
	struct address_range range;

	if (address_parse(base, &range.first) < 0)
		return;
	range.last = range.first;
	rules->own = span_set_or(rules->arena, rules->own,
	    span_set_one(rules->arena, span_of_range(&range)));
}

static void
learn_address(struct import_ruleset *rules, struct str device, struct str text)
{
	uint64_t bit = import_interface_bit(rules, device);
	struct str length = text, base = str_cut(&length, '/');
	struct address address;
	struct address_range range;
	uint64_t bits;

	if (bit == 0 || bit == BOX_LOOPBACK ||
	    address_parse(base, &address) < 0 ||
	    address_is_local_scope(address))
		return;
	if (length.at == NULL || str_number(length, 128, &bits) < 0 ||
	    bits > address_width(address) * 8)
		bits = address_width(address) * 8;
	bits = address_width(address) * 8 - bits;
	range.first = import_address_fill(address, (unsigned)bits, false);
	range.last = import_address_fill(address, (unsigned)bits, true);
	import_zones_learn(rules, bit_index(bit),
	    span_set_one(rules->arena, span_of_range(&range)));
}

/* The word behind this one. */
static struct str
word_after(const struct import_wordlist *words, const char *word)
{
	for (size_t i = 0; i + 1 < words->count; i++)
		if (str_is(words->at[i], word))
			return words->at[i + 1];
	return (struct str){ 0 };
}

static void
read_route(struct import_ruleset *rules, const struct import_wordlist *words)
{
	struct str device = word_after(words, "dev");
	uint64_t bit;

	if (device.len == 0)
		return;
	if (!str_is(words->at[0], "default")) {
		learn_address(rules, device, words->at[0]);
		return;
	}
	bit = import_interface_bit(rules, device);
	if (bit != 0 && bit != BOX_LOOPBACK)
		rules->outside |= bit;
}

/* "2: eth0@if3: <BROADCAST> ..." and "2: eth0    inet 192.0.2.1/24 ..." */
static struct str
read_head(const struct import_wordlist *words)
{
	struct str device = words->at[1];

	device.len = str_find(device, '@');
	if (device.len > 0 && device.at[device.len - 1] == ':')
		device.len--;
	return device;
}

void
import_addresses_read(struct import_ruleset *rules, struct str text)
{
	struct str device = { 0 };
	struct import_wordlist words;

	while (text.len > 0) {
		struct str line = str_cut(&text, '\n'), address;
		import_wordlist_read(&words, rules->arena, line);
		if (words.count < 2)
			continue;
		if (str_ends(words.at[0], STR(":")) &&
		    ascii_is_digit(words.at[0].at[0]))
			device = read_head(&words);
		address = word_after(&words, "inet");
		if (address.at == NULL)
			address = word_after(&words, "inet6");
		if (address.at != NULL)
			learn_own(rules, address);
		if (address.at != NULL && device.len > 0)
			learn_address(rules, device, address);
		else if (word_after(&words, "dev").at != NULL)
			read_route(rules, &words);
	}
}
