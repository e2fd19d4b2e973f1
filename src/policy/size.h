/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/size: how many bytes, as people write it.
 *
 * A whole number and one unit of 1024 each: `64K`, `512M`, `20G`, `2T`.
 */
#ifndef GATEHOUSE_POLICY_SIZE_H
#define GATEHOUSE_POLICY_SIZE_H

#include "base/text.h"

/* Longer is most likely a slip, and far below what 64 bits hold. */
#define SIZE_TERABYTES_MAX 1024

/* 0 and bytes, or -EINVAL with *reterr_why.  `0M` is a size. */
int size_parse(struct str text, uint64_t *ret, const char **reterr_why);

/* As short as it is exact: 1024 megabytes are `1G`.  Whole kilobytes only. */
void size_add(uint64_t bytes, struct text *out);

#endif
