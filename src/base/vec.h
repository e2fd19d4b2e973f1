/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/vec: arrays that grow.
 *
 * A struct keeps `T *items; size_t count, room;` and asks vec_room before it
 * appends.  The items are on the heap and move when they grow: keep indexes,
 * not pointers, across an append.
 */
#ifndef GATEHOUSE_BASE_VEC_H
#define GATEHOUSE_BASE_VEC_H

#include <stddef.h>

/*
 * Makes room for one more item of `size` bytes.  *items and *room change
 * together.  0 or -ENOMEM, and then nothing changed.
 */
int vec_room(void *items, size_t count, size_t *room, size_t size);

/* VEC_ADD(&list, item): appends; 0 or -ENOMEM. */
#define VEC_ADD(list, ...)                                                     \
	(vec_room(&(list)->items, (list)->count, &(list)->room,                \
	     sizeof(*(list)->items)) < 0                                       \
		? -ENOMEM                                                      \
		: ((list)->items[(list)->count++] = (__VA_ARGS__), 0))

#endif
