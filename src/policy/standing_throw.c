/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/standing_throw: a flow by chance, thrown into a set of them.
 */
#include "policy/standing_impl.h"

/* xorshift64*: its high bits are the good ones. */
static bool
toss(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (*state * UINT64_C(0x2545f4914f6cdd1d)) >> 63 != 0;
}

/*
 * By chance, but for conditions that may be met together: of a thousand, half
 * would be met, and rules far down the list are reached by flows that meet few.
 */
struct meeting_flow
standing_throw(struct standing *standing, uint32_t set)
{
	const struct space *space = standing->space;

	for (unsigned i = 0; i < SPACE_DIMENSION_COUNT; i++) {
		const struct space_axis *axis = &space->axes[i];
		bool is_free = space_is_free(space, (enum space_dimension)i);
		for (unsigned bit = 0; bit < axis->bits; bit++)
			standing->values[axis->first + bit] =
			    !is_free && toss(&standing->chance);
	}
	diagram_bend(&space->diagram, set, standing->values);
	return meeting_flow(&standing->meeting, standing->values);
}
