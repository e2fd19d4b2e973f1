/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/mint, for its own files: mint.c keeps, mint_make.c makes, mint_stock.c
 * has what is the same for all ready.
 */
#ifndef GATEHOUSE_NET_MINT_IMPL_H
#define GATEHOUSE_NET_MINT_IMPL_H

#include "net/mint.h"

#include "net/authority_impl.h"

/*
 * A certificate of all that is the same for every server: nobody's yet.  NULL:
 * no memory.
 */
X509 *mint_blank(const struct authority *authority, EVP_PKEY *key);

/* Makes one of a blank.  0, or as mint_make says: then it is spoilt. */
int mint_sign(const struct authority *authority, X509 *blank,
    const struct mint_order *order);

/* ---- mint_stock ---- */

struct mint_stock;

/* Both are lent until it is destroyed.  NULL: no memory, or no thread. */
struct mint_stock *mint_stock_create(
    const struct authority *authority, EVP_PKEY *key);
void mint_stock_destroy(struct mint_stock *stock); /* NULL is fine */

/* A blank, the caller's; NULL: there is none at the moment. */
X509 *mint_stock_take(struct mint_stock *stock);

#endif
