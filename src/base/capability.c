/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/capability.h"

#include <errno.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

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

int
capability_get(uint64_t *ret_effective, uint64_t *ret_permitted)
{
	struct __user_cap_header_struct header = own_header();
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	*ret_effective = data[0].effective | (uint64_t)data[1].effective << 32;
	*ret_permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	return 0;
}

int
capability_set(uint64_t kept)
{
	struct __user_cap_header_struct header = own_header();
	const struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
		{ .effective = LOW(kept), .permitted = LOW(kept) },
		{ .effective = HIGH(kept), .permitted = HIGH(kept) },
	};

	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

/* Those above the kernel's last one are not there to be dropped. */
int
capability_bound(uint64_t kept)
{
	for (int i = 0; i < 64; i++) {
		if ((kept & CAPABILITY_BIT(i)) != 0 ||
		    prctl(PR_CAPBSET_READ, i, 0, 0, 0) != 1)
			continue;
		if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0)
			return -errno;
	}
	return 0;
}
