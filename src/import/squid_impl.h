/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/squid_impl: what a squid.conf says, while it is read.
 */
#ifndef GATEHOUSE_IMPORT_SQUID_IMPL_H
#define GATEHOUSE_IMPORT_SQUID_IMPL_H

#include "import/squid.h"
#include "import/words.h"

enum squid_kind {
	SQUID_ALL,
	SQUID_SRC,
	SQUID_DST,
	SQUID_DOMAIN,
	SQUID_PORT,
	SQUID_METHOD,
	SQUID_SCHEME,
	SQUID_TIME,
	SQUID_USER,
	SQUID_STRANGE, /* what no policy has a word for */
	SQUID_KIND_COUNT
};

struct squid_words {
	struct str *items;
	size_t count, room;
};

struct squid_acl {
	struct str name, type;
	enum squid_kind kind;
	struct span_set set;      /* addresses, ports, minutes of the week */
	struct squid_words words; /* domains, users */
	unsigned bits;            /* methods, schemes */
	const char *why;          /* it is not known exactly */
};

struct squid_acls {
	struct squid_acl **items;
	size_t count, room;
};

/* What stands in the policy beside the rules. */
struct squid_access {
	struct import_line *line;
	bool allows;
	struct str *words; /* of the acls, with their `!` */
	size_t count;
	const char *why; /* it is not known when it is asked; or NULL */
};

struct squid_accesses {
	struct squid_access *items;
	size_t count, room;
};

struct squid_listen {
	struct import_line *line;
	struct str address; /* "10.0.0.1:3128" */
	bool intercepts, keeps_source;
};

struct squid_listens {
	struct squid_listen *items;
	size_t count, room;
};

struct squid {
	struct import_ruleset *rules;
	struct squid_acls acls;
	struct squid_accesses accesses; /* http_access */
	struct squid_accesses others;   /* what refuses beside it */
	struct squid_listens listens;
	struct text cache; /* "memory 256M, ..." */
	struct text parents;
	bool cache_memory, cache_refused;
	bool tell_client, tell_gateway;
	bool only_parents; /* never_direct allow */
	bool has_port;     /* it says where it listens */
	uint64_t memory_bytes, disk_bytes;
	uint64_t object_size; /* the largest one that is kept; 0: not said */
	char object_unit;
	uint64_t object_bytes;
	struct import_line *object_line;
	struct import_lines peers;
	unsigned parent_count;
	unsigned depth;      /* of files */
	unsigned conditions; /* of if ... endif */
};

/* "GET" as a bit; 0: no rule allows it. */
unsigned squid_method_bit(struct str name);
#define SQUID_METHODS_ALL 0x1ffU
void squid_methods_print(unsigned bits, struct text *out);

#define SQUID_SCHEME_HTTP  1U
#define SQUID_SCHEME_HTTPS 2U
#define SQUID_SCHEMES_ALL  3U

/* The acl, with those that squid has by itself; NULL. */
struct squid_acl *squid_acl_find(struct squid *squid, struct str name);

/* "acl NAME TYPE [-i] VALUE ..."; the line bears what cannot be said. */
void squid_acl_read(struct squid *squid, const char *file,
    const struct import_wordlist *words, struct import_line *line);

/* Those that squid has by itself. */
void squid_acls_begin(struct squid *squid);

/* A line that begins with one of the words that are known. */
typedef void squid_directive_fn(struct squid *squid, const char *file,
    const struct import_wordlist *words, struct import_line *line);

squid_directive_fn squid_take_cache_mem, squid_take_cache_dir,
    squid_take_object, squid_take_cache;

/* All minutes that there are. */
struct span_set squid_week(void);

/* The name of these hours; empty: all of the week.  at == NULL: there are too
 * many. */
struct str squid_hours(struct squid *squid, struct span_set minutes);

/* All of it. */
void squid_print(struct squid *squid, struct text *out);

/* The rules, in their order. */
void squid_access_print(struct squid *squid, struct text *out);

/* The names that they use. */
void squid_names_print(struct squid *squid, struct text *out);

/* A word of squid as a name of the policy; "" if it cannot be one. */
struct str squid_name(struct squid *squid, struct str word);

#endif
