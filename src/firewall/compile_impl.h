/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_impl: shared by the files compile*.c alone.
 */
#ifndef GATEHOUSE_FIREWALL_COMPILE_IMPL_H
#define GATEHOUSE_FIREWALL_COMPILE_IMPL_H

#include "firewall/compile.h"
#include "firewall/log_prefix.h"

#include "base/arena.h"

#define COMPILE_NAME_BYTES 96 /* two zone names and what stands around them */

/* Where a packet of an interface ends that is in no zone. */
#define COMPILE_NO_ZONE "nowhere"

struct shared;

struct compiler {
	const struct policy *policy;
	const struct firewall_host *host;
	struct text *out;
	struct shared *shared; /* compile_shared */
	struct arena scratch;  /* of one chain */
	struct address_set local_scope;
	struct address_set zoned; /* the prefixes of all zones */
	int rc;
};

/* The list is written once for each way that a flow can go. */
enum chain_kind {
	CHAIN_PLAIN,     /* packets only */
	CHAIN_PROXIED,   /* intercepted: the proxy may decide */
	CHAIN_UNCARRIED, /* intercepted, but the proxy cannot carry it */
	CHAIN_EXPLICIT,  /* to the listener: the target is not known yet */
};

struct chain {
	enum chain_kind kind;
	uint8_t from;
	uint8_t to; /* ZONE_NONE in CHAIN_EXPLICIT */
	char name[COMPILE_NAME_BYTES];
};

/*
 * One way to match: an expression, "" for always, and the family that it
 * implies (0: either).
 */
struct match {
	uint8_t family;
	struct str text;
	/*
	 * The values that it asks for, if that is all that it does: addresses
	 * of its family, or ports and whole protocols, disjoint.
	 */
	const struct address_set *addresses;
	const struct policy_service *services;
	size_t service_count;
};

struct matches {
	struct match *items;
	size_t count; /* 0: never */
};

/* What the packet tells of a rule's sides; the texts lie in the scratch. */
struct matches match_source(struct compiler *compiler,
    const struct chain *chain, const struct policy_rule *rule);
struct matches match_destination(struct compiler *compiler,
    const struct chain *chain, const struct policy_rule *rule);
struct matches match_services(
    struct compiler *compiler, const struct policy_services *services);
struct matches match_time(
    struct compiler *compiler, const struct policy_rule *rule);

/* All who live in its zones or are of its groups, as sources. */
struct matches match_sources(
    struct compiler *compiler, const struct policy_endpoint *who);

/*
 * What is left of the matches without what stands behind `except`, as far as
 * the packet tells it: zones and addresses.
 */
struct matches match_without(struct compiler *compiler, struct matches matches,
    const struct policy_endpoint *except, const char *side, uint8_t zone);

/*
 * Room for so many; each is added from a text, which is cleared.  What was
 * added comes back, so that it can be told which values it asks for; NULL
 * without memory.
 */
struct matches match_room(struct compiler *compiler, size_t count);
struct match *compile_add_match(struct compiler *compiler,
    struct matches *matches, uint8_t family, struct text *text);

/* Always, and nothing else. */
struct matches match_always(struct compiler *compiler);
bool match_is_always(const struct matches *matches);

static inline const char *
compile_family_word(uint8_t family)
{
	return family == ADDRESS_IPV4 ? "ip" : "ip6";
}

/* "ip saddr @name" for each family that the set has; "" where it has none. */
void compile_set_name(char ret[static COMPILE_NAME_BYTES], const char *kind,
    struct str name, uint8_t family);

/* A set of the table of one family, up to its elements: an empty one stays as a
 * name for rules and elements. */
void compile_set_begin(struct text *out, const char *name, uint8_t family);

/* The same with what it holds, to its end. */
void compile_set(struct compiler *compiler, const char *kind, struct str name,
    uint8_t family, const struct address_set *set);

/*
 * "ip saddr @zone.lan.4 ": lives in the zone; in the one without prefixes: in
 * no other one.
 */
void compile_add_home(struct compiler *compiler, const char *side, uint8_t zone,
    uint8_t family, struct text *out);

/* text_fini; that it could not grow is not forgotten: a rule may be missing. */
void compile_text_fini(struct compiler *compiler, struct text *text);

void compile_chain_begin(struct compiler *compiler, const char *name);
void compile_chain_end(struct compiler *compiler);

/*
 * A line that logs what no rule of the file decided.  Of a flood as much is
 * told as of one that meets a rule (firewall/log_bound).
 */
void compile_log_reason(struct compiler *compiler, enum policy_verdict verdict,
    enum policy_reason reason, uint8_t from, uint8_t to);

/* The same, of a record that is ready. */
void compile_log_prefix(
    struct compiler *compiler, const struct log_prefix *prefix);

/*
 * Bans: their sets; the questions in front of a base chain's other lines
 * (`of_ours`: what the gateway itself sends); where the banned end.
 */
void compile_ban_sets(struct compiler *compiler);
void compile_ask_bans(struct compiler *compiler, bool of_ours);
void compile_bans(struct compiler *compiler);

/* One line of a chain, indented; printf-like, with its line end. */
__attribute__((format(printf, 2, 3))) void compile_line(
    struct compiler *compiler, const char *format, ...);

/* Elements of one family: "{ 192.0.2.1, 198.51.100.0/24 }". */
void compile_elements(
    struct text *out, const struct address_set *set, uint8_t family);
bool compile_has_family(const struct address_set *set, uint8_t family);

/*
 * How chains name an interface: `ppp*` as ppp/all, which no interface is
 * called.
 */
void compile_interface_name(
    char ret[static COMPILE_NAME_BYTES], const char *before, struct str name);

/* { "int0", "int1" } */
void compile_interfaces(struct text *out, const struct policy_zone *zone);

/*
 * The list, for one chain, and the chains that it branches to.  `head` is
 * written in front of it: finished lines.
 */
void compile_list(
    struct compiler *compiler, const struct chain *chain, struct str head);

/* Chains in front of the list, and the base chains. */
void compile_entry(struct compiler *compiler);
void compile_base(struct compiler *compiler);
void compile_nat(struct compiler *compiler);

#endif
