/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/range.h"

#include <stdio.h>

struct address
import_address_fill(struct address address, unsigned bits, bool ones)
{
	unsigned width = address_width(address) * 8;

	for (unsigned i = width - bits; i < width; i++) {
		if (ones)
			address.bytes[i / 8] |= (uint8_t)(0x80U >> i % 8);
		else
			address.bytes[i / 8] &= (uint8_t) ~(0x80U >> i % 8);
	}
	return address;
}

/* "192.0.2.0/255.255.255.0": a mask of ones and then noughts. */
static bool
masked_parse(struct str text, struct address_range *ret)
{
	struct str mask = text, base = str_cut(&mask, '/');
	struct address ones;
	const char *why;
	unsigned bits = 0;
	char prefix[ADDRESS_TEXT_BYTES * 2];

	if (address_parse(mask, &ones) < 0)
		return false;
	while (bits < address_width(ones) * 8 &&
	       (ones.bytes[bits / 8] & (0x80U >> bits % 8)) != 0)
		bits++;
	for (unsigned i = bits; i < address_width(ones) * 8; i++)
		if ((ones.bytes[i / 8] & (0x80U >> i % 8)) != 0)
			return false;
	int len =
	    snprintf(prefix, sizeof(prefix), "%.*s/%u", STR_ARG(base), bits);
	return len > 0 && (size_t)len < sizeof(prefix) &&
	       address_range_parse(str_of(prefix), ret, &why) == 0;
}

/* "192.0.2.1/24" is the network that the address is in. */
static bool
network_parse(struct str text, struct address_range *ret)
{
	struct str length = text, base = str_cut(&length, '/');
	struct address address;
	uint64_t bits, width;

	if (address_parse(base, &address) < 0)
		return false;
	width = address_width(address) * 8;
	if (str_number(length, width, &bits) < 0)
		return false;
	ret->first =
	    import_address_fill(address, (unsigned)(width - bits), false);
	ret->last =
	    import_address_fill(address, (unsigned)(width - bits), true);
	return true;
}

bool
import_range_parse(struct str text, struct address_range *ret)
{
	const char *why;

	return address_range_parse(text, ret, &why) == 0 ||
	       masked_parse(text, ret) || network_parse(text, ret);
}
