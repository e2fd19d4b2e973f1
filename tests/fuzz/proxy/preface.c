/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A balancer's header on any bytes.  Besides not crashing:
 * - it takes no more than there is, at least a byte, and no more than its bound;
 * - how the bytes arrive makes no difference, and what follows neither;
 * - a client's source is an address.
 */
#include "proxy/preface.h"

#include "base/must.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str all = { (const char *)data, size };
	int wanted = -EAGAIN;

	for (size_t len = 0; len <= size && len <= PREFACE_BYTES_MAX; len++) {
		struct preface preface;
		int used = preface_parse((struct str){ all.at, len }, &preface);
		must(used == -EAGAIN || used == -EBADMSG || used > 0);
		must(used < 0 || (size_t)used <= len);
		must(wanted == -EAGAIN || used == wanted);
		must(used < 0 || preface.kind != PREFACE_CLIENT ||
		     preface.source.address.family != ADDRESS_NONE);
		wanted = used;
	}
	must(wanted != -EAGAIN || size < PREFACE_BYTES_MAX);
	return 0;
}
