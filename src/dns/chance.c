/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns/chance.h"

#include "base/must.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define ROOM 1024

void
dns_chance(void *to, size_t len)
{
	static _Thread_local unsigned char room[ROOM];
	static _Thread_local size_t left;

	must(len <= 64);
	if (left < len) {
		/* At boot it waits until the kernel has any; a signal may come
		 * between. */
		while (getrandom(room, sizeof(room), 0) != ROOM)
			must(errno == EINTR);
		left = ROOM;
	}
	left -= len;
	memcpy(to, room + left, len);
	memset(room + left, 0, len);
}
