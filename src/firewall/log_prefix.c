/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/log_prefix.h"

#include <assert.h>
#include <errno.h>

/*
 * The longest record: verdict, line of up to six digits, two zones, reason and
 * name, with the blanks between them.
 */
#define VERDICT_BYTES_MAX 6
#define LINE_DIGITS_MAX   6
static_assert(VERDICT_BYTES_MAX + 1 + LINE_DIGITS_MAX + 1 +
		      POLICY_ZONE_NAME_MAX + 1 + POLICY_ZONE_NAME_MAX + 1 +
		      POLICY_REASON_WORD_MAX + 1 + POLICY_RULE_NAME_MAX <=
		  FIREWALL_LOG_PREFIX_BYTES_MAX,
    "a record of the longest parts fits into the kernel's prefix");

/*
 * nft ends a string at the quote and reads a variable behind a dollar, and
 * knows no escape for either.  Each has a stand-in of one byte, so that a name
 * keeps its length; the stand-ins are control bytes, which no name has.
 */
static const struct {
	char byte;
	char stand_in;
} stand_ins[] = {
	{ '"', '\x01' },
	{ '$', '\x02' },
};

#define STAND_IN_COUNT (sizeof(stand_ins) / sizeof(stand_ins[0]))

static bool
is_control(char c)
{
	return (uint8_t)c < 0x20 || c == 0x7f;
}

static bool
is_zone(struct str name)
{
	if (name.len == 0 || name.len > POLICY_ZONE_NAME_MAX ||
	    str_is(name, "-"))
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (is_control(name.at[i]) || name.at[i] == ' ' ||
		    name.at[i] == '"' || name.at[i] == '$')
			return false;
	return true;
}

static bool
is_rule_name(struct str name)
{
	if (name.len == 0 || name.len > POLICY_RULE_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (is_control(name.at[i]))
			return false;
	return true;
}

static bool
is_verdict(enum policy_verdict verdict)
{
	return verdict == POLICY_VERDICT_ALLOW ||
	       verdict == POLICY_VERDICT_REJECT ||
	       verdict == POLICY_VERDICT_DROP;
}

static bool
is_writable(const struct log_prefix *prefix)
{
	return is_verdict(prefix->verdict) &&
	       (unsigned)prefix->reason < POLICY_REASON_COUNT &&
	       (prefix->zone_from.at == NULL || is_zone(prefix->zone_from)) &&
	       (prefix->zone_to.at == NULL || is_zone(prefix->zone_to)) &&
	       (prefix->rule_name.at == NULL ||
		   is_rule_name(prefix->rule_name));
}

static char
stand_in_for(char c)
{
	for (size_t i = 0; i < STAND_IN_COUNT; i++)
		if (stand_ins[i].byte == c)
			return stand_ins[i].stand_in;
	return c;
}

/* False for a byte that log_prefix_write would have replaced. */
static bool
stood_for(char c, char *ret)
{
	*ret = c;
	for (size_t i = 0; i < STAND_IN_COUNT; i++) {
		if (stand_ins[i].byte == c)
			return false;
		if (stand_ins[i].stand_in == c)
			*ret = stand_ins[i].byte;
	}
	return true;
}

static struct str
zone_or_dash(struct str zone)
{
	return zone.at != NULL ? zone : STR("-");
}

static void
write_fields(const struct log_prefix *prefix, struct text *out)
{
	text_addz(out, policy_verdict_word(prefix->verdict));
	text_addf(out, " %u ", prefix->rule_line);
	text_add(out, zone_or_dash(prefix->zone_from));
	text_addc(out, ' ');
	text_add(out, zone_or_dash(prefix->zone_to));
	text_addc(out, ' ');
	text_addz(out, policy_reason_word(prefix->reason));
	if (prefix->rule_name.at == NULL)
		return;
	text_addc(out, ' ');
	for (size_t i = 0; i < prefix->rule_name.len; i++)
		text_addc(out, stand_in_for(prefix->rule_name.at[i]));
}

int
log_prefix_write(const struct log_prefix *prefix, struct text *out)
{
	size_t before = out->len;

	if (!is_writable(prefix))
		return -EINVAL;
	write_fields(prefix, out);
	if (out->full)
		return -ENOMEM;
	if (out->len - before > FIREWALL_LOG_PREFIX_BYTES_MAX) {
		out->len = before;
		out->at[before] = '\0';
		return -EMSGSIZE;
	}
	return 0;
}

static bool
parse_verdict(struct str word, enum policy_verdict *ret)
{
	return policy_verdict_find(word, ret) && is_verdict(*ret);
}

static bool
parse_line(struct str word, uint32_t *ret)
{
	uint64_t line;

	if (str_number(word, UINT32_MAX, &line) < 0)
		return false;
	*ret = (uint32_t)line;
	return true;
}

static bool
parse_zone(struct str word, struct str *ret)
{
	bool none = str_is(word, "-");

	*ret = none ? (struct str){ NULL, 0 } : word;
	return none || is_zone(word);
}

/* The rest of the record: nothing, or a blank was cut and a name follows. */
static bool
parse_name(struct str text, struct str rest, struct log_prefix *ret)
{
	if (rest.at == NULL) /* a blank with nothing behind it is not ours */
		return text.at[text.len - 1] != ' ';
	if (rest.len > sizeof(ret->name))
		return false;
	for (size_t i = 0; i < rest.len; i++)
		if (!stood_for(rest.at[i], &ret->name[i]))
			return false;
	ret->rule_name = (struct str){ ret->name, rest.len };
	return is_rule_name(ret->rule_name);
}

int
log_prefix_parse(struct str text, struct log_prefix *ret)
{
	struct str rest = text;

	*ret = (struct log_prefix){ 0 };
	if (text.len > FIREWALL_LOG_PREFIX_BYTES_MAX ||
	    !parse_verdict(str_cut(&rest, ' '), &ret->verdict) ||
	    !parse_line(str_cut(&rest, ' '), &ret->rule_line) ||
	    !parse_zone(str_cut(&rest, ' '), &ret->zone_from) ||
	    !parse_zone(str_cut(&rest, ' '), &ret->zone_to) ||
	    !policy_reason_find(str_cut(&rest, ' '), &ret->reason) ||
	    !parse_name(text, rest, ret))
		return -EBADMSG;
	return 0;
}
