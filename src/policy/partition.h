/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/partition: what some sets can tell apart.
 *
 * Two addresses that lie in the same sets are the same to a policy.  A
 * partition holds one atom for each combination of sets that is not empty, so
 * that a list of a million prefixes makes one atom, or one for each way in
 * which it meets other sets, and never a million.  Addresses are found by one
 * sweep over the sets' ranges side by side, names by one look at each entry
 * and its parents, paths and other texts by walking all patterns at once, times
 * by looking at each minute.
 */
#ifndef GATEHOUSE_POLICY_PARTITION_H
#define GATEHOUSE_POLICY_PARTITION_H

#include "policy/address_set.h"
#include "policy/domain_set.h"
#include "policy/hours.h"

#include "base/arena.h"

/*
 * Patterns of texts that overlap without end would make more combinations
 * than anyone can read: then -E2BIG.  Ordinary ones make a state a letter, and
 * may have twice as many as they have letters.
 */
#define PARTITION_TEXT_STATES_MAX ((size_t)1 << 14)

/* Ranges of an atom that are kept to show it. */
#define PARTITION_RANGES_KEPT 4

struct address_atom {
	struct address_range ranges[PARTITION_RANGES_KEPT];
	size_t range_count; /* of all */
};

/* The first entry that made it; `name.at` is NULL for what no set covers. */
struct name_atom {
	struct str name;         /* lent from the set */
	enum domain_cover cover; /* ITSELF, or UNDER: a name below it */
	size_t entry_count;
};

struct text_atom {
	struct str example; /* NULL: what no pattern matches, or no text */
};

struct time_atom {
	struct hours minutes;
};

/* One of them is asked about. */
struct partition_set {
	const struct address_set *addresses;
	const struct domain_set *domains;
	const struct hours *hours;
};

struct partition {
	size_t sets, words;
	struct {
		uint64_t *items; /* `words` an atom: bit s, it lies in set s */
		size_t count, room;
	} bits;
	size_t count;
	uint32_t *table;
	size_t table_room;
	union {
		struct address_atom *addresses;
		struct name_atom *names;
		struct text_atom *texts;
		struct time_atom *times;
		void *atoms;
	} of;
	size_t of_room;
	struct arena arena; /* the examples of texts */
};

/* The sets are lent during the call; 0, -ENOMEM, -E2BIG.  fini in any case. */
int partition_addresses(struct partition *partition,
    const struct partition_set *sets, size_t count);
int partition_names(struct partition *partition,
    const struct partition_set *sets, size_t count);
int partition_times(struct partition *partition,
    const struct partition_set *sets, size_t count);

/* Texts are whatever a pattern may match; paths begin with '/' or are "*". */
int partition_texts(
    struct partition *partition, const struct str *patterns, size_t count);
int partition_paths(
    struct partition *partition, const struct str *patterns, size_t count);
void partition_fini(struct partition *partition);

static inline bool
partition_has(const struct partition *partition, size_t atom, size_t set)
{
	return (partition->bits.items[atom * partition->words + set / 64] >>
		       set % 64 &
		   1) != 0;
}

/* For the makers of partitions alone. */
int partition_init(struct partition *partition, size_t sets);

/*
 * The atom of these members, made if it is new, with room for what is kept of
 * it; -ENOMEM.
 */
long partition_add(struct partition *partition, const uint64_t *members,
    size_t atom_bytes, bool *ret_new);

#endif
