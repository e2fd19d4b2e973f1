/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/ipset: sets of addresses, as `ipset save` writes them.
 */
#ifndef GATEHOUSE_IMPORT_IPSET_H
#define GATEHOUSE_IMPORT_IPSET_H

#include "import/ruleset.h"
#include "import/words.h"

/* The `create` and `add` lines; before what names its sets. */
void import_ipset_read(struct import_ruleset *rules, struct str text);

/* "-j SET --add-set NAME src": a rule makes members of whom it sees, so the set
 * is not what it holds now. */
void import_ipset_note(
    struct import_ruleset *rules, const struct import_wordlist *words);

#endif
