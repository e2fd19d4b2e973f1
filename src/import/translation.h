/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/translation: a foreign packet filter as a policy.
 *
 * Zones, translations and what is published come first, then three parts: what
 * the gateway sends, what comes to it, and what passes through.  Each part
 * ends in a rule for everything, so none speaks of another's flows.
 */
#ifndef GATEHOUSE_IMPORT_TRANSLATION_H
#define GATEHOUSE_IMPORT_TRANSLATION_H

#include "import/walk.h"

/* 0; -E2BIG: the chains come to too many rules; -ENOMEM. */
int import_translate(struct import_ruleset *rules, struct text *out);

#endif
