/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/learned_names: which names the zones' addresses have.
 *
 * What a zone's DNS was answered: this address is that name's, for so long.
 * One entry is a name of an address in a zone; an address has any number of
 * them, several zones may have the same.  It is what counts: the sets in the
 * kernel (firewall/learned_sets) follow it, another policy fills its own from
 * it, and of each address it keeps until when they hold it (struct
 * learned_mark).
 *
 * A name whose time is over is kept as long as there is room, for flows may
 * live that it has let in.  When there is none, those go that end first, many
 * at once; so an entry costs the same however many there are.
 *
 * One thread.  Times are of the clock that never goes back.
 */
#ifndef GATEHOUSE_FIREWALL_LEARNED_NAMES_H
#define GATEHOUSE_FIREWALL_LEARNED_NAMES_H

#include "firewall/limits.h"

#include "policy/policy.h"

#include "base/clock.h"

/* Of one address: the front of a provider of contents has the names of all its
 * customers.  Beyond these the one that ends first makes room; each that comes
 * is looked for among them. */
#define LEARNED_NAMES_AT_ADDRESS 1024

/* Those that make room at once. */
#define LEARNED_NAMES_GO (FIREWALL_LEARNED_MAX / 16)

struct learned_name {
	struct str name; /* owned by the address */
	int64_t ends;
};

/* That a set in the kernel has the address, and until when. */
struct learned_mark {
	uint32_t asked; /* of the policy in force (policy/learning) */
	int64_t ends;
};

struct learned_address {
	struct learned_address *next; /* in its bucket */
	char zone[POLICY_ZONE_NAME_MAX + 1];
	struct address address;
	struct {
		struct learned_name *items; /* in the order of their coming */
		size_t count, room;
	} names;
	struct learned_marks {
		struct learned_mark *items;
		size_t count, room;
	} marks, next_marks; /* of the policy in force, and of one to come */
};

struct learned_names {
	struct learned_address **buckets; /* NULL: nothing was learned */
	size_t addresses;
	size_t count; /* of names */
	uint64_t seed;
	uint64_t forgotten; /* names that went before their time */
};

#define LEARNED_NAMES_EMPTY ((struct learned_names){ 0 })

void learned_names_fini(struct learned_names *names);

/* NULL: no name was learned for it; until the next call that is not const. */
struct learned_address *learned_names_find(
    const struct learned_names *names, struct str zone, struct address address);

/* Of an address that gets or had a name in the zone; NULL without memory. */
struct learned_address *learned_names_address(
    struct learned_names *names, struct str zone, struct address address);

/* An answer that is known for less than this longer is no news: the same one is
 * given again and again, and its time is told in whole seconds. */
#define LEARNED_NAMES_SLACK (2 * CLOCK_SECOND)

/*
 * The address has the name until then, or longer if that is known.  1; 0 if
 * that is no news; -ENOMEM.  There must be room.
 */
int learned_names_put(struct learned_names *names,
    struct learned_address *address, struct str name, int64_t ends);

static inline bool
learned_names_are_full(const struct learned_names *names)
{
	return names->count >= FIREWALL_LEARNED_MAX;
}

/*
 * Takes away the LEARNED_NAMES_GO names that end first.  Each address that
 * loses one is told of, without those and before it goes itself if it has none
 * left.  0, or -ENOMEM with nothing taken away.
 */
typedef void (*learned_address_fn)(
    void *context, struct learned_address *address);
int learned_names_make_room(
    struct learned_names *names, learned_address_fn each, void *context);

/* Of its names the one that ends last, which may be over; at == NULL: none. */
struct str learned_address_name(const struct learned_address *address);

/* Calls for each address, in no order; `each` adds and removes none. */
void learned_names_each(
    const struct learned_names *names, learned_address_fn each, void *context);

/*
 * The same in pieces, of some thousand buckets each: *at is 0 before the first.
 * False: that was the last.  What comes in between may be left out.
 */
bool learned_names_some(const struct learned_names *names, size_t *at,
    learned_address_fn each, void *context);

/* Until when the sets of this number have it; 0: they never had. */
int64_t learned_mark_ends(
    const struct learned_address *address, uint32_t asked);

/* 0 or -ENOMEM. */
int learned_mark_set(
    struct learned_address *address, uint32_t asked, int64_t ends);

/* One more of the policy to come.  0 or -ENOMEM. */
int learned_mark_plan(
    struct learned_address *address, uint32_t asked, int64_t ends);

/* The policy to come is in force, or is not. */
void learned_names_adopt_marks(struct learned_names *names);
void learned_names_forget_marks(struct learned_names *names);

/* When the last of its names that the set covers ends; 0: it covers none. */
int64_t learned_address_covered(
    const struct learned_address *address, const struct policy_asked *asked);

#endif
