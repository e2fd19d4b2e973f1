/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/standing: what stands in our table, by name.
 *
 * Chains, sets and objects as the kernel lists them, without what they hold:
 * rules and elements are never read back.  A replacement asks so that it can
 * take away all of the old but the sets that stay; those who load sets ask
 * which names are taken.
 *
 * For private use of src/firewall.
 */
#ifndef GATEHOUSE_FIREWALL_STANDING_H
#define GATEHOUSE_FIREWALL_STANDING_H

#include "base/arena.h"
#include "base/text.h"
#include "firewall/batch.h"

/* In the order in which they can be taken away. */
enum standing_kind {
	STANDING_MAP,
	STANDING_SET,
	STANDING_CHAIN,
	STANDING_FLOWTABLE,
	STANDING_OBJECT,
	STANDING_KIND_COUNT
};

struct standing_item {
	enum standing_kind kind;
	const char *word; /* by which nft(8) calls it: "chain", "counter" */
	const char *name;
	uint64_t handle; /* no namesake has it, in no table of our name */
	bool is_base;    /* a chain that a hook calls */
	uint32_t type;   /* of an object, as the kernel has it */
};

struct standing {
	bool has_table;
	uint64_t table_handle;
	struct {
		struct standing_item *items;
		size_t count, room;
	} all;
	struct arena arena; /* of the names */
};

/*
 * Whoever needs some kinds alone asks for them: a counter for each rule takes
 * the kernel longest to list.
 */
#define STANDING_CHAINS_ONLY (1u << STANDING_CHAIN)
#define STANDING_SETS_ONLY   (1u << STANDING_MAP | 1u << STANDING_SET)
#define STANDING_ALL         ((1u << STANDING_KIND_COUNT) - 1)

/*
 * What is of these kinds.  0, or a negative errno with nothing in *ret.
 * standing_fini in any case.
 */
int standing_read(struct standing *ret, unsigned kinds);
void standing_fini(struct standing *standing);

/* NULL: there is none. */
const struct standing_item *standing_find(
    const struct standing *standing, enum standing_kind kind, const char *name);

/*
 * A name for a new set that none has: `plain`, or with a number behind it.  0,
 * -ENAMETOOLONG or -EEXIST.
 */
int standing_free_name(
    const struct standing *standing, const char *plain, char *ret, size_t size);

/*
 * The handle of a base chain, which every transaction makes anew; 0 if none
 * stands, which no handle is.
 */
uint64_t standing_mark(const struct standing *standing);

/*
 * Commands that take away all but the sets whose names `is_kept` knows (NULL:
 * none is kept), on one line.
 */
void standing_removal(const struct standing *standing,
    bool (*is_kept)(const void *context, const char *name), const void *context,
    struct text *out);

/* The same of base chains alone. */
void standing_base_removal(const struct standing *standing, struct text *out);

/*
 * Messages that take away what `goes`, in the order in which it can go.  What
 * stays may hold nothing of it, and base chains have to go by commands.
 */
void standing_remove(const struct standing *standing,
    bool (*goes)(const void *context, const struct standing_item *item),
    const void *context, struct batch *batch);

#endif
