/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/vec.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 8

int
vec_room(void *items, size_t count, size_t *room, size_t size)
{
	void *old, *grown;
	size_t more = *room > 0 ? *room * 2 : ROOM_FIRST;

	if (count < *room)
		return 0;
	if (more < *room || more > SIZE_MAX / size)
		return -ENOMEM;
	memcpy(&old, items, sizeof(old)); /* items is T **, for any T */
	grown = realloc(old, more * size);
	if (grown == NULL)
		return -ENOMEM;
	memcpy(items, &grown, sizeof(grown));
	*room = more;
	return 0;
}
