/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a file of nft.
 */
#include "imported.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	import_as(IMPORT_KIND_NFT, data, size);
	return 0;
}
