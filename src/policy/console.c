/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/console.h"

bool
policy_console_listens(
    const struct policy_console *console, struct address_port at)
{
	for (size_t i = 0; i < console->listen_count; i++)
		if (console->listens[i].port == at.port &&
		    address_eq(console->listens[i].address, at.address))
			return true;
	return false;
}

bool
policy_console_takes(const struct policy_console *console, uint8_t from_zone,
    struct address_port at)
{
	return from_zone < 64 && (console->zones >> from_zone & 1) != 0 &&
	       policy_console_listens(console, at);
}
