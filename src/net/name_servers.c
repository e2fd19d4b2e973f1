/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/name_servers.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define RESOLV_CONF "/etc/resolv.conf"

static int host_fd = -1; /* -1: by its path */

void
name_servers_use(int fd)
{
	host_fd = fd;
}

void
name_servers_look(struct stat *ret)
{
	int rc = host_fd >= 0 ? fstat(host_fd, ret) : stat(RESOLV_CONF, ret);

	if (rc < 0 || !S_ISREG(ret->st_mode))
		*ret = (struct stat){ 0 };
}

static void
add(struct name_servers *servers, struct address address)
{
	if (servers->count < NAME_SERVERS_MAX)
		servers->items[servers->count++] =
		    (struct address_port){ address, NAME_SERVERS_PORT };
}

/* The first word of what is left, which it is taken from. */
static struct str
next_word(struct str *rest)
{
	size_t begin = 0, end;

	while (begin < rest->len &&
	       (rest->at[begin] == ' ' || rest->at[begin] == '\t'))
		begin++;
	end = begin;
	while (end < rest->len && rest->at[end] != ' ' && rest->at[end] != '\t')
		end++;
	struct str word = str_skip(*rest, begin);
	word.len = end - begin;
	*rest = str_skip(*rest, end);
	return word;
}

void
name_servers_parse(struct str text, struct name_servers *ret)
{
	struct address address;

	*ret = (struct name_servers){ .count = 0 };
	while (text.len > 0) {
		struct str line = str_cut(&text, '\n');
		if (str_is(next_word(&line), "nameserver") &&
		    address_parse(next_word(&line), &address) == 0)
			add(ret, address);
	}
	if (ret->count == 0 && address_parse(STR("127.0.0.1"), &address) == 0)
		add(ret, address);
}

/* Several threads share the descriptor, and so its place in the file. */
int
name_servers_read(struct name_servers *ret)
{
	char bytes[NAME_SERVERS_BYTES_MAX];
	int fd =
	    host_fd >= 0 ? host_fd : open(RESOLV_CONF, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd >= 0 ? pread(fd, bytes, sizeof(bytes), 0) : 0;
	int rc = len < 0 && errno != EISDIR ? -errno : 0;

	if (fd >= 0 && fd != host_fd)
		(void)close(fd);
	if (rc == 0)
		name_servers_parse(
		    (struct str){ bytes, len > 0 ? (size_t)len : 0 }, ret);
	return rc;
}
