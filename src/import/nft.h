/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/nft: what `nft list ruleset` writes, and files of its language.
 *
 * Tables, sets and chains are read by their grammar; of a rule, matches and
 * statements as long as they are known.  Behind the first that is not, only
 * what becomes of the packet is looked for, so that the rule matches more than
 * it says, never less.
 */
#ifndef GATEHOUSE_IMPORT_NFT_H
#define GATEHOUSE_IMPORT_NFT_H

#include "import/ruleset.h"

void import_nft_read(
    struct import_ruleset *rules, const char *file, struct str text);

#endif
