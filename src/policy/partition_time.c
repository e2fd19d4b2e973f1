/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/partition_time: which minutes of the week a policy can tell apart.
 */
#include "policy/partition.h"

#include <errno.h>
#include <stdlib.h>

static int
keep_minute(struct partition *partition, const struct partition_set *sets,
    uint64_t *members, unsigned minute)
{
	bool is_new;

	memset(members, 0, partition->words * sizeof(*members));
	for (size_t i = 0; i < partition->sets; i++)
		if (hours_has(sets[i].hours, minute))
			members[i / 64] |= UINT64_C(1) << i % 64;
	long atom = partition_add(
	    partition, members, sizeof(struct time_atom), &is_new);
	if (atom < 0)
		return -ENOMEM;
	struct hours *minutes = &partition->of.times[atom].minutes;
	if (is_new)
		*minutes = (struct hours){ 0 };
	minutes->minutes[minute / 64] |= UINT64_C(1) << minute % 64;
	return 0;
}

int
partition_times(
    struct partition *partition, const struct partition_set *sets, size_t count)
{
	int rc = partition_init(partition, count);
	uint64_t *members = calloc(partition->words, sizeof(*members));

	if (members == NULL)
		rc = -ENOMEM;
	for (unsigned m = 0; rc == 0 && m < HOURS_WEEK_MINUTES; m++)
		rc = keep_minute(partition, sets, members, m);
	free(members);
	return rc;
}
