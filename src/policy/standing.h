/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/standing: how a rule stands among the others of its list.
 *
 * A rule is unreached if and only if no flow of the space is left to it and its
 * removal would not change at which phase any flow is decided; redundant if and
 * only if flows are left to it and its removal would change neither verdict nor
 * log nor translation nor phase of any, nor what is reported.
 *
 * Most rules are shown to be of use by one flow: one is thrown into what the
 * rule asks for, which the rule decides and those below would treat otherwise.
 * Where the flow fares in another way, all that fares like it is taken out of
 * what the rule asks for, and the next one is thrown into the rest.  So the
 * price of a long list is that of its entangled rules, and there is never one
 * diagram of it all; what others a rule can meet at all, policy/meeting knows.
 *
 * A report takes nothing from the rules below it, so that each is weighed
 * alone.
 */
#ifndef GATEHOUSE_POLICY_STANDING_H
#define GATEHOUSE_POLICY_STANDING_H

#include "policy/meaning.h"
#include "policy/meeting.h"

enum standing_kind {
	STANDING_USEFUL,
	STANDING_UNREACHED,
	STANDING_REDUNDANT,
	STANDING_UNKNOWN /* it is too entangled with others to be told */
};

/*
 * Nodes that one rule may cost, and all together before each may cost but
 * little: some seconds of a computer's time.
 */
#define STANDING_NODES_EACH ((size_t)2 << 20)
#define STANDING_NODES_ALL  ((size_t)16 << 20)
#define STANDING_NODES_LATE ((size_t)1 << 16)

struct standing {
	struct space *space;
	const struct policy *policy;
	struct meaning meaning;
	uint32_t *asked;        /* by each rule, of what the list decides */
	struct meeting meeting; /* of those */
	uint32_t *noticed;      /* by each rule, at the packet phase */
	struct meeting packets; /* of those; only with a proxy */
	bool is_proxied;        /* there is a way on which phases differ */
	uint64_t *met;          /* room for meeting_of */
	uint8_t *values;        /* of the flow at hand */
	uint8_t *marks;         /* that nobody asked for */
	uint64_t chance;
	size_t nodes_each; /* STANDING_NODES_EACH, but for tests */
	size_t spent;      /* nodes */
	size_t kept;       /* the first nodes, which all rules need */
};

/* The space is of one policy.  0 or a negative errno; fini in any case. */
int standing_init(struct standing *standing, struct space *space);
void standing_fini(struct standing *standing);

/* Of any but the last rule, which is built in; see space_rc for failures. */
enum standing_kind standing_of(struct standing *standing, size_t i);

/* Whether there can be a flow that the rule asks for. */
bool standing_is_possible(const struct standing *standing, size_t i);

/*
 * Marks rules, a byte each; false where it cannot be told.
 *
 *	cover     above i, which take all that it asks for and of which none
 *		  could be left out
 *	stand_in  below i, which decide what it does
 *	overlaps  above i, of the other kind of verdict, which take a part
 */
bool standing_cover(struct standing *standing, size_t i, uint8_t *marks);
bool standing_stand_in(struct standing *standing, size_t i, uint8_t *marks);
bool standing_overlaps(struct standing *standing, size_t i, uint8_t *marks);

/*
 * Whether rule i stands too low: it is about a few destinations or requests,
 * and of this service, flows for which it was written never come down to it,
 * for broader rules above it allow them.  Or it is to keep TLS closed that
 * broader rules above it have opened.  Marks those, and none where it is not.
 */
bool standing_is_late(struct standing *standing, size_t i,
    const struct policy_service *service, uint8_t *marks);
bool standing_is_late_to_spare(
    struct standing *standing, size_t i, uint8_t *marks);

#endif
