/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/top_link.h"

#include "cli/control_client.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

/* A hundred and fifty flows: 2 ms of work between two looks at the keys. */
#define PIECE_BYTES 65536

void
top_link_close(struct top_link *link)
{
	if (link->fd >= 0)
		(void)close(link->fd);
	text_fini(&link->answer);
	*link = TOP_LINK_CLOSED;
}

int
top_link_ask(
    struct top_link *link, const char *runtime, const char *line, bool by_lines)
{
	top_link_close(link);
	int fd = control_say(runtime, line);
	if (fd < 0)
		return fd;
	link->fd = fd;
	link->by_lines = by_lines;
	return 0;
}

/* Cuts what is no longer needed off the answer's head. */
static void
keep_rest(struct top_link *link, struct str rest)
{
	struct text left = TEXT_EMPTY;

	text_add(&left, rest);
	text_fini(&link->answer);
	link->answer = left;
}

/* "STATUS\n", then the text. */
static int
take_status(struct top_link *link)
{
	struct str rest = text_str(&link->answer);
	uint64_t status;

	if (link->status >= 0 || str_find(rest, '\n') == rest.len)
		return 0;
	struct str first = str_cut(&rest, '\n');
	if (str_number(first, STATUS_WORLD, &status) < 0)
		return -EPROTO;
	link->status = (int)status;
	keep_rest(link, rest);
	return 0;
}

static void
give_lines(
    struct top_link *link, void (*each)(void *, struct str), void *context)
{
	struct str rest = text_str(&link->answer);

	while (str_find(rest, '\n') < rest.len)
		each(context, str_cut(&rest, '\n'));
	keep_rest(link, rest);
}

int
top_link_read(
    struct top_link *link, void (*each)(void *, struct str), void *context)
{
	char piece[PIECE_BYTES];
	ssize_t n = recv(link->fd, piece, sizeof(piece), MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 1 : -errno;
	text_add(&link->answer, (struct str){ piece, (size_t)n });
	int rc = link->answer.full ? -ENOMEM : take_status(link);
	if (rc < 0)
		return rc;
	if (link->by_lines && link->status == STATUS_GOOD)
		give_lines(link, each, context);
	if (n > 0)
		return 1;
	return link->status >= 0 ? 0 : -EPROTO;
}
