/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/capability: the capabilities(7) of this thread, as sets of bits.
 */
#ifndef GATEHOUSE_BASE_CAPABILITY_H
#define GATEHOUSE_BASE_CAPABILITY_H

#include <linux/capability.h>
#include <stdint.h>

#define CAPABILITY_BIT(number) (UINT64_C(1) << (number))

/* 0 or a negative errno. */
int capability_get(uint64_t *ret_effective, uint64_t *ret_permitted);

/* Permitted and in force are these, which must be permitted already; nothing
 * is inheritable or ambient.  0 or a negative errno. */
int capability_set(uint64_t kept);

/* None but these can ever be had again.  0; -EPERM without CAP_SETPCAP. */
int capability_bound(uint64_t kept);

#endif
