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
	uint32_t line;
	bool quoted, end; /* of a line */
	size_t from, to;  /* bytes of the file */
};

struct nft_tokens {
	struct nft_token *items;
	size_t count, room;
};

/* The elements of a set or of a `define`, as words. */
struct nft_words {
	struct str table, name;
	struct str *items;
	size_t count, room;
	const char *why; /* they are not all that it has */
};

struct nft_sets {
	struct nft_words **items;
	size_t count, room;
};

struct nft {
	struct import_ruleset *rules;
	const char *file;
	struct str text;
	struct nft_tokens tokens;
	size_t at;
	struct nft_sets sets;
	struct str table; /* "inet filter" */
	enum address_family family;
};

struct nft_values {
	struct str *items;
	size_t count, room;
};

struct nft_rules {
	struct import_rule *items;
	size_t count, room;
};

/* A rule under way.  `lost`: what follows is not understood any more. */
struct nft_draft {
	struct nft *nft;
	struct import_chain *chain;
	struct import_rule rule;
	size_t at, to;
	bool lost, decided;
	struct nft_rules split; /* of a vmap: a rule for each */
};

/* ---- import/nft_draft ---- */

/* Of the ruleset that is read: what is found lives as long. */
struct arena *nft_arena(struct nft_draft *draft);

/* So many tokens ahead; behind the last one stands the end of a line. */
const struct nft_token *nft_token_at(
    const struct nft_draft *draft, size_t ahead);
bool nft_is(const struct nft_draft *draft, size_t ahead, const char *word);

/* What follows is not understood because of this word. */
void nft_lose(struct nft_draft *draft, struct str word);

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

/* ---- import/nft_rule ---- */

/* One rule: tokens [from, to). */
void nft_rule_read(struct nft *nft, struct import_chain *chain, size_t from,
    size_t to, struct import_line *line);

#endif
