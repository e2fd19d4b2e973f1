/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A message from the other process, which is not trusted: what is taken has the
 * length of its type, and texts that end.
 */
#include "daemon/channel.h"
#include "base/must.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int ends[2] = { -1, -1 };

/* The first byte says whether a descriptor comes along. */
static void
tell(const uint8_t *data, size_t size)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec bytes = { (void *)(uintptr_t)(data + 1), size - 1 };
	struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1 };

	if ((data[0] & 1) != 0) {
		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		struct cmsghdr *head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(head), &ends[0], sizeof(int));
	}
	must(sendmsg(ends[1], &message, 0) == (ssize_t)size - 1);
}

static bool
ends_within(const char *text, size_t room)
{
	return memchr(text, '\0', room) != NULL;
}

static void
check(const struct channel_message *message)
{
	must(message->type < CHANNEL_TYPE_COUNT);
	must(channel_type_word((enum channel_type)message->type) != NULL);
	if (message->type == CHANNEL_FILE)
		must(ends_within(
		    message->file.path, sizeof(message->file.path)));
	if (message->type == CHANNEL_REFUSED)
		must(ends_within(
		    message->words.words, sizeof(message->words.words)));
	if (message->type == CHANNEL_ASK)
		must(
		    ends_within(message->ask.line, sizeof(message->ask.line)) &&
		    ends_within(
			message->ask.token, sizeof(message->ask.token)));
	if (message->type == CHANNEL_QUOTAS)
		must(message->quotas.count <= CHANNEL_QUOTAS_MAX);
	if (message->type == CHANNEL_PINS) {
		must(message->pins.count <= CHANNEL_PINS_MAX);
		for (uint32_t i = 0; i < message->pins.count; i++)
			must(ends_within(message->pins.items[i].name,
			    sizeof(message->pins.items[i].name)));
	}
	if (message->type == CHANNEL_OWN)
		must(message->own.count <= CHANNEL_OWN_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct channel_message message;
	int fd = -1;

	if (ends[0] < 0)
		must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0,
			 ends) == 0);
	if (size < 2 || size > sizeof(message) + 16)
		return 0;
	tell(data, size);
	if (channel_receive(ends[0], &message, &fd) == 0)
		check(&message);
	if (fd >= 0)
		(void)close(fd);
	must(channel_receive(ends[0], &message, &fd) == -EAGAIN);
	return 0;
}
