/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dns/chance: numbers that nobody outside can guess.
 *
 * The kernel's, fetched for some questions at a time.  Any thread.
 */
#ifndef GATEHOUSE_DNS_CHANCE_H
#define GATEHOUSE_DNS_CHANCE_H

#include <stddef.h>

void dns_chance(void *to, size_t len); /* 64 bytes at most */

#endif
