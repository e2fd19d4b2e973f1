/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/list_line: what the readers of list formats share.
 *
 * Each format is a file (list_netset, list_hosts, list_adblock, list_dnsmasq,
 * list_rpz) with a question, whether a line has its form, and a reader for such
 * a line.  A line comes trimmed and not empty.
 */
#ifndef GATEHOUSE_POLICY_LIST_LINE_H
#define GATEHOUSE_POLICY_LIST_LINE_H

#include "policy/policy.h"

/* What one line was; of several things on it, the last of this order. */
enum list_line {
	LIST_LINE_NOTHING, /* a comment, or what says nothing here */
	LIST_LINE_TAKEN,
	LIST_LINE_SKIPPED, /* understood, but not about whole names */
	LIST_LINE_STRANGE, /* with reader->why */
	LIST_LINE_NO_MEMORY,
};

enum list_format {
	LIST_PLAIN,
	LIST_HOSTS,
	LIST_ADBLOCK,
	LIST_DNSMASQ,
	LIST_RPZ,
};

/* Where a zone file stands: RFC 1035, 5.1. */
struct list_zone {
	struct str apex;   /* of the SOA record, or the first $ORIGIN */
	struct str origin; /* both without the final dot; at == NULL: none */
	struct str owner;  /* of the last record */
	unsigned open;     /* parentheses */
};

struct list_reader {
	struct policy_group *group;
	enum list_format format; /* of the file */
	struct list_zone zone;
	const char *why;
	bool host_bits; /* the prefix had some, and was taken without */
};

/* A name, checked and added: as it says, or with what is under it. */
enum list_line list_take_name(
    struct list_reader *reader, struct str text, enum domain_cover more);

/* Takes it out again. */
enum list_line list_except_name(
    struct list_reader *reader, struct str text, enum domain_cover more);

/* The next word between blanks; *rest is left behind it. */
struct str list_word(struct str *rest);

/* Without what begins with one of the marks at its start or behind a blank. */
struct str list_without_comment(struct str line, const char *marks);

enum list_line list_netset_read(struct list_reader *reader, struct str line);

/* `127.0.0.1 name name`, or a name alone. */
bool list_hosts_is(struct str line);
enum list_line list_hosts_read(struct list_reader *reader, struct str line);

/* `||name^`, `@@||name^`, and what else such files hold. */
bool list_adblock_is(struct str line);
enum list_line list_adblock_read(struct list_reader *reader, struct str line);

/* `address=/name/`, `server=/name/`, `local=/name/`. */
bool list_dnsmasq_is(struct str line);
enum list_line list_dnsmasq_read(struct list_reader *reader, struct str line);

/* `name CNAME .` and `$TTL`; a record goes on while zone.open is not 0. */
bool list_rpz_is(struct str line);
enum list_line list_rpz_read(
    struct list_reader *reader, struct str line, bool indented);

#endif
