/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/nft_impl: a ruleset of nft while it is read.
 */
#ifndef GATEHOUSE_IMPORT_NFT_IMPL_H
#define GATEHOUSE_IMPORT_NFT_IMPL_H

#include "import/nft.h"

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

/* A set by its name in the table that is read; NULL. */
const struct nft_words *nft_set_find(
    const struct nft *nft, struct str table, struct str name);

/* One rule: tokens [from, to). */
void nft_rule_read(struct nft *nft, struct import_chain *chain, size_t from,
    size_t to, struct import_line *line);

#endif
