/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/mint, for its own files: mint.c keeps, mint_make.c makes.
 */
#ifndef GATEHOUSE_NET_MINT_IMPL_H
#define GATEHOUSE_NET_MINT_IMPL_H

#include "net/mint.h"

#include "net/authority_impl.h"

/* 0, or as mint_make says. */
int mint_sign(const struct authority *authority, EVP_PKEY *key,
    const struct mint_order *order, X509 **ret);

#endif
