/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "event/tally.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>

/* A count takes 100 ns; a thread that was put aside meanwhile comes back in
 * some of these turns, or at the next question. */
#define TURNS_MAX 1000

static const struct {
	const char *word;
	size_t room;
} kinds[TALLY_KIND_COUNT] = {
#define ROW(id, word, room) [TALLY_##id] = { #word, room },
	TALLY_KINDS(ROW)
#undef ROW
};

const char *
tally_kind_word(enum tally_kind kind)
{
	return kinds[kind].word;
}

int
tally_init(struct tally *tally)
{
	int rc = 0;

	*tally = (struct tally){ 0 };
	for (size_t i = 0; rc == 0 && i < TALLY_KIND_COUNT; i++)
		rc = heavy_init(&tally->kinds[i], kinds[i].room);
	if (rc < 0)
		tally_fini(tally);
	return rc;
}

void
tally_fini(struct tally *tally)
{
	for (size_t i = 0; i < TALLY_KIND_COUNT; i++)
		heavy_fini(&tally->kinds[i]);
}

void
tally_clear(struct tally *tally)
{
	tally->point = (struct series_point){ { 0 } };
	for (size_t i = 0; i < TALLY_KIND_COUNT; i++)
		heavy_clear(&tally->kinds[i]);
}

/* ---- keys ---- */

struct str
tally_client_key(const struct address *client)
{
	return (struct str){ (const char *)client, sizeof(*client) };
}

bool
tally_client_of(struct str key, struct address *ret)
{
	static const uint8_t none[16];

	if (key.len != sizeof(*ret))
		return false;
	memcpy(ret, key.at, sizeof(*ret));
	return ret->family == ADDRESS_IPV6 ||
	       (ret->family == ADDRESS_IPV4 &&
		   memcmp(ret->bytes + 4, none, sizeof(ret->bytes) - 4) == 0);
}

bool
tally_rule_of(struct str key, struct tally_rule *ret)
{
	if (key.len != sizeof(*ret))
		return false;
	memcpy(ret, key.at, sizeof(*ret));
	return true;
}

static char *
put_zone(char *at, struct str zone)
{
	size_t most = (TALLY_PAIR_BYTES - 4) / 2;
	size_t len = zone.len < most ? zone.len : most;

	if (len == 0) {
		*at = '-';
		return at + 1;
	}
	memcpy(at, zone.at, len);
	return at + len;
}

struct str
tally_pair_key(
    struct str from, struct str to, char room[static TALLY_PAIR_BYTES])
{
	const struct str arrow = STR(" -> ");
	char *at = put_zone(room, from);

	memcpy(at, arrow.at, arrow.len);
	at = put_zone(at + arrow.len, to);
	return (struct str){ room, (size_t)(at - room) };
}

/* ---- counting ---- */

static void
add_point(struct series_point *point, const struct tally_flow *flow)
{
	point->figures[flow->refused ? SERIES_REFUSED : SERIES_ALLOWED]++;
	point->figures[SERIES_REQUESTS] += flow->request;
	point->figures[SERIES_BYTES_IN] += flow->bytes_in;
	point->figures[SERIES_BYTES_OUT] += flow->bytes_out;
	point->figures[SERIES_HITS] += flow->hit;
	point->figures[SERIES_SAVED] += flow->saved;
}

void
tally_add(struct tally *tally, const struct tally_flow *flow)
{
	struct heavy_count one = { 1, flow->refused, flow->bytes_in,
		flow->bytes_out };
	char room[TALLY_PAIR_BYTES];

	add_point(&tally->point, flow);
	if (flow->name.len > 0)
		heavy_add(&tally->kinds[TALLY_NAMES], flow->name, &one);
	if (flow->client.family != ADDRESS_NONE) {
		struct str client = tally_client_key(&flow->client);
		heavy_add(&tally->kinds[TALLY_CLIENTS], client, &one);
		if (flow->refused)
			heavy_add(&tally->kinds[TALLY_REFUSED], client, &one);
	}
	if (flow->has_rule)
		tally_add_rule(tally, &flow->rule, &one);
	heavy_add(&tally->kinds[TALLY_PAIRS],
	    tally_pair_key(flow->zone_from, flow->zone_to, room), &one);
}

void
tally_add_rule(struct tally *tally, const struct tally_rule *rule,
    const struct heavy_count *count)
{
	heavy_add(&tally->kinds[TALLY_RULES],
	    (struct str){ (const char *)rule, sizeof(*rule) }, count);
}

void
tally_merge(struct tally *tally, const struct tally *from)
{
	series_point_add(&tally->point, &from->point);
	for (size_t i = 0; i < TALLY_KIND_COUNT; i++)
		heavy_merge(&tally->kinds[i], &from->kinds[i]);
}

/* ---- of a thread ---- */

static struct tally *
create(void)
{
	struct tally *tally = malloc(sizeof(*tally));

	if (tally != NULL && tally_init(tally) < 0) {
		free(tally);
		return NULL;
	}
	return tally;
}

static void
destroy(struct tally *tally)
{
	if (tally != NULL)
		tally_fini(tally);
	free(tally);
}

int
tally_slot_init(struct tally_slot *slot)
{
	struct tally *tally = create();

	slot->spare = create();
	atomic_init(&slot->tally, tally);
	if (tally != NULL && slot->spare != NULL)
		return 0;
	tally_slot_fini(slot);
	return -ENOMEM;
}

void
tally_slot_fini(struct tally_slot *slot)
{
	destroy(atomic_load(&slot->tally));
	destroy(slot->spare);
	atomic_store(&slot->tally, NULL);
	slot->spare = NULL;
}

bool
tally_slot_take(struct tally_slot *slot, struct tally *sum)
{
	struct tally *full = NULL;

	for (int i = 0; i < TURNS_MAX; i++) {
		full = atomic_load_explicit(&slot->tally, memory_order_relaxed);
		if (full != NULL && atomic_compare_exchange_strong(
					&slot->tally, &full, slot->spare))
			break;
		full = NULL;
		(void)sched_yield();
	}
	if (full == NULL)
		return false;
	tally_merge(sum, full);
	tally_clear(full);
	slot->spare = full;
	return true;
}
