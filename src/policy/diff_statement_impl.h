/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/diff_statement, for its own files: diff_statement.c compares
 * statements and diff_setting.c the lines of blocks, diff_statement_same.c says
 * what is the same, diff_statement_words.c puts them into words.
 */
#ifndef GATEHOUSE_POLICY_DIFF_STATEMENT_IMPL_H
#define GATEHOUSE_POLICY_DIFF_STATEMENT_IMPL_H

#include "policy/diff_statement.h"

struct statement_telling {
	const struct policy *before, *after;
	void (*each)(void *context, struct str statement, bool is_new);
	void *context;
	int rc; /* 0 or -ENOMEM */
};

/* Takes the words. */
void statement_tell(
    struct statement_telling *telling, struct text *words, bool is_new);

/* What blocks say; in words, one by one. */
void statement_diff_settings(struct statement_telling *telling);

/* "192.0.2.1, 2001:db8::1", or the one that there is. */
void statement_add_addresses(
    struct address a4, struct address a6, struct text *out);

/*
 * Whether the same lives in these zones of two policies, whatever they are
 * called; by which interfaces is told of those.
 */
bool statement_zones_same(const struct policy *policy, uint64_t zones,
    const struct policy *other, uint64_t others);

/* 1, 0 or -ENOMEM; NULL: nobody. */
int statement_members_same(const struct policy *before,
    const struct policy_endpoint *a, const struct policy *after,
    const struct policy_endpoint *b);
int statement_snats_same(const struct policy *before,
    const struct policy_snat *a, const struct policy *after,
    const struct policy_snat *b);

bool statement_maps_same(const struct policy *before,
    const struct policy_map *a, const struct policy *after,
    const struct policy_map *b);
bool statement_listens_same(const struct policy *before,
    const struct policy_listen *a, const struct policy *after,
    const struct policy_listen *b);
bool statement_keeps_same(const struct policy *before,
    const struct policy_intercept *a, const struct policy *after,
    const struct policy_intercept *b);

#endif
