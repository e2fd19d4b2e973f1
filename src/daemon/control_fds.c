/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/control_fds.h"

#include "base/vec.h"
#include "net/socket.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

/* Each message has a byte, and the last one what is left. */
int
control_fds_send(int fd, struct str bytes, const struct control_fds *fds)
{
	size_t at = 0;
	int rc = 0;

	while (at < fds->count && rc == 0) {
		size_t left = fds->count - at;
		size_t some = left < SOCKET_FDS_MAX ? left : SOCKET_FDS_MAX;
		size_t len = some == left ? bytes.len : 1;
		rc = socket_send(
		    fd, (struct str){ bytes.at, len }, fds->items + at, some);
		bytes = str_skip(bytes, len);
		at += some;
	}
	return rc;
}

static int
keep(const struct socket_message *message, struct control_fds *fds)
{
	int rc = 0;

	for (size_t i = 0; i < message->fds_count; i++) {
		if (rc == 0 && fds->count == CONTROL_FDS_MAX)
			rc = -E2BIG;
		if (rc == 0)
			rc = VEC_ADD(fds, message->fds[i]);
		if (rc < 0)
			(void)close(message->fds[i]);
	}
	return rc;
}

int
control_fds_receive(int fd, struct text *ret, struct control_fds *fds)
{
	char chunk[16384];
	struct socket_message message = { .bytes = chunk,
		.room = sizeof(chunk) };
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	for (;;) {
		int rc = socket_receive(fd, &message);
		if (rc == -EAGAIN) {
			(void)poll(&wait, 1, -1);
			continue;
		}
		if (rc == 0)
			rc = keep(&message, fds);
		if (rc < 0)
			return rc;
		if (message.len == 0)
			return ret->full ? -ENOMEM : 0;
		text_add(ret, (struct str){ chunk, message.len });
	}
}

void
control_fds_fini(struct control_fds *fds)
{
	for (size_t i = 0; i < fds->count; i++)
		(void)close(fds->items[i]);
	free(fds->items);
	*fds = (struct control_fds){ 0 };
}
