/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/nft_impl: a ruleset of nft while it is read.
 */
#ifndef GATEHOUSE_IMPORT_NFT_IMPL_H
#define GATEHOUSE_IMPORT_NFT_IMPL_H

#include "import/nft.h"
#include "import/service.h"

/* A word, a string, or one of { } , ; ( ) and the end of a line. */
struct nft_token {
	struct str text;
	const char *file;
	uint32_t line;
	bool quoted, end;      /* of a line */
	const char *from, *to; /* in the text of its file */
};

struct nft_tokens {
	struct nft_token *items;
	size_t count, room;
};

/* Tokens [from, to). */
struct nft_span {
	size_t from, to;
};

/* A set, a map or a `define`, whose elements stand in these places. */
struct nft_set {
	struct str table, name;
	struct nft_span *items;
	size_t count, room;
	const char *why; /* they are not all that it has */
};

struct nft_sets {
	struct nft_set **items;
	size_t count, room;
};

struct nft {
	struct import_ruleset *rules;
	const char *file;
	struct nft_tokens tokens;
	size_t at;
	struct nft_sets sets;
	struct str table; /* "inet filter" */
	enum address_family family;
	bool inserts;    /* rules come before those that are there */
	size_t inserted; /* so many did, of the line that is read */
	size_t steps;    /* elements that were looked at */
};

struct nft_values {
	struct str *items;
	size_t count, room;
};

struct nft_rules {
	struct import_rule *items;
	size_t count, room;
};

/* Keys that are asked at once: "ip saddr . tcp dport". */
#define NFT_KEYS_MAX 5

struct nft_keys {
	size_t rows[NFT_KEYS_MAX];
	size_t count;
};

/* A rule under way.  `lost`: what follows is not understood any more. */
struct nft_draft {
	struct nft *nft;
	struct import_chain *chain;
	struct import_rule rule;
	size_t at, to;
	bool lost, decided;
	struct nft_keys keys;     /* of the match that is read */
	struct nft_values values; /* of the only one of them */
	struct import_rule whole; /* before the match */
	size_t after, end;        /* where it ends, and the rule */
	size_t pieces;            /* so many elements become rules */
	struct nft_rules split;   /* of a vmap: a rule for each */
	bool forked;              /* each has become a rule */
};

/* ---- import/nft_token ---- */

/* All of the text, and of the files that it includes. */
void nft_tokenize(struct nft *nft, struct str text);

/* ---- import/nft_draft ---- */

/* Of the ruleset that is read: what is found lives as long. */
struct arena *nft_arena(struct nft_draft *draft);

/* So many tokens ahead; behind the last one stands the end of a line. */
const struct nft_token *nft_token_at(
    const struct nft_draft *draft, size_t ahead);
bool nft_is(const struct nft_draft *draft, size_t ahead, const char *word);

/* What follows is not understood because of this word. */
void nft_lose(struct nft_draft *draft, struct str word);

/* ---- import/nft_set ---- */

/* One element: of as many values as there are keys. */
struct nft_element {
	struct str values[NFT_KEYS_MAX];
	size_t count;
	const char *why; /* it is not known exactly */
};

/* Of a map, `draft` stands where its verdict is. */
typedef void nft_element_fn(
    struct nft_draft *draft, const struct nft_element *element);

/* NULL when memory ends. */
struct nft_set *nft_set_add(struct nft *nft, struct str table, struct str name);

/* The last one of that name; NULL. */
struct nft_set *nft_set_find(
    const struct nft *nft, struct str table, struct str name);

/* Tokens [from, to) are elements of it too. */
void nft_set_extend(
    struct nft *nft, struct nft_set *set, size_t from, size_t to);

/* The values that stand here, without what may stand behind them. */
void nft_element_take(struct nft_draft *draft, struct nft_element *element);

/* Each element, and those of the sets and defines among them. */
void nft_elements_visit(struct nft_draft *draft, size_t from, size_t to,
    nft_element_fn *each, unsigned depth);
void nft_set_visit(struct nft_draft *draft, const struct nft_set *set,
    nft_element_fn *each, unsigned depth);

/* Those that stand here, in braces or with commas, which are read over. */
void nft_values_visit(struct nft_draft *draft, nft_element_fn *each);

/* ---- import/nft_match ---- */

void nft_narrow(
    struct nft_draft *draft, struct span_set set, bool negated, bool src);
struct span_set nft_whole_line(struct nft_draft *draft, enum service_line line);

/* "ip saddr" and what it asks for. */
typedef void nft_match_fn(
    struct nft_draft *draft, const struct nft_values *values, bool negated);

struct nft_key {
	const char *words[3];
	nft_match_fn *match;
};

extern const struct nft_key nft_keys[];
extern const size_t nft_key_count;

/* What is known of a match whose values are not: its family, its protocol. */
void nft_match_roughly(struct nft_draft *draft, size_t row);

/* ---- import/nft_statement ---- */

/* A statement that is known, which is read over; false: there is none. */
bool nft_statement_read(struct nft_draft *draft);

/* ---- import/nft_rule ---- */

/* One rule: tokens [from, to). */
void nft_rule_read(struct nft *nft, struct import_chain *chain, size_t from,
    size_t to, struct import_line *line);

/* ---- import/nft_table ---- */

/* Where the statement ends that begins here: its line, `;`, the block. */
size_t nft_statement_end(const struct nft *nft);

/* These tokens as a line of the file; NULL when memory ends. */
struct import_line *nft_line(struct nft *nft, size_t from, size_t to);

const struct nft_token *nft_peek(const struct nft *nft);
bool nft_at(const struct nft *nft, const char *word);
struct str nft_take(struct nft *nft);

/* "inet filter": the family and the name, which may be of ip alone.  False: no
 * word for its family. */
bool nft_take_table(struct nft *nft);

/* Blocks, from their `{` on. */
void nft_table_read(struct nft *nft);
void nft_chain_read(struct nft *nft, struct str name);
void nft_set_read(struct nft *nft, struct str name);

/* "define NAME = VALUE": a set that `$NAME` names. */
void nft_define_read(struct nft *nft);

/* What cannot be read may have refused everything. */
void nft_unread(struct nft *nft, struct import_chain *chain);

#endif
