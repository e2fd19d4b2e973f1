/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/policy: a policy, read, resolved, checked and frozen.
 *
 * A value: nothing in it changes after policy_load, so any thread may read it.
 * It is shared by references and freed with the last one.  Both enforcers, the
 * compiler and every tool read this one model; what the words mean is written
 * in docs/policy.md.
 */
#ifndef GATEHOUSE_POLICY_POLICY_H
#define GATEHOUSE_POLICY_POLICY_H

#include "policy/address_set.h"
#include "policy/ban.h"
#include "policy/bandwidth.h"
#include "policy/certificate.h"
#include "policy/console.h"
#include "policy/dns.h"
#include "policy/domain_set.h"
#include "policy/each.h"
#include "policy/flow.h"
#include "policy/hours.h"
#include "policy/journal.h"
#include "policy/limits.h"
#include "policy/parent.h"
#include "policy/quota.h"
#include "policy/users.h"

#include "base/clock.h"
#include "base/report.h"

struct policy_zone {
	struct str name;
	struct str *interfaces;
	size_t interface_count;
	struct address_set prefixes; /* empty: what lives nowhere else */
	struct place place;
};

/* A name, a list, or the literals of one endpoint. */
struct policy_group {
	struct str name; /* at == NULL: literals */
	bool is_list;
	struct str file; /* a list's, as the loader knows it */
	int64_t refresh; /* how often it is looked at; 0: only by apply */
	size_t entries;  /* of its file: lines that were taken */
	struct address_set addresses;
	struct domain_set domains;
	struct place place;
	bool used;                  /* by a rule or by another name */
	struct policy_group *older; /* of all groups, for their end */
};

/* One side of a rule: any of these, but none of those behind `except`. */
struct policy_endpoint {
	uint64_t zones; /* policy_zone_bit(); all bits: any */
	uint64_t own;   /* the gateway's own address in one of these zones */
	struct policy_group **groups;
	size_t group_count;
	struct policy_endpoint *except; /* NULL: none; has none itself */
	/* Its domains, as what packets ask for (policy/learning): a number of
	 * policy->asked, from 1; 0: no packet does. */
	uint32_t asked;
};

/* `hours NAME = ...` */
struct policy_hours {
	struct str name;
	struct hours hours;
	struct place place;
	bool used;
};

/* A field that the request must have, with a value like one of these. */
struct policy_header {
	struct str name; /* in any case */
	struct str *values;
	size_t value_count;
};

/*
 * How much of what a rule allows passes.  It says nothing of what the rule
 * matches: what is beyond it is dropped, and no later rule sees it.
 */
struct policy_limit {
	uint32_t count; /* new flows; 0: no limit */
	uint32_t seconds;
	uint32_t burst;
	enum policy_each each;
};

#define POLICY_ZONES_ANY UINT64_MAX

/* Of TCP and the like: ports.  Of ICMP: rows of policy_icmp_kinds. */
struct policy_service {
	enum policy_protocol protocol;
	uint16_t first, last; /* inclusive; 0 to 65535: all */
	struct place place;
};

struct policy_services {
	struct policy_service *items;
	size_t count; /* 0: any */
};

/* A service that the policy's own file defines. */
struct policy_service_name {
	struct str name;
	struct place place;
	bool used; /* by a rule, the proxy or another service */
};

struct policy_rule {
	enum policy_verdict verdict;
	bool publish;
	bool log;
	bool direct;
	bool leads_outside; /* of what it allows (policy/prospect) */
	bool report;  /* never decides: counts, logs, and the walk goes on */
	bool inspect; /* TLS is opened; nothing but requests match */
	bool spares_pinned; /* but of who does not take our certificate */
	const struct policy_parent *parent; /* via; NULL: the proxy dials */
	struct policy_endpoint from;
	struct policy_endpoint to;
	struct policy_services services;
	struct str *methods;
	size_t method_count;
	struct str *paths; /* with `*` for any characters */
	size_t path_count;
	unsigned schemes; /* a bit for each policy_scheme; 0: any */
	struct str *users;
	size_t user_count;
	struct policy_header *headers; /* each of them */
	size_t header_count;
	struct str *types; /* with `*`, in lower case */
	size_t type_count;
	struct hours *during; /* NULL: always */
	struct policy_limit limit;
	uint32_t connections; /* at once; 0: no limit */
	enum policy_each connections_each;
	struct policy_bandwidth bandwidth;
	uint8_t bandwidth_number; /* of those that have one, from 1; 0: none */
	struct policy_quota quota;
	struct policy_ban ban; /* of those that it refuses */
	struct str label;      /* as "..."; at == NULL: none */
	struct str text;       /* as written, on one line */
	struct place place;
	uint32_t line; /* of its file; 0: the built-in last rule */
	uint32_t nth;  /* of the rules with this line, from 1 */
	/*
	 * publish: where the flow is sent instead.  All ports become the
	 * target's (0: none does), or each one moves by the shift.
	 */
	struct address target4, target6; /* family NONE: not in this family */
	uint16_t target_port;
	int32_t target_shift;
};

struct policy_listen {
	struct address_port at;
	uint64_t zones;
	/* Balancers, whose connections say in a header whom they are for;
	 * NULL: none.  Each of the ranges lives in one zone. */
	const struct policy_group *behind;
	/* By TLS: who we are, the first to whoever asks for none of them, and
	 * who they are. */
	bool secure;
	const struct policy_certificate *certificates;
	size_t certificate_count;
	struct policy_clients clients;
	struct place place;
};

struct policy_intercept {
	struct policy_services services;
	uint64_t zones;
	bool keeps_source; /* servers see the client's own address */
	bool reads_quic;   /* UDP is carried as well, by its QUIC */
	struct place place, keep_place;
};

/* `cache` of the proxy. */
struct policy_cache {
	uint64_t memory_bytes; /* 0: there is no cache */
	uint64_t disk_bytes;   /* 0: not on the disk */
	struct str disk;       /* the folder: absolute */
	uint64_t object_bytes; /* the largest that is kept */
	bool cookies;          /* that come with what is kept are for all */
	struct place place;
};

/* `compress`: what may be used, the preferred one first. */
struct policy_compression {
	struct {
		enum policy_coding coding;
		uint8_t level; /* 0: the proxy chooses */
	} items[POLICY_CODING_COUNT];
	size_t count; /* 0: nothing is compressed */
	struct place place;
};

/* What servers are told of where a request comes from. */
struct policy_telling {
	bool private; /* nothing, whatever the client says itself */
	bool client;  /* X-Forwarded-For */
	bool gateway; /* Via; this is what is told without a word */
	struct place place;
};

/* How many connections the proxy makes to one server, for how long a client
 * waits for one of them, and what their source is. */
#define POLICY_SERVER_SLOTS    1024
#define POLICY_SERVER_WAIT     (10 * CLOCK_SECOND)
#define POLICY_SERVER_WAIT_MAX (300 * CLOCK_SECOND)

struct policy_servers {
	uint32_t slots;
	int64_t wait;
	struct place place; /* of the line; none: these are the usual ones */
	/* From where they are made; family NONE: as the kernel chooses. */
	struct address source4, source6;
	struct place source_place;
};

/* `ca`: who signs the certificates of servers whose TLS is opened. */
struct policy_ca {
	struct str file; /* as the loader knows it; at == NULL: none */
	struct str pem;  /* its certificate and its key */
	struct place place;
};

/* `trust`: who may have signed the certificates of servers whose TLS is opened,
 * besides the system's authorities. */
struct policy_trust {
	struct str file; /* as the loader knows it; at == NULL: nobody else */
	struct str pem;
	struct place place;
};

/* `never ban`: zones, and groups of addresses. */
struct policy_never {
	struct policy_endpoint who;
	struct place place;
};

struct policy_masquerade {
	uint64_t from, to;
};

/* `snat`: the first one that holds a flow gives it its source. */
struct policy_snat {
	struct policy_endpoint from; /* zones and addresses */
	uint64_t to;
	struct address to4, to6; /* family NONE: not in this family */
	struct place place;
};

/* `map`: two prefixes of one length, or two addresses, for each other. */
struct policy_map {
	struct address_range inside, outside;
	uint8_t home; /* where the inside lives */
	uint8_t zone; /* where the outside lives */
	struct place place;
};

/* A line of a test block. */
struct policy_case {
	struct flow flow;
	enum policy_verdict verdict;
	struct str by; /* the rule's name or line; at == NULL: any */
	struct str text;
	struct str flow_text; /* its first part, as `explain` takes it */
	struct place place;
	struct str title; /* of its test */
};

struct rule_index;
struct policy_asked;

struct policy {
	struct arena arena;
	unsigned refs; /* atomic */
	struct source builtin, source;
	struct text text; /* owns source.text */
	struct policy_zone *zones;
	uint8_t zone_count;
	uint8_t elsewhere; /* the zone without prefixes, or ZONE_NONE */
	uint8_t sandbox;   /* defined by no statement, or ZONE_NONE */
	struct policy_group *newest;  /* all groups, literals too */
	struct policy_group **groups; /* names and lists */
	size_t group_count;
	struct policy_service_name *service_names;
	size_t service_name_count;
	struct policy_hours *hours;
	size_t hours_count;
	struct policy_parent *parents;
	size_t parent_count, parent_server_count;
	struct policy_rule *rules; /* the last one is built in */
	size_t rule_count;
	size_t bandwidth_count; /* of rules that have one */
	struct policy_listen *listens;
	size_t listen_count;
	struct policy_intercept *intercepts;
	size_t intercept_count;
	struct policy_cache cache;
	struct policy_compression compression;
	struct policy_telling telling;
	struct policy_servers servers;
	struct policy_users users;
	struct policy_ca ca;
	struct policy_trust trust;
	struct policy_console console;
	struct policy_dns dns;
	struct policy_journal journal;
	struct policy_never *nevers;
	size_t never_count;
	struct policy_masquerade *masquerades;
	size_t masquerade_count;
	struct policy_snat *snats;
	size_t snat_count;
	struct policy_map *maps;
	size_t map_count;
	/* Zones, by the lines of `firewall`; ZONE_SELF only in `invalid`. */
	uint64_t invalid; /* what conntrack cannot place goes to the list */
	uint64_t clamped; /* TCP segments are made to fit the path */
	uint64_t helpers[POLICY_HELPER_COUNT];
	struct policy_case *cases;
	size_t case_count;
	struct rule_index *index; /* NULL: the list is walked */
	uint32_t asks; /* a bit for each policy_fact that a rule asks for */
	bool inspects; /* some rule of it */
	struct address_set named_local; /* policy/local */
	/* Zones whose DNS we answer, and what of names packets are asked for
	 * there (policy/learning). */
	uint64_t learns;
	int64_t grace; /* for which a name is known beyond its time */
	struct policy_asked *asked;
	size_t asked_count;
};

/* Where the texts come from: files, or what another process handed over. */
struct policy_loader {
	/* As file_read. */
	int (*read)(void *context, const char *path, size_t bytes_max,
	    struct text *ret);
	void *context;
	/*
	 * Calls `each` with every file that the pattern fits (as glob(3) has
	 * it), sorted by name.  0, or a negative errno.  NULL: there are no
	 * patterns here.
	 */
	int (*list)(void *context, const char *pattern,
	    void (*each)(void *each_context, const char *path),
	    void *each_context);
	/* Whether others than its owner can read the file; NULL: that cannot
	 * be known here. */
	bool (*is_open)(void *context, const char *path);
};

/* Reads files by their names. */
extern const struct policy_loader policy_files;

/*
 * Reads the policy at `path` and all that it names.  On success *ret holds one
 * reference.  -EINVAL: the report says why; it may also hold warnings.  The
 * report's places point into the policy or, when it failed, into *ret_kept,
 * which the caller gives to policy_unref after the report.
 */
int policy_load(const char *path, const struct policy_loader *loader,
    struct report *report, struct policy **ret, struct policy **ret_kept);

struct policy *policy_ref(struct policy *policy);
void policy_unref(struct policy *policy); /* NULL is fine */

/* Whether it asks for what no packet shows, besides the name. */
static inline bool
policy_rule_reads_head(const struct policy_rule *rule)
{
	return rule->method_count > 0 || rule->path_count > 0 ||
	       rule->schemes != 0 || rule->user_count > 0 ||
	       rule->header_count > 0 || rule->type_count > 0;
}

/* Whether it counts what it allows, in whatever way. */
static inline bool
policy_rule_is_limited(const struct policy_rule *rule)
{
	return rule->limit.count > 0 || rule->connections > 0 ||
	       rule->quota.bytes > 0 ||
	       policy_bandwidth_is_limited(&rule->bandwidth);
}

/* Whether it allows only what the proxy carries: it alone goes by a parent, and
 * it alone counts for a quota. */
static inline bool
policy_rule_needs_proxy(const struct policy_rule *rule)
{
	return rule->parent != NULL || rule->quota.bytes > 0;
}

/*
 * By what its quota is known, in every process and after a restart: the rule's
 * name, else its words, wherever it stands; and the period.
 */
static inline uint64_t
policy_quota_id(const struct policy_rule *rule)
{
	return str_hash(rule->label.at != NULL ? rule->label : rule->text,
	    1 + (uint64_t)rule->quota.period);
}

/* Whether any rule asks for the fact. */
static inline bool
policy_asks(const struct policy *policy, enum policy_fact fact)
{
	return (policy->asks >> fact & 1) != 0;
}

static inline uint64_t
policy_zone_bit(uint8_t zone)
{
	return (uint64_t)1 << zone;
}

/* Whether `ppp*` or `ppp0` stands for the interface, or for this pattern. */
bool policy_interface_fits(struct str pattern, struct str interface);

bool policy_zone_has_interface(
    const struct policy_zone *zone, struct str interface);

/* Whether a sandboxed command has a zone (policy/sandbox). */
bool policy_has_sandbox(const struct policy *policy);

/* Whether a rule of it is one of `publish`. */
bool policy_publishes(const struct policy *policy);

/* "lan", "self", or "-" for none. */
struct str policy_zone_name(const struct policy *policy, uint8_t zone);

/* As events have it: at == NULL for none. */
struct str policy_zone_told(const struct policy *policy, uint8_t zone);

/* The zone called so, ZONE_SELF for "self"; false if there is none. */
bool policy_zone_find(
    const struct policy *policy, struct str name, uint8_t *ret);

/* The statement by which an address of the range is never banned, or NULL. */
const struct policy_never *policy_never_of(
    const struct policy *policy, const struct address_range *range);

/* Whether a rule of it bans, so that the kernel may. */
bool policy_bans_packets(const struct policy *policy);

/*
 * Where an address lives: ZONE_SELF for what ends at the gateway by its kind
 * (loopback, link-local, multicast), else the zone that holds it, else the
 * zone without prefixes or ZONE_NONE.  That an address is the gateway's own is
 * not the policy's knowledge: ask the host first.
 */
uint8_t policy_zone_of(const struct policy *policy, struct address address);

/* Whether it is the outside of a map alone, not within a prefix: it lives in
 * the map's zone then, even where the gateway itself has it. */
bool policy_is_mapped(const struct policy *policy, struct address address);

/* What a publish rule makes of a port that it matches. */
static inline uint16_t
policy_target_port(const struct policy_rule *rule, uint16_t port)
{
	return rule->target_port != 0 ? rule->target_port
				      : (uint16_t)(port + rule->target_shift);
}

/* Whether the proxy intercepts this service for this zone. */
bool policy_intercepts(const struct policy *policy, uint8_t from_zone,
    enum policy_protocol protocol, uint16_t port);

/* Whether the proxy can carry what it intercepts: TCP, and QUIC where a line
 * says so. */
bool policy_carries(const struct policy *policy, uint8_t from_zone,
    enum policy_protocol protocol, uint16_t port);

/* Whether some line does. */
bool policy_reads_quic(const struct policy *policy);

/* Whether it is carried on from the client's own address: one line that says
 * so is enough. */
bool policy_keeps_source(const struct policy *policy, uint8_t from_zone,
    enum policy_protocol protocol, uint16_t port);

/* The zones for which some line says so. */
uint64_t policy_keep_zones(const struct policy *policy);

/* Whether one of the services covers it. */
bool policy_services_have(const struct policy_services *services,
    enum policy_protocol protocol, uint16_t port);

/* Whether one of these covers some of what one of those does. */
bool policy_services_meet(
    const struct policy_services *a, const struct policy_services *b);

/* The zones that may use the explicit listeners. */
uint64_t policy_listen_zones(const struct policy *policy);

/* The listener at this place, or NULL. */
const struct policy_listen *policy_listen_at(
    const struct policy *policy, struct address_port at);

/* Whether the address is one of the balancers that it stands behind. */
bool policy_listen_trusts(
    const struct policy_listen *listen, struct address address);

/* Whether one group of the endpoint holds addresses, or domains; those behind
 * `except` do not count. */
bool policy_endpoint_has_addresses(const struct policy_endpoint *endpoint);
bool policy_endpoint_has_domains(const struct policy_endpoint *endpoint);

/* Whether it stands for nothing, as an empty list does. */
bool policy_endpoint_is_empty(const struct policy_endpoint *endpoint);

#endif
