/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/capabilities.h"

#include <errno.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BIT(number) (UINT64_C(1) << (number))

/* One set, in the two halves that the kernel has it in. */
#define LOW(set)  ((uint32_t)((set)&UINT32_MAX))
#define HIGH(set) ((uint32_t)((set) >> 32))

static struct __user_cap_header_struct
own_header(void)
{
	return (struct __user_cap_header_struct){
		.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0
	};
}

static int
get(uint64_t *ret_effective, uint64_t *ret_permitted)
{
	struct __user_cap_header_struct header = own_header();
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	*ret_effective = data[0].effective | (uint64_t)data[1].effective << 32;
	*ret_permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	return 0;
}

static int
set(uint64_t kept)
{
	struct __user_cap_header_struct header = own_header();
	const struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
		{ .effective = LOW(kept), .permitted = LOW(kept) },
		{ .effective = HIGH(kept), .permitted = HIGH(kept) },
	};

	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

/* Those above the kernel's last one are not there to be dropped. */
static int
bound(uint64_t kept)
{
	for (int i = 0; i < 64; i++) {
		if ((kept & BIT(i)) != 0 ||
		    prctl(PR_CAPBSET_READ, i, 0, 0, 0) != 1)
			continue;
		if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0)
			return -errno;
	}
	return 0;
}

/* The bounding set first, for that takes one of those that go. */
int
capabilities_keep(bool modules)
{
	uint64_t kept = modules ? BIT(CAPABILITY_FOR_MODULES) : 0;
	uint64_t effective = 0, permitted = 0;
	int rc = get(&effective, &permitted);

#define ROW(name, number, why) kept |= BIT(number);
	CAPABILITIES(ROW)
#undef ROW
	if (rc == 0)
		rc = bound(kept);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	int rest = set(kept & permitted);
	return rc < 0 ? rc : rest;
}

void
capabilities_bound_none(void)
{
	(void)bound(0);
}

int
capabilities_drop_all(void)
{
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return set(0);
}

uint64_t
capabilities_now(void)
{
	uint64_t effective = 0, permitted = 0;

	return get(&effective, &permitted) == 0 ? effective : 0;
}
