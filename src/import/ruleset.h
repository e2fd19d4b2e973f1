/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/ruleset: a foreign packet filter, whoever wrote it.
 *
 * iptables-save, nft and ufw are read into the same chains of rules; what
 * follows (import/walk, import/translation) knows none of the three.
 *
 * Each line of what was read that says something is a `line`, and in the end
 * each is in the policy: as a comment above its rules, or as one that was not
 * translated, with the reason.
 *
 * A rule that cannot be said exactly has `why`.  Its box then holds more flows
 * than it matches, never fewer: so a refusal may be made of it, and what it
 * allows is left out.  Nothing is ever allowed that was not.
 */
#ifndef GATEHOUSE_IMPORT_RULESET_H
#define GATEHOUSE_IMPORT_RULESET_H

#include "import/box.h"
#include "import/line.h"

enum import_action {
	IMPORT_NOTHING, /* it goes on with the next rule */
	IMPORT_ACCEPT,
	IMPORT_DROP,
	IMPORT_REJECT,
	IMPORT_RETURN,
	IMPORT_JUMP,
	IMPORT_GOTO,
	IMPORT_LOG,
	IMPORT_MASQUERADE,
	IMPORT_SNAT,
	IMPORT_DNAT,
	IMPORT_REDIRECT, /* to the gateway itself */
	IMPORT_CLAMP,
	IMPORT_ACTION_COUNT
};

/* Whose the destination is, which the part of the list tells. */
enum import_whom {
	IMPORT_WHOMEVER,
	IMPORT_LOCAL,
	IMPORT_FOREIGN
};

struct import_rule {
	struct import_line *line;
	struct box match; /* of interfaces import_ruleset_settle() knows more */
	uint64_t in, out; /* interfaces, a bit each; all: none is named */
	const char *why;  /* it is not said exactly; NULL: it is */
	const char *lost; /* what it matches is, but where it sends it is not */
	bool late;        /* it never matches the first packet of a flow */
	bool odd;         /* that is so because of its flags */
	bool translated;  /* it matches what was translated (publish) only */
	enum import_whom whom;
	bool untracks;  /* what it matches has no state */
	bool stated;    /* it matches what has a state only */
	bool untracked; /* it matches what has none only */
	enum import_action action;
	struct str target;       /* the chain of a jump */
	struct str limit;        /* " limit 5/m burst 5", as a policy says it */
	bool above;              /* it refuses what is beyond the limit */
	bool log;                /* its flows are logged */
	struct str hours;        /* the name of hours, or nothing */
	struct str name;         /* of a comment or a log's prefix */
	struct address_range to; /* of a translation */
	unsigned port_first, port_last;
};

enum import_hook {
	IMPORT_HOOK_NONE,
	IMPORT_PREROUTING,
	IMPORT_INPUT,
	IMPORT_FORWARD,
	IMPORT_OUTPUT,
	IMPORT_POSTROUTING,
	IMPORT_HOOK_COUNT
};

/* The priority at which destinations are translated. */
#define IMPORT_DSTNAT (-100)

struct import_chain {
	struct str table, name;
	enum address_family family; /* NONE: both */
	enum import_hook hook;
	int priority;
	bool nat;
	enum import_action policy;
	struct import_line *line; /* that gives it its policy; or NULL */
	uint64_t in, out;         /* the devices that it is of, as a rule's */
	struct import_rule *items;
	size_t count, room;
};

struct import_interface {
	struct str name;        /* `*` at its end stands for what follows */
	struct span_set behind; /* as far as it is known */
	bool told;              /* by the host, so that no rule need tell it */
	unsigned zone;          /* or IMPORT_NO_ZONE: a pattern of others */
};

#define IMPORT_NO_ZONE UINT8_MAX

struct import_zone {
	struct str name;
	struct span_set space; /* what lives there */
	bool elsewhere;        /* here lives what lives nowhere else */
};

struct import_hours {
	struct str name, spans;
};

/* Names are looked up among so many at most; zones are bits. */
#define IMPORT_INTERFACES_MAX 60

/* A set of addresses by its name (ipset, nft). */
struct import_set {
	struct str table, name;
	struct span_set members;
	struct span *items;
	size_t count, room;
	const char *why; /* it is not known exactly */
};

struct import_lines {
	struct import_line **items;
	size_t count, room;
};

struct import_chains {
	struct import_chain **items;
	size_t count, room;
};

struct import_sets {
	struct import_set **items;
	size_t count, room;
};

struct import_ruleset {
	struct arena *arena;
	struct import_lines lines;
	struct import_chains chains;
	struct import_sets sets;
	struct import_interface interfaces[IMPORT_INTERFACES_MAX];
	size_t interface_count;
	uint64_t outside;    /* the interfaces behind which all else lives */
	struct span_set own; /* the host's addresses, as far as it told */
	struct import_zone zones[IMPORT_INTERFACES_MAX + 1];
	size_t zone_count;
	struct import_hours hours[IMPORT_INTERFACES_MAX];
	size_t hours_count;
	bool family4, family6;       /* whose rules were read */
	struct import_line *printed; /* the last one, which needs no second */
	bool clamped;                /* the policy says so already */
	bool failed;                 /* no memory */
	bool too_large;              /* chains come to too many rules */
};

void import_ruleset_init(struct import_ruleset *rules, struct arena *arena);
void import_ruleset_fini(struct import_ruleset *rules);

/* A line that says something; NULL when memory ends. */
struct import_line *import_line_add(struct import_ruleset *rules,
    const char *file, uint32_t number, struct str text);

/* NULL if there is none. */
struct import_chain *import_chain_find(const struct import_ruleset *rules,
    enum address_family family, struct str table, struct str name);

/* Finds it or makes it; NULL when memory ends. */
struct import_chain *import_chain_get(struct import_ruleset *rules,
    enum address_family family, struct str table, struct str name);

/* A rule that matches everything and does nothing yet. */
struct import_rule import_rule_begin(
    struct import_line *line, enum address_family family);

void import_rule_add(struct import_ruleset *rules, struct import_chain *chain,
    const struct import_rule *rule);

/* The last rule of the chain comes to this place. */
void import_rule_move(struct import_chain *chain, size_t to);

/* It is not said exactly; the first reason counts. */
void import_rule_inexact(struct import_rule *rule, const char *why);

/* Only what is in the set as well. */
void import_rule_src(struct import_ruleset *rules, struct import_rule *rule,
    struct span_set set, bool negated);
void import_rule_dst(struct import_ruleset *rules, struct import_rule *rule,
    struct span_set set, bool negated);
void import_rule_service(struct import_ruleset *rules, struct import_rule *rule,
    struct span_set set, bool negated);

/* 224.0.0.0/4, ff00::/8 and 255.255.255.255: what is sent to many. */
struct span_set import_multicast(void);
struct span_set import_broadcast(void);

/* By this interface, or by any other; "eth+" is all of eth. */
void import_rule_in(struct import_ruleset *rules, struct import_rule *rule,
    struct str name, bool negated);
void import_rule_out(struct import_ruleset *rules, struct import_rule *rule,
    struct str name, bool negated);

/* The bit of an interface by its name; 0: there are too many, or it is none. */
uint64_t import_interface_bit(struct import_ruleset *rules, struct str name);

/* The name of hours that have these spans; empty: there are too many. */
struct str import_hours_get(struct import_ruleset *rules, struct str spans);

/* The ruleset's; get makes it, and NULL is no memory; find gives NULL where
 * there is none. */
struct import_set *import_set_get(
    struct import_ruleset *rules, struct str table, struct str name);
struct import_set *import_set_find(
    const struct import_ruleset *rules, struct str table, struct str name);

/* Words in the arena. */
__attribute__((format(printf, 2, 3))) struct str import_words(
    struct arena *arena, const char *format, ...);

#endif
