/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/word.h"

#include "net/socket.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

int
exec_word_send(
    int fd, const struct exec_word *word, const int *fds, size_t fds_count)
{
	struct str bytes = { (const char *)word, sizeof(*word) };

	return socket_send(fd, bytes, fds, fds_count);
}

int
exec_word_say(int fd, enum exec_word_kind kind, int value)
{
	const struct exec_word word = { .kind = kind, .value = value };

	return exec_word_send(fd, &word, NULL, 0);
}

static int
wait_for(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	return poll(&ready, 1, -1) < 0 && errno != EINTR ? -errno : 0;
}

int
exec_word_receive(
    int fd, struct exec_word *ret, int *ret_fds, size_t *fds_count)
{
	struct socket_message message = { .bytes = ret, .room = sizeof(*ret) };
	size_t room = *fds_count;
	int rc;

	while ((rc = socket_receive(fd, &message)) == -EAGAIN)
		if ((rc = wait_for(fd)) < 0)
			return rc;
	*fds_count = 0;
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < message.fds_count; i++) {
		if (i < room)
			ret_fds[(*fds_count)++] = message.fds[i];
		else
			(void)close(message.fds[i]);
	}
	if (message.len == 0)
		return -EPIPE;
	ret->words[sizeof(ret->words) - 1] = '\0';
	return message.len == sizeof(*ret) ? 0 : -EBADMSG;
}
