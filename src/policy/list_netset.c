/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/list_netset: an address, a prefix or a range a line.
 *
 * As FireHOL, Spamhaus and their like publish them: `192.0.2.0/24 ; SBL1`,
 * `# comment`, `192.0.2.1 - 192.0.2.9`.  A prefix with bits set behind its
 * length is taken as the prefix it lies in, which is what every other reader
 * of such lists does, and the list's report says so: in a policy it is an
 * error, because there somebody can mend it.
 */
#include "policy/list_line.h"

#include <errno.h>

static void
clear_bits(struct address *address, unsigned bits)
{
	for (unsigned i = 0; i < address_width(*address); i++) {
		unsigned kept = bits > i * 8 ? bits - i * 8 : 0;
		uint8_t host = (uint8_t)(kept >= 8 ? 0 : 0xff >> kept);
		address->bytes[i] &= (uint8_t)~host;
	}
}

/* `192.0.2.7/24` without its host bits, as text of a prefix. */
static int
parse_inside(struct str text, struct address_range *ret, const char **why)
{
	char prefix[2 * ADDRESS_TEXT_BYTES];
	struct str length = text;
	struct address inside;
	uint64_t bits;

	struct str base = str_cut(&length, '/');
	if (length.at == NULL || address_parse(base, &inside) < 0)
		return -EINVAL;
	/* An IPv4-mapped one counts its bits from elsewhere. */
	bool colon = str_find(base, ':') < base.len;
	if (colon != (inside.family == ADDRESS_IPV6) ||
	    str_number(length, colon ? 128 : 32, &bits) < 0)
		return -EINVAL;
	clear_bits(&inside, (unsigned)bits);
	(void)address_format(inside, prefix);
	struct text whole = TEXT_EMPTY;
	text_addf(&whole, "%s/%u", prefix, (unsigned)bits);
	int rc = address_range_parse(text_str(&whole), ret, why);
	text_fini(&whole);
	return rc;
}

/* `A - B` as `A-B`; false if it is longer than any range. */
static bool
without_blanks(struct str line, char ret[static ADDRESS_RANGE_TEXT_BYTES],
    struct str *ret_text)
{
	size_t len = 0;

	for (size_t i = 0; i < line.len; i++) {
		if (line.at[i] == ' ' || line.at[i] == '\t')
			continue;
		if (len == ADDRESS_RANGE_TEXT_BYTES)
			return false;
		ret[len++] = line.at[i];
	}
	*ret_text = (struct str){ ret, len };
	return true;
}

static int
parse(struct list_reader *reader, struct str line, struct address_range *ret)
{
	char joined[ADDRESS_RANGE_TEXT_BYTES];
	const char *unused;

	if (str_find(line, '-') < line.len &&
	    !without_blanks(line, joined, &line)) {
		reader->why = "a range is ADDRESS-ADDRESS";
		return -EINVAL;
	}
	if (address_range_parse(line, ret, &reader->why) == 0)
		return 0;
	if (parse_inside(line, ret, &unused) < 0)
		return -EINVAL;
	reader->host_bits = true;
	return 0;
}

enum list_line
list_netset_read(struct list_reader *reader, struct str line)
{
	struct address_range range;
	size_t mark = 0;

	while (mark < line.len && line.at[mark] != '#' && line.at[mark] != ';')
		mark++;
	line = str_trim((struct str){ line.at, mark });
	if (line.len == 0)
		return LIST_LINE_NOTHING;
	if (parse(reader, line, &range) < 0)
		return LIST_LINE_STRANGE;
	return address_set_add(&reader->group->addresses, &range) < 0
		   ? LIST_LINE_NO_MEMORY
		   : LIST_LINE_TAKEN;
}
