/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/capabilities.h"

#include "base/capability.h"

/* The bounding set first, for that takes one of those that go. */
int
capabilities_keep(bool modules)
{
	uint64_t kept = modules ? CAPABILITY_BIT(CAPABILITY_FOR_MODULES) : 0;
	uint64_t effective = 0, permitted = 0;
	int rc = capability_get(&effective, &permitted);

#define ROW(name, number, why) kept |= CAPABILITY_BIT(number);
	CAPABILITIES(ROW)
#undef ROW
	if (rc == 0)
		rc = capability_bound(kept);
	int rest = capability_set(kept & permitted);
	return rc < 0 ? rc : rest;
}

void
capabilities_bound_none(void)
{
	(void)capability_bound(0);
}

int
capabilities_drop_all(void)
{
	return capability_set(0);
}

uint64_t
capabilities_now(void)
{
	uint64_t effective = 0, permitted = 0;

	return capability_get(&effective, &permitted) == 0 ? effective : 0;
}
