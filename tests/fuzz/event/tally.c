/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tally from a process that is not trusted: what is read can be merged, again
 * and again, and what comes of it can be written and read.
 */
#include "base/must.h"
#include "event/tally.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tally told, sum, copy;

static void
check(const struct tally *tally)
{
	for (size_t kind = 0; kind < TALLY_KIND_COUNT; kind++) {
		const struct heavy *heavy = &tally->kinds[kind];
		must(heavy->count <= heavy->room);
		for (size_t i = 0; i < heavy->count; i++) {
			const struct heavy_entry *one = &heavy->entries[i];
			must(one->over <= one->count.flows);
			must(one->over <= heavy->floor);
			must(one->count.flows >= heavy->floor);
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text bytes = TEXT_EMPTY;

	if (told.kinds[0].room == 0)
		must(tally_init(&told) == 0 && tally_init(&sum) == 0 &&
		     tally_init(&copy) == 0);
	tally_clear(&told);
	tally_clear(&sum);
	tally_clear(&copy);
	if (tally_read(&told, (struct str){ (const char *)data, size }) < 0)
		return 0;
	check(&told);
	for (unsigned i = 0; i < 3; i++) {
		tally_merge(&sum, &told);
		check(&sum);
	}
	tally_write(&told, &bytes);
	must(tally_read(&copy, text_str(&bytes)) == 0);
	text_fini(&bytes);
	return 0;
}
