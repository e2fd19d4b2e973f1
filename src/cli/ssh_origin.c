/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/ssh_origin.h"

#include "base/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A shell in a terminal in a shell in a sudo is five. */
#define ANCESTORS_MAX 64

#define VARIABLE "SSH_CONNECTION="

/* "CLIENT PORT SERVER PORT"; an address may have a zone: fe80::1%eth0. */
static bool
parse_end(struct str *value, struct address_port *ret)
{
	struct str address = str_cut(value, ' '), port = str_cut(value, ' ');
	uint64_t number;

	if (address_parse(str_cut(&address, '%'), &ret->address) < 0 ||
	    str_number(port, UINT16_MAX, &number) < 0)
		return false;
	ret->port = (uint16_t)number;
	return true;
}

static bool
parse_session(struct str value, struct ssh_session *ret)
{
	return parse_end(&value, &ret->client) &&
	       parse_end(&value, &ret->server);
}

/* The kernel's files say no length: what is read is what there is. */
static void
read_stream(const char *path, struct text *ret)
{
	char chunk[4096];
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && (n = read(fd, chunk, sizeof(chunk))) > 0)
		text_add(ret, (struct str){ chunk, (size_t)n });
	if (fd >= 0)
		(void)close(fd);
}

static bool
find_in_environment(pid_t pid, struct ssh_session *ret)
{
	struct text all = TEXT_EMPTY;
	char path[64];
	bool found = false;

	(void)snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	read_stream(path, &all);
	struct str rest = text_str(&all);
	while (!found && rest.len > 0) {
		struct str one = str_cut(&rest, '\0');
		found = str_starts(one, STR(VARIABLE)) &&
			parse_session(str_skip(one, strlen(VARIABLE)), ret);
	}
	text_fini(&all);
	return found;
}

/* "PID (NAME) STATE PARENT ..."; the name may hold anything. */
static pid_t
parent_of(pid_t pid)
{
	struct text stat = TEXT_EMPTY;
	char path[64], state;
	int parent = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	read_stream(path, &stat);
	const char *behind = stat.at != NULL ? strrchr(stat.at, ')') : NULL;
	if (behind == NULL || sscanf(behind, ") %c %d", &state, &parent) != 2)
		parent = 0;
	text_fini(&stat);
	return parent;
}

bool
ssh_session_find(struct ssh_session *ret)
{
	const char *own = getenv("SSH_CONNECTION");
	pid_t pid = getppid();

	if (own != NULL)
		return parse_session(str_of(own), ret);
	for (int i = 0; i < ANCESTORS_MAX && pid > 1; i++) {
		if (find_in_environment(pid, ret))
			return true;
		pid = parent_of(pid);
	}
	return false;
}

bool
ssh_origin_find(struct address *ret)
{
	struct ssh_session session;

	if (!ssh_session_find(&session))
		return false;
	*ret = session.client.address;
	return true;
}
