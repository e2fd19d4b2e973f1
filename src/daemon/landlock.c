/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/landlock.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * The kernel's interface, in numbers of our own: the headers of Debian 12 know
 * version 2, and its C library has no functions for it.
 */
#define CREATE_RULESET_VERSION (1u << 0)
#define RULE_PATH_BENEATH      1
#define RULE_NET_PORT          2

#define FS_WRITE_FILE  (UINT64_C(1) << 1)
#define FS_READ_FILE   (UINT64_C(1) << 2)
#define FS_READ_DIR    (UINT64_C(1) << 3)
#define FS_REMOVE_FILE (UINT64_C(1) << 5)
#define FS_MAKE_REG    (UINT64_C(1) << 8)
#define FS_TRUNCATE    (UINT64_C(1) << 14)

#define NET_BIND_TCP (UINT64_C(1) << 0)

#define SCOPE_ABSTRACT_UNIX_SOCKET (UINT64_C(1) << 0)
#define SCOPE_SIGNAL               (UINT64_C(1) << 1)

/* Kernels that know less take a shorter one. */
struct ruleset {
	uint64_t fs, net, scoped;
};

struct path_beneath {
	uint64_t allowed;
	int32_t folder;
} __attribute__((packed));

struct net_port {
	uint64_t allowed;
	uint64_t port;
};

/* What each version brought; the rest of the kernel's list is none of ours. */
static const struct {
	uint64_t fs; /* all of it */
	size_t bytes;
	uint64_t net, scoped;
} versions[] = {
	{ (UINT64_C(1) << 13) - 1, offsetof(struct ruleset, net), 0, 0 },
	{ (UINT64_C(1) << 14) - 1, offsetof(struct ruleset, net), 0, 0 },
	{ (UINT64_C(1) << 15) - 1, offsetof(struct ruleset, net), 0, 0 },
	{ (UINT64_C(1) << 15) - 1, offsetof(struct ruleset, scoped),
	    NET_BIND_TCP, 0 },
	{ (UINT64_C(1) << 16) - 1, offsetof(struct ruleset, scoped),
	    NET_BIND_TCP, 0 },
	{ (UINT64_C(1) << 16) - 1, sizeof(struct ruleset), NET_BIND_TCP,
	    SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL },
};

#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

/* What the cache does in its folder (cache/disk_file, cache/disk_start). */
#define IN_THE_FOLDER                                                          \
	(FS_WRITE_FILE | FS_READ_FILE | FS_READ_DIR | FS_REMOVE_FILE |         \
	    FS_MAKE_REG | FS_TRUNCATE)

static int
add_folder(int ruleset, int folder, uint64_t known)
{
	struct path_beneath beneath = {
		.allowed = IN_THE_FOLDER & known,
		.folder = folder,
	};

	return syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH,
		   &beneath, 0u) < 0
		   ? -errno
		   : 0;
}

/* Port 0 is whichever the kernel has to spare: to say the address alone. */
static int
add_no_port(int ruleset)
{
	const struct net_port none = { .allowed = NET_BIND_TCP, .port = 0 };

	return syscall(
		   SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &none, 0u) < 0
		   ? -errno
		   : 0;
}

static int
enter(int ruleset)
{
	return syscall(SYS_landlock_restrict_self, ruleset, 0u) < 0 ? -errno
								    : 0;
}

static int
enter_folder(int ruleset, int folder, const struct ruleset *wanted)
{
	int rc = folder >= 0 ? add_folder(ruleset, folder, wanted->fs) : 0;

	if (rc == 0 && (wanted->net & NET_BIND_TCP) != 0)
		rc = add_no_port(ruleset);
	return rc < 0 ? rc : enter(ruleset);
}

/* 0 with what the kernel knows of Landlock, or a negative errno. */
static int
ask_version(struct ruleset *ret, size_t *ret_bytes)
{
	long version = syscall(
	    SYS_landlock_create_ruleset, NULL, 0ul, CREATE_RULESET_VERSION);

	if (version < 1)
		return version < 0 ? -errno : -EOPNOTSUPP;
	size_t at = (size_t)version < VERSIONS ? (size_t)version : VERSIONS;
	*ret = (struct ruleset){
		.fs = versions[at - 1].fs,
		.net = versions[at - 1].net,
		.scoped = versions[at - 1].scoped,
	};
	*ret_bytes = versions[at - 1].bytes;
	return (int)version;
}

int
landlock_confine(int folder)
{
	struct ruleset wanted;
	size_t bytes;
	int version = ask_version(&wanted, &bytes);

	if (version < 0)
		return version;
	int ruleset =
	    (int)syscall(SYS_landlock_create_ruleset, &wanted, bytes, 0u);
	if (ruleset < 0)
		return -errno;
	int rc = enter_folder(ruleset, folder, &wanted);
	(void)close(ruleset);
	return rc < 0 ? rc : version;
}

/* No rule allows what the ruleset names, so none of that is left. */
int
landlock_only_read(void)
{
	struct ruleset wanted;
	size_t bytes;
	int version = ask_version(&wanted, &bytes);

	if (version < 0)
		return version;
	wanted.fs &= ~(FS_READ_FILE | FS_READ_DIR);
	int ruleset =
	    (int)syscall(SYS_landlock_create_ruleset, &wanted, bytes, 0u);
	if (ruleset < 0)
		return -errno;
	int rc = enter(ruleset);
	(void)close(ruleset);
	return rc < 0 ? rc : version;
}

#define VERSION_OF_SCOPES 6

int
landlock_scope(void)
{
	const struct ruleset wanted = { .scoped = SCOPE_ABSTRACT_UNIX_SOCKET |
						  SCOPE_SIGNAL };
	long version = syscall(
	    SYS_landlock_create_ruleset, NULL, 0ul, CREATE_RULESET_VERSION);

	if (version < VERSION_OF_SCOPES)
		return -EOPNOTSUPP;
	int ruleset = (int)syscall(
	    SYS_landlock_create_ruleset, &wanted, sizeof(wanted), 0u);
	if (ruleset < 0)
		return -errno;
	int rc =
	    syscall(SYS_landlock_restrict_self, ruleset, 0u) < 0 ? -errno : 0;
	(void)close(ruleset);
	return rc;
}
