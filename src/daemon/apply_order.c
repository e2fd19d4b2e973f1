/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/apply_order.h"

static bool
take_end(struct str *words, struct address_port *ret)
{
	struct str address = str_cut(words, ' '), port = str_cut(words, ' ');
	uint64_t number;

	if (address_parse(address, &ret->address) < 0 ||
	    str_number(port, UINT16_MAX, &number) < 0)
		return false;
	ret->port = (uint16_t)number;
	return true;
}

bool
apply_order_session(struct apply_order *order, struct str words)
{
	return take_end(&words, &order->client) &&
	       take_end(&words, &order->server);
}
