/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/syntax: a policy as it was written.
 *
 * What the parser builds and the resolver reads: lists of words with their
 * places, nothing looked up yet.  All of it lies in the arena that the caller
 * of policy_parse gave; texts are lent from the source.  Every node begins with
 * the `next` of its list.
 */
#ifndef GATEHOUSE_POLICY_SYNTAX_H
#define GATEHOUSE_POLICY_SYNTAX_H

#include "base/nearest.h"
#include "policy/each.h"
#include "policy/lex.h"

struct includer;

struct syntax_word {
	struct syntax_word *next;
	struct str text; /* at == NULL: not written */
	struct place place;
};

/* `tcp 80-88`, `icmp echo-request`, or the name of a service. */
struct syntax_service {
	struct syntax_service *next;
	struct syntax_word what;
	struct syntax_word detail;
	bool behind_protocol; /* `ssh` of `tcp ssh`, without a comma */
};

/* `zone NAME = MEMBERS` and `name NAME = MEMBERS` look alike. */
struct syntax_group {
	struct syntax_group *next;
	struct syntax_word name;
	struct syntax_word *members;
};

/* `mon-fri 08:00-18:00`, one of both may be left out. */
struct syntax_span {
	struct syntax_span *next;
	struct syntax_word days;
	struct syntax_word times;
};

/* `hours NAME = SPANS` */
struct syntax_hours {
	struct syntax_hours *next;
	struct syntax_word name;
	struct syntax_span *spans;
};

/* `header NAME "VALUE", ...` */
struct syntax_header {
	struct syntax_header *next;
	struct syntax_word name;
	struct syntax_word *values;
};

/*
 * `limit RATE [burst N] [per source | per user]`,
 * `connections N [per source | per user]`
 */
struct syntax_limit {
	struct syntax_word amount; /* text.at == NULL: not written */
	struct syntax_word burst;
	enum policy_each each;
};

/* `PROTOCOL HOST:PORT` */
struct syntax_parent_server {
	struct syntax_parent_server *next;
	struct syntax_word protocol;
	struct syntax_word at;
	struct syntax_word authorities; /* text.at == NULL: not written */
};

/* `parent NAME = SERVERS` */
struct syntax_parent {
	struct syntax_parent *next;
	struct syntax_word name;
	struct syntax_parent_server *servers;
};

/* `list NAME = KIND "FILE" [refresh TIME]` */
struct syntax_list {
	struct syntax_list *next;
	struct syntax_word name;
	struct syntax_word kind;
	struct syntax_word file;
	struct syntax_word refresh; /* text.at == NULL: not written */
};

struct syntax_service_name {
	struct syntax_service_name *next;
	struct syntax_word name;
	struct syntax_service *services;
};

/* `"FILE" [key "FILE"]` */
struct syntax_certificate {
	struct syntax_certificate *next;
	struct syntax_word file;
	struct syntax_word key; /* text.at == NULL: in the same file */
};

struct syntax_listen {
	struct syntax_listen *next;
	struct syntax_word tls; /* the word, where it stands */
	struct syntax_word address;
	struct syntax_word *zones;
	struct syntax_word *behind; /* NULL: not written */
	struct syntax_certificate *certificates;
	struct syntax_word clients, optional;
};

struct syntax_console {
	struct syntax_console *next;
	struct syntax_word head;
	struct syntax_word *listens, *zones, *hosts; /* NULL: not written */
	struct syntax_word token; /* text.at == NULL: not written */
};

/* A line `listen` of `dns`. */
struct syntax_dns_listen {
	struct syntax_dns_listen *next;
	struct syntax_word *addresses, *zones;
};

/* Plain where the name has text.at == NULL. */
struct syntax_dns_upstream {
	struct syntax_dns_upstream *next;
	struct syntax_word at, name, authorities;
};

/* What is not written is NULL, or has text.at == NULL. */
struct syntax_dns {
	struct syntax_dns *next;
	struct syntax_word head;
	struct syntax_dns_listen *listens;
	struct syntax_word *intercepts, *local;
	struct syntax_dns_upstream *upstreams;
	struct syntax_word cache, ttl, grace;
	struct syntax_limit limit;
};

/* A line of `journal`; what is not written has text.at == NULL. */
struct syntax_output {
	struct syntax_output *next;
	struct syntax_word head; /* file, stdout, systemd, syslog */
	struct syntax_word path; /* in quotes */
	struct syntax_word way, server;
	struct syntax_word size, keep, every, form, facility;
};

struct syntax_journal {
	struct syntax_journal *next;
	struct syntax_word head;
	struct syntax_output *outputs;
};

struct syntax_intercept {
	struct syntax_intercept *next;
	struct syntax_word head;
	struct syntax_service *services;
	struct syntax_word *zones;
	struct syntax_word keep; /* text.at == NULL: not written; so quic */
	struct syntax_word quic;
};

/* `memory 1G`, `disk "/var/cache/gatehouse" 20G`, `br 5`, `client` */
struct syntax_part {
	struct syntax_part *next;
	struct syntax_word what;
	struct syntax_word folder; /* text.at == NULL: not written; so amount */
	struct syntax_word amount;
};

/* `ban TIME after COUNT refused in TIME per source` */
struct syntax_ban {
	struct syntax_word time; /* text.at == NULL: not written */
	struct syntax_word count;
	struct syntax_word within;
};

/* A line of `proxy { ... }` that says how it works. */
struct syntax_choice {
	struct syntax_choice *next;
	struct syntax_word head;
	struct syntax_part *parts;
	struct syntax_ban ban; /* of `users` */
};

/*
 * A line of `proxy { ... }` about servers: `connections N per server [wait
 * TIME]`, or `source ADDRESSES`.
 */
struct syntax_servers {
	struct syntax_servers *next;
	struct syntax_word head;
	struct syntax_word *source; /* NULL: it is the other one */
	struct syntax_word count;
	struct syntax_word wait; /* text.at == NULL: not written */
};

struct syntax_masquerade {
	struct syntax_masquerade *next;
	struct syntax_word *from;
	struct syntax_word *to;
};

/* `snat FROM [except ...] -> ZONES to ADDRESSES` */
struct syntax_snat {
	struct syntax_snat *next;
	struct syntax_word head; /* the word itself */
	struct syntax_word *from, *from_except;
	struct syntax_word *to;
	struct syntax_word *source;
};

/* `map INSIDE <-> OUTSIDE at ZONE` */
struct syntax_map {
	struct syntax_map *next;
	struct syntax_word inside, outside;
	struct syntax_word zone;
};

/* A line of `firewall { ... }`: a word, what it is to be, `for` which zones. */
struct syntax_setting {
	struct syntax_setting *next;
	struct syntax_word head;
	struct syntax_word *values;
	struct syntax_word *zones; /* NULL: not written */
};

/* `bandwidth RATE [up | down] [per source]`; there may be several. */
struct syntax_bandwidth {
	struct syntax_bandwidth *next;
	struct syntax_word amount;
	struct syntax_word direction; /* text.at == NULL: each of both */
	bool per_source;
};

/* `quota AMOUNT per PERIOD [per source]` */
struct syntax_quota {
	struct syntax_word amount; /* text.at == NULL: not written */
	struct syntax_word period;
	bool per_source;
};

/* `never ban WHO` */
struct syntax_never {
	struct syntax_never *next;
	struct syntax_word head; /* the word itself */
	struct syntax_word *who;
};

/*
 * A rule of the list.  `publish ZONE SERVICE -> TARGET [SERVICE]` is one too:
 * its `from` is the zone, its `to` the target.
 */
struct syntax_rule {
	struct syntax_rule *next;
	struct syntax_word verdict; /* allow, reject, drop or publish */
	struct str text;            /* the statement, as written */
	struct syntax_word report;  /* the word, where it stands */
	struct syntax_word *from, *from_except;
	struct syntax_word *to, *to_except;
	struct syntax_service *services;
	struct syntax_service *target; /* publish: the service behind TO */
	struct syntax_word *methods;
	struct syntax_word *paths;
	struct syntax_word *schemes;
	struct syntax_word *users;
	struct syntax_header *headers;
	struct syntax_word *types;
	struct syntax_word *during;
	struct syntax_limit limit;
	struct syntax_limit connections;
	struct syntax_bandwidth *bandwidths;
	struct syntax_quota quota;
	struct syntax_ban ban;
	struct syntax_word label;   /* as "..." */
	struct syntax_word log;     /* the word, where it stands */
	struct syntax_word direct;  /* the same */
	struct syntax_word inspect; /* the same */
	struct syntax_word pinned;  /* of `unless pinned`, the same */
	struct syntax_word via;     /* the parent's name */
};

/* One line of a test: a flow and what must become of it. */
struct syntax_case {
	struct syntax_case *next;
	const struct token *tokens; /* in `files` of the syntax */
	size_t count;
	struct str text;
};

struct syntax_test {
	struct syntax_test *next;
	struct syntax_word title;
	struct syntax_case *cases;
};

/* Of one file, for as long as the syntax is. */
struct syntax_tokens {
	struct syntax_tokens *next;
	struct tokens tokens;
};

struct syntax {
	struct syntax_tokens *files;
	struct syntax_group *zones;
	struct syntax_group *names;
	struct syntax_list *lists;
	struct syntax_hours *hours;
	struct syntax_service_name *services;
	struct syntax_listen *listens;
	struct syntax_intercept *intercepts;
	struct syntax_choice *choices;
	struct syntax_console *consoles;
	struct syntax_dns *dns;
	struct syntax_journal *journals;
	struct syntax_servers *servers;
	struct syntax_masquerade *masquerades;
	struct syntax_parent *parents;
	struct syntax_snat *snats;
	struct syntax_map *maps;
	struct syntax_setting *settings;
	struct syntax_never *nevers;
	struct syntax_rule *rules;
	struct syntax_test *tests;
};

/*
 * Reads the whole source, and what it includes by `includer` (NULL: it may
 * include nothing); every statement that is not well formed is reported
 * and left out.  0, or -ENOMEM; look at report->errors as well.
 */
int policy_parse(const struct source *source, struct arena *arena,
    struct report *report, struct includer *includer, struct syntax *ret);
void syntax_fini(struct syntax *syntax);

/* Offers the words of what may stand behind a rule's endpoints. */
void syntax_offer_rule_items(struct nearest *nearest);

/* How long a list is; every node of syntax begins with its `next`. */
size_t syntax_count(const void *first);

#endif
