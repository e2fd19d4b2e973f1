/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/call_row: how the lists of daemon/call_list are written.
 *
 *	CALL(read)			whatever its arguments are
 *	CALL_1(prctl, IS(0, number))	if its first argument is the number
 *	CALL_1(mmap, BITS(2, mask, 0))	if none of the bits are set in its third
 *	CALL_FAILS(clone3, ENOSYS)	never, and it is not told of
 *
 * Arguments of the kernel's that are int are compared by their 32 bits, as the
 * kernel does it.
 */
#ifndef GATEHOUSE_DAEMON_CALL_ROW_H
#define GATEHOUSE_DAEMON_CALL_ROW_H

#include "daemon/call_list.h"

/* clang-format off */
#define IS(argument, number) { (argument), 0xffffffffu, (uint32_t)(number) }
#define BITS(argument, mask, number) { (argument), (mask), (number) }

#define CALL(call)           { .name = #call }
#define CALL_FAILS(call, by) { .name = #call, .error = (by) }
#define CALL_1(call, a)                                                        \
	{ .name = #call, .count = 1, .conditions = { a } }
#define CALL_2(call, a, b)                                                     \
	{ .name = #call, .count = 2, .conditions = { a, b } }
#define CALL_3(call, a, b, c)                                                  \
	{ .name = #call, .count = 3, .conditions = { a, b, c } }
/* clang-format on */

#endif
