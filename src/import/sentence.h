/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/sentence: a box and its verdict as a rule of a policy.
 */
#ifndef GATEHOUSE_IMPORT_SENTENCE_H
#define GATEHOUSE_IMPORT_SENTENCE_H

#include "import/ruleset.h"

/* Of which flows a part of the policy speaks. */
enum import_part {
	IMPORT_PART_FROM_SELF,
	IMPORT_PART_TO_SELF,
	IMPORT_PART_THROUGH,
	IMPORT_PART_COUNT
};

struct import_entry {
	enum import_part part;
	enum import_action verdict;
	struct box box;
	struct str hours, limit, name;
	bool log;
};

struct import_said {
	struct str plain;  /* whichever family its flows are of */
	struct str strict; /* of the one only; at == NULL: of none */
};

/*
 * The rule, of a ruleset of `family` (NONE: both).  `every` is false where a
 * protocol that no word is for was refused before: then what is allowed is
 * named.  *ret_part: it is said without such protocols.  False: nothing can be
 * said of it at all.
 */
bool import_sentence_print(const struct import_ruleset *rules,
    const struct import_entry *entry, enum address_family family, bool every,
    struct import_said *ret, bool *ret_part);

/* The addresses on one side, parted by commas. */
void import_addresses_print(
    struct arena *arena, struct span_set set, struct text *out);

/* " lan, dmz", or " any" for all. */
void import_zone_names_print(
    const struct import_ruleset *rules, uint64_t mask, struct text *out);

/* A name as `as` takes it; empty if nothing is left of it. */
struct str import_name_clean(struct arena *arena, struct str name);

/* The family that all of its flows are of, or NONE. */
enum address_family import_box_family(const struct box *box);

#endif
