/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as the prefix of a logged packet: what is taken for a record is
 * one that we would have written, byte for byte.
 */
#include "firewall/log_prefix.h"

#include "base/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = { (const char *)data, size };
	struct log_prefix prefix;
	struct text again = TEXT_EMPTY;

	if (log_prefix_parse(bytes, &prefix) < 0)
		return 0;
	must(log_prefix_write(&prefix, &again) == 0);
	must(str_eq(text_str(&again), bytes));
	text_fini(&again);
	return 0;
}
