/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of dns/ share: chance that is the same each time. */
#ifndef GATEHOUSE_TESTS_DNS_HARNESS_H
#define GATEHOUSE_TESTS_DNS_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static inline uint64_t
harness_seed(void)
{
	return 0x9e3779b97f4a7c15;
}

/* xorshift64 */
static inline size_t
harness_below(uint64_t *chance, size_t count)
{
	*chance ^= *chance << 13;
	*chance ^= *chance >> 7;
	*chance ^= *chance << 17;
	return (size_t)(*chance % count);
}

#endif
