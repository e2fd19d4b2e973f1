/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/list_rpz: response policy zones, as DNS servers exchange them.
 *
 * The form is that of a master file (RFC 1035, 5.1), the meaning that of
 * draft-vixie-dnsop-dns-rpz:
 *
 *	example.com      CNAME .              that name
 *	*.example.com    CNAME *.             the names under it
 *	ok.example.com   CNAME rpz-passthru.  takes it out again
 *	www.example.com  A 192.0.2.1          answered otherwise: refused here
 *
 * A name is relative to the zone: what `$ORIGIN` and the owner of the SOA
 * record say is taken off.  Rules about addresses and name servers (rpz-ip,
 * rpz-nsdname, ...), `rpz-tcp-only` and other records are skipped and counted.
 */
#include "policy/list_line.h"

#define FULL_NAME_MAX ((size_t)2 * DOMAIN_NAME_MAX)

enum record {
	RECORD_NONE,
	RECORD_ZONE, /* SOA, NS: about the zone itself */
	RECORD_SOA,
	RECORD_CNAME,
	RECORD_ADDRESS,
	RECORD_OTHER,
};

static enum record
record_of(struct str word)
{
	static const struct {
		struct str text;
		enum record record;
	} rows[] = {
		{ STR_INIT("CNAME"), RECORD_CNAME },
		{ STR_INIT("A"), RECORD_ADDRESS },
		{ STR_INIT("AAAA"), RECORD_ADDRESS },
		{ STR_INIT("SOA"), RECORD_SOA },
		{ STR_INIT("NS"), RECORD_ZONE },
		{ STR_INIT("TXT"), RECORD_OTHER },
		{ STR_INIT("MX"), RECORD_OTHER },
		{ STR_INIT("PTR"), RECORD_OTHER },
		{ STR_INIT("SRV"), RECORD_OTHER },
		{ STR_INIT("DNAME"), RECORD_OTHER },
		{ STR_INIT("HTTPS"), RECORD_OTHER },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (str_eq_nocase(word, rows[i].text))
			return rows[i].record;
	return RECORD_NONE;
}

/* A time to live (`300`, `1h30m`) or a class. */
static bool
is_ttl_or_class(struct str word)
{
	if (str_eq_nocase(word, STR("IN")) || str_eq_nocase(word, STR("CH")))
		return true;
	return word.len > 0 && ascii_is_digit(word.at[0]) &&
	       str_find(word, '.') == word.len;
}

/* The record's type; *line is left at what it holds. */
static enum record
take_type(struct str *line)
{
	struct str word = list_word(line);

	for (unsigned i = 0; i < 2 && is_ttl_or_class(word); i++)
		word = list_word(line);
	return record_of(word);
}

static bool
is_directive(struct str line)
{
	return str_starts(line, STR("$TTL")) ||
	       str_starts(line, STR("$ORIGIN")) ||
	       str_starts(line, STR("$INCLUDE")) ||
	       str_starts(line, STR("$GENERATE"));
}

bool
list_rpz_is(struct str line)
{
	if (is_directive(line))
		return true;
	struct str rest = list_without_comment(line, ";");
	(void)list_word(&rest);
	return take_type(&rest) != RECORD_NONE && str_trim(rest).len > 0;
}

static enum list_line
read_directive(struct list_reader *reader, struct str line)
{
	struct list_zone *zone = &reader->zone;
	struct str rest = list_without_comment(line, ";");
	struct str word = list_word(&rest), name = str_trim(rest);

	if (str_is(word, "$TTL"))
		return LIST_LINE_NOTHING;
	if (!str_is(word, "$ORIGIN")) {
		reader->why = "other files are not included from here";
		return LIST_LINE_STRANGE;
	}
	if (!str_ends(name, STR(".")) || name.len > DOMAIN_NAME_MAX) {
		reader->why = "an origin is a name that ends in a dot";
		return LIST_LINE_STRANGE;
	}
	zone->origin = (struct str){ name.at, name.len - 1 };
	if (zone->apex.at == NULL)
		zone->apex = zone->origin;
	return LIST_LINE_NOTHING;
}

/* The owner with its origin, without a final dot; empty if it is too long. */
static struct str
full_name(const struct list_zone *zone, char ret[static FULL_NAME_MAX])
{
	struct str owner = zone->owner, origin = zone->origin;
	bool whole = str_ends(owner, STR("."));

	if (str_is(owner, "@"))
		return origin;
	if (whole)
		return (struct str){ owner.at, owner.len - 1 };
	if (origin.len == 0)
		return owner;
	if (owner.len + 1 + origin.len > FULL_NAME_MAX)
		return (struct str){ NULL, 0 };
	memcpy(ret, owner.at, owner.len);
	ret[owner.len] = '.';
	memcpy(ret + owner.len + 1, origin.at, origin.len);
	return (struct str){ ret, owner.len + 1 + origin.len };
}

/* Takes the zone's own name off; false if the name is not in the zone. */
static bool
cut_apex(const struct list_zone *zone, struct str *name)
{
	struct str head = *name;

	if (zone->apex.len == 0)
		return true;
	if (head.len < zone->apex.len)
		return false;
	head.len -= zone->apex.len;
	if (!str_eq_nocase(str_skip(*name, head.len), zone->apex))
		return false;
	if (head.len > 0 && head.at[--head.len] != '.')
		return false;
	*name = head;
	return true;
}

static bool
is_other_trigger(struct str name)
{
	return str_ends(name, STR(".rpz-ip")) ||
	       str_ends(name, STR(".rpz-client-ip")) ||
	       str_ends(name, STR(".rpz-nsip")) ||
	       str_ends(name, STR(".rpz-nsdname"));
}

/* The old way to say passthru: a name that stands for itself. */
static bool
is_itself(struct str target, struct str name)
{
	return str_ends(target, STR(".")) &&
	       str_eq_nocase((struct str){ target.at, target.len - 1 }, name);
}

static enum list_line
read_rule(struct list_reader *reader, enum record record, struct str name,
    struct str rest)
{
	struct str target = list_word(&rest);

	if (record == RECORD_OTHER || is_other_trigger(name))
		return LIST_LINE_SKIPPED;
	if (record == RECORD_CNAME && str_is(target, "rpz-tcp-only."))
		return LIST_LINE_SKIPPED;
	if (record == RECORD_CNAME &&
	    (str_is(target, "rpz-passthru.") || is_itself(target, name)))
		return list_except_name(reader, name, DOMAIN_ITSELF);
	return list_take_name(reader, name, DOMAIN_ITSELF);
}

static void
count_open(struct list_zone *zone, struct str line)
{
	bool quoted = false;

	for (size_t i = 0; i < line.len; i++) {
		char c = line.at[i];
		quoted ^= c == '"';
		if (!quoted && c == '(')
			zone->open++;
		if (!quoted && c == ')' && zone->open > 0)
			zone->open--;
	}
}

static enum list_line
read_record(struct list_reader *reader, struct str rest, bool indented)
{
	struct list_zone *zone = &reader->zone;
	char full[FULL_NAME_MAX];

	if (!indented || zone->owner.at == NULL)
		zone->owner = list_word(&rest);
	enum record record = take_type(&rest);
	if (record == RECORD_NONE) {
		reader->why = "expected a record: NAME CNAME TARGET";
		return LIST_LINE_STRANGE;
	}
	struct str name = full_name(zone, full);
	if (record == RECORD_SOA && str_ends(zone->owner, STR(".")))
		zone->apex = zone->origin = name;
	if (record == RECORD_SOA || record == RECORD_ZONE)
		return LIST_LINE_NOTHING;
	if (!cut_apex(zone, &name)) {
		reader->why = "the name is not in the zone";
		return LIST_LINE_STRANGE;
	}
	/* What the zone itself has besides: an address, a text. */
	return name.len == 0 ? LIST_LINE_NOTHING
			     : read_rule(reader, record, name, rest);
}

enum list_line
list_rpz_read(struct list_reader *reader, struct str line, bool indented)
{
	bool inside = reader->zone.open > 0;

	if (!inside && is_directive(line))
		return read_directive(reader, line);
	line = list_without_comment(line, ";");
	count_open(&reader->zone, line);
	if (inside || line.len == 0)
		return LIST_LINE_NOTHING;
	return read_record(reader, line, indented);
}
