/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/diff_interface: which sources an interface takes under one policy and
 * not under the other.
 */
#include "policy/diff_impl.h"

#include "base/vec.h"

#include <errno.h>

/* An interface as one of the policies sees it. */
struct entrance {
	const struct space *space;
	unsigned which;
	struct str name;
};

/* A source that may enter there: what is behind every interface may not. */
static bool
is_taken(const void *context, size_t cell)
{
	const struct entrance *entrance = context;
	const struct space_source *source =
	    &entrance->space->sources.items[cell];
	const struct policy *policy =
	    entrance->space->policies[entrance->which];
	uint8_t zone = source->zone[entrance->which];

	return !source->self && !source->unprefixed &&
	       zone < policy->zone_count &&
	       policy_zone_has_interface(&policy->zones[zone], entrance->name);
}

static int
add_interface(struct diff *diff, struct str name, uint32_t sources, bool taken)
{
	struct diff_interface one = { name, sources, taken };

	if (sources == DIAGRAM_EMPTY)
		return 0;
	return VEC_ADD(&diff->interfaces, one);
}

static int
compare_interface(struct diff *diff, struct str name)
{
	struct diagram *d = &diff->space.diagram;
	struct entrance entrance = { &diff->space, 0, name };
	uint32_t before =
	    space_cells(&diff->space, SPACE_SOURCE, is_taken, &entrance);

	entrance.which = 1;
	uint32_t after =
	    space_cells(&diff->space, SPACE_SOURCE, is_taken, &entrance);
	int rc =
	    add_interface(diff, name, diagram_minus(d, before, after), false);
	return rc < 0 ? rc
		      : add_interface(
			    diff, name, diagram_minus(d, after, before), true);
}

/* Each interface once, where it is first named. */
static bool
is_first_mention(
    const struct diff *diff, unsigned which, size_t zone, size_t at)
{
	const struct policy *policy = diff->space.policies[which];
	struct str name = policy->zones[zone].interfaces[at];

	for (unsigned p = 0; p <= which; p++) {
		const struct policy *other = diff->space.policies[p];
		size_t end = p == which ? zone : other->zone_count;
		for (size_t z = 0; z < end; z++)
			if (policy_zone_has_interface(&other->zones[z], name))
				return false;
	}
	return true;
}

static int
compare_zone(struct diff *diff, unsigned p, size_t z)
{
	const struct policy_zone *zone = &diff->space.policies[p]->zones[z];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < zone->interface_count; i++)
		if (is_first_mention(diff, p, z, i))
			rc = compare_interface(diff, zone->interfaces[i]);
	return rc;
}

int
diff_interfaces(struct diff *diff)
{
	int rc = 0;

	for (unsigned p = 0; p < diff->space.policy_count; p++)
		for (size_t z = 0;
		     rc == 0 && z < diff->space.policies[p]->zone_count; z++)
			rc = compare_zone(diff, p, z);
	return rc;
}
