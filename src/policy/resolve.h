/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/resolve: words to meanings.
 *
 * For the files resolve*.c alone.  Definitions are read first, in the order of
 * the file, so that a name may use those above it; then the proxy, the rules
 * and the tests, which may use all of them.  A statement that does not resolve
 * is reported and left out; the policy is then refused as a whole.
 */
#ifndef GATEHOUSE_POLICY_RESOLVE_H
#define GATEHOUSE_POLICY_RESOLVE_H

#include "policy/policy.h"
#include "policy/syntax.h"

#include "base/map.h"
#include "base/nearest.h"

enum symbol_kind {
	SYMBOL_ZONE,
	SYMBOL_NAME,
	SYMBOL_LIST,
	SYMBOL_SERVICE,
	SYMBOL_HOURS,
	SYMBOL_PARENT,
};

struct symbol {
	enum symbol_kind kind;
	struct str name;
	struct place place;
	bool built_in; /* the user's own definition takes its place */
	uint8_t zone;
	struct policy_group *group;
	struct policy_services services;
	struct policy_service_name *service_name; /* NULL: built in */
	struct policy_hours *hours;
	struct policy_parent *parent;
};

/* How many lines end before a byte of the policy's own text. */
struct line_counter {
	const struct source *source;
	uint32_t at, passed;
};

struct resolver {
	struct policy *policy;
	struct arena *arena; /* the policy's */
	struct report *report;
	const struct policy_loader *loader;
	struct map symbols;
	struct symbol **order; /* as defined, for "did you mean" */
	size_t order_count, order_room;
	struct line_counter lines; /* of the rules, as far as resolved */
	bool in_rule;              /* options may stand beside a service */
	int rc;                    /* -ENOMEM: everything else is pointless */
};

/* Defines the word; NULL (reported) if it cannot name anything. */
struct symbol *resolve_define(struct resolver *resolver,
    const struct syntax_word *name, enum symbol_kind kind, bool built_in);

/* The symbol, or NULL; nothing is reported. */
struct symbol *resolve_find(const struct resolver *resolver, struct str name);

/*
 * Reports that the word names nothing of these kinds (bits of symbol_kind), and
 * offers the nearest that does.
 */
void resolve_unknown(struct resolver *resolver, const struct syntax_word *word,
    const char *wanted, unsigned kinds);

/* Hints at the nearest word, if one is near. */
void resolve_hint_nearest(
    struct resolver *resolver, const struct nearest *nearest);

/* "a zone", "a list": for messages. */
const char *resolve_kind_words(enum symbol_kind kind);

/* An empty group that the policy owns. */
struct policy_group *resolve_group(struct resolver *resolver);

/* Collects the services; false if one was reported. */
bool resolve_services(struct resolver *resolver,
    const struct syntax_service *syntax, struct policy_services *ret);

/* Protocols without ports among services that are known; false: reported. */
bool resolve_bare(struct resolver *resolver, const struct syntax_service *list);

/*
 * Hints at what was meant by an item that is no service, behind the one before
 * it (NULL: it is the first); false: nobody knows.
 */
bool resolve_hint_service(struct resolver *resolver,
    const struct syntax_service *before, const struct syntax_service *item);

/* The same of a port that stands alone. */
void resolve_hint_port(struct resolver *resolver,
    const struct syntax_service *before, const struct syntax_word *port);

/* Ports as other programs write them, appended in our form; false: not such. */
bool resolve_range_of_ports(struct str text, struct text *ret);

/* An address, prefix or range; false: reported. */
bool resolve_range(struct resolver *resolver, const struct syntax_word *word,
    struct address_range *ret);

/* One address, prefix, range or domain into the group; false: reported. */
bool resolve_literal(struct resolver *resolver, const struct syntax_word *word,
    struct policy_group *group);

/* Whether the word is written like an address rather than like a name. */
bool resolve_looks_like_address(struct str word);

/* A mask of zones; false: reported. */
bool resolve_zones(
    struct resolver *resolver, const struct syntax_word *words, uint64_t *ret);

/* What a rule asks besides its ends and services; false: reported. */
bool resolve_conditions(struct resolver *resolver,
    const struct syntax_rule *syntax, struct policy_rule *rule);

/* A rate, whose number may be missing; false: reported. */
bool resolve_limit(struct resolver *resolver, const struct syntax_limit *syntax,
    struct policy_limit *ret);

/* The certificates of a file, PEM, and its path as the loader knows it; `what`
 * it is called in errors.  False: reported. */
bool resolve_authorities(struct resolver *resolver,
    const struct syntax_word *file, const char *what, struct str *ret_path,
    struct str *ret);

/* How many bytes of it pass: bandwidth and quota; false: reported. */
bool resolve_amounts(struct resolver *resolver,
    const struct syntax_rule *syntax, struct policy_rule *rule);

/* Who is banned for what is refused, if anybody is; false: reported. */
bool resolve_ban(struct resolver *resolver, const struct syntax_ban *syntax,
    struct policy_ban *ret);

/* Whether it speaks TLS, and with which certificates; false: reported. */
bool resolve_secure(struct resolver *resolver,
    const struct syntax_listen *syntax, struct policy_listen *listen);

/* The parent that a rule goes by, if any; false: reported. */
bool resolve_via(struct resolver *resolver, const struct syntax_rule *syntax,
    struct policy_rule *rule);

/* Whether it opens TLS, and may; behind its conditions.  False: reported. */
bool resolve_inspect(struct resolver *resolver,
    const struct syntax_rule *syntax, struct policy_rule *rule);

/* `ca` of the proxy. */
void resolve_ca(struct resolver *resolver, const struct syntax_choice *syntax);
void resolve_trust(
    struct resolver *resolver, const struct syntax_choice *syntax);

/* Zones and addresses, and what is taken out of them; false: reported. */
bool resolve_source(struct resolver *resolver, const struct syntax_word *words,
    const struct syntax_word *except, struct policy_endpoint *ret);

/* The same, and domains. */
bool resolve_destination(struct resolver *resolver,
    const struct syntax_word *words, const struct syntax_word *except,
    struct policy_endpoint *ret);

/*
 * The one address in each family that the words stand for.  False: reported,
 * with one of the sentences where they are no addresses, or several.
 */
bool resolve_target(struct resolver *resolver, const struct syntax_word *words,
    const char *no_address, const char *several, struct address *ret4,
    struct address *ret6);

/*
 * The file that the word names, beside the file in which it stands; `what` it
 * is ("a list's file").  0; or a negative errno, and then it is reported.
 */
int resolve_file(struct resolver *resolver, const struct syntax_word *word,
    const char *what, size_t bytes_max, struct str *ret_path, struct text *ret);

/* The statements, file by file. */
void resolve_definitions(
    struct resolver *resolver, const struct syntax *syntax, bool built_in);
void resolve_hours(struct resolver *resolver, const struct syntax *syntax);
void resolve_parents(struct resolver *resolver, const struct syntax *syntax);
void resolve_proxy(struct resolver *resolver, const struct syntax *syntax);

/* The zone of a sandboxed command, where it is spoken of and is not defined;
 * what the proxy carries for it; and the end of its list. */
void resolve_sandbox(struct resolver *resolver, const struct syntax *syntax);
void resolve_sandbox_intercept(struct resolver *resolver);
void resolve_sandbox_end(struct resolver *resolver);

void resolve_console(struct resolver *resolver, const struct syntax *syntax);
void resolve_dns(struct resolver *resolver, const struct syntax *syntax);
void resolve_journal(struct resolver *resolver, const struct syntax *syntax);
void resolve_choices(struct resolver *resolver, const struct syntax *syntax);
void resolve_servers(struct resolver *resolver, const struct syntax *syntax);
void resolve_translations(
    struct resolver *resolver, const struct syntax *syntax);
void resolve_firewall(struct resolver *resolver, const struct syntax *syntax);
void resolve_nevers(struct resolver *resolver, const struct syntax *syntax);
void resolve_rules(struct resolver *resolver, const struct syntax *own,
    const struct syntax *built_in);
void resolve_cases(struct resolver *resolver, const struct syntax *syntax);

#endif
