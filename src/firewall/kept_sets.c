/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/kept_sets.h"

#include "firewall/standing.h"

#include <string.h>

bool
kept_sets_has(const struct kept_sets *kept, const char *name)
{
	for (size_t i = 0; i < kept->count; i++)
		if (strcmp(kept->sets[i].name, name) == 0)
			return true;
	return false;
}

uint64_t
kept_sets_timeout_ms(int64_t ends)
{
	int64_t left = ends - clock_now();

	if (ends == 0)
		return 0;
	return left > CLOCK_MS ? (uint64_t)(left / CLOCK_MS) : 1;
}

int
kept_sets_say(const struct kept_sets *kept, int rc, const struct text *words,
    struct text *reterr_why)
{
	if (rc < 0)
		text_addf(reterr_why, "%s: %s%s%s", kept->failure,
		    strerror(-rc), words->len > 0 ? ", " : "",
		    words->len > 0 ? words->at : "");
	return rc;
}

static void
make_all(const struct kept_sets *kept, struct batch *batch,
    const struct standing *standing)
{
	batch_begin(batch);
	kernel_table_create(batch);
	for (size_t i = 0; i < kept->count; i++) {
		const char *name = kept->sets[i].name;
		if (standing_find(standing, STANDING_SET, name) == NULL)
			kernel_set_create(batch, &kept->sets[i]);
		else
			kernel_set_flush(batch, name);
	}
}

static void
see_handles(const struct kept_sets *kept, const struct standing *standing,
    uint64_t *ret)
{
	for (size_t i = 0; i < kept->count; i++) {
		const struct standing_item *item =
		    standing_find(standing, STANDING_SET, kept->sets[i].name);
		ret[i] = item != NULL ? item->handle : 0;
	}
}

static bool
are_there(const struct kept_sets *kept, const uint64_t *handles,
    const struct standing *standing)
{
	uint64_t found[KEPT_SETS_MAX];

	see_handles(kept, standing, found);
	for (size_t i = 0; i < kept->count; i++)
		if (found[i] == 0 || found[i] != handles[i])
			return false;
	return true;
}

static int
fill(const struct kept_sets *kept, uint64_t *handles, struct standing *standing,
    const struct bans *bans, struct text *words)
{
	struct batch batch = BATCH_EMPTY;

	make_all(kept, &batch, standing);
	kept->put(&batch, bans);
	int rc = batch_commit(&batch, words);
	batch_fini(&batch);
	standing_fini(standing);
	if (rc == 0)
		rc = standing_read(standing, STANDING_SETS_ONLY);
	if (rc == 0)
		see_handles(kept, standing, handles);
	return rc;
}

int
kept_sets_ensure(const struct kept_sets *kept, uint64_t *handles,
    const struct bans *bans, struct text *reterr_why)
{
	struct text words = TEXT_EMPTY;
	struct standing standing;
	int rc = standing_read(&standing, STANDING_SETS_ONLY);

	if (rc == 0 && !are_there(kept, handles, &standing))
		rc = fill(kept, handles, &standing, bans, &words);
	standing_fini(&standing);
	(void)kept_sets_say(kept, rc, &words, reterr_why);
	text_fini(&words);
	return rc;
}
