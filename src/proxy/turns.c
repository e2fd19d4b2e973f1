/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/turns.h"

#include <stdlib.h>

#define BUCKETS 64   /* a power of two */
#define KNOWN   1024 /* so too */

/* Where at least one leads or waits. */
struct turn_place {
	struct turns *turns;
	struct turn_place *next, **link; /* in the bucket */
	struct turn *lead;
	struct turn *line, **line_end;
	size_t calls; /* so many of the line are to be called */
	bool calling; /* they are */
	struct loop_deferred deferred;
	struct pool_key key; /* its text stands behind the place */
};

struct turns {
	struct loop *loop;
	size_t waiting; /* at all places */
	struct turn_place *buckets[BUCKETS];
	/* Hashes of those who chose HTTP/2; a stranger with the same one makes
	 * others wait for a handshake, no more. */
	uint64_t known[KNOWN];
};

static uint64_t
hash_of(struct pool_key key)
{
	return str_hash(key.through, key.server.port);
}

static bool
is_at(const struct turn_place *place, struct pool_key key)
{
	return place->key.server.port == key.server.port &&
	       address_eq(place->key.from, key.from) &&
	       str_eq(place->key.through, key.through);
}

static struct turn_place *
find(struct turns *turns, struct pool_key key)
{
	struct turn_place *place = turns->buckets[hash_of(key) & (BUCKETS - 1)];

	while (place != NULL && !is_at(place, key))
		place = place->next;
	return place;
}

/* ---- who is called ---- */

static void
leave_line(struct turn *turn)
{
	struct turn_place *place = turn->place;

	*turn->link = turn->next;
	if (turn->next != NULL)
		turn->next->link = turn->link;
	else
		place->line_end = turn->link;
	turn->place = NULL;
	place->turns->waiting--;
}

static void
drop_if_empty(struct turn_place *place)
{
	if (place->calling || place->lead != NULL || place->line != NULL)
		return;
	loop_deferred_cancel(&place->deferred);
	*place->link = place->next;
	if (place->next != NULL)
		place->next->link = place->link;
	free(place);
}

/* Who is called may lead, wait again, or end others who wait. */
static void
on_turn(struct loop_deferred *deferred)
{
	struct turn_place *place = deferred->context;

	place->calling = true;
	for (; place->calls > 0 && place->line != NULL; place->calls--) {
		struct turn *first = place->line;
		leave_line(first);
		first->fn(first->context);
	}
	place->calling = false;
	place->calls = 0;
	drop_if_empty(place);
}

static void
call(struct turn_place *place, size_t count)
{
	if (place->line == NULL)
		return;
	if (count > place->calls)
		place->calls = count;
	loop_defer(place->turns->loop, &place->deferred);
}

/* So many as wait now: who waits again is not called again. */
static void
call_all(struct turn_place *place)
{
	size_t count = 0;

	for (const struct turn *turn = place->line; turn != NULL;
	     turn = turn->next)
		count++;
	call(place, count);
}

/* ---- places ---- */

static struct turn_place *
create(struct turns *turns, struct pool_key key)
{
	struct turn_place *place = calloc(1, sizeof(*place) + key.through.len);
	struct turn_place **bucket =
	    &turns->buckets[hash_of(key) & (BUCKETS - 1)];

	if (place == NULL)
		return NULL;
	place->turns = turns;
	place->line_end = &place->line;
	place->deferred =
	    (struct loop_deferred){ .fn = on_turn, .context = place };
	place->key = key;
	memcpy(place + 1, key.through.at, key.through.len);
	place->key.through.at = (const char *)(place + 1);
	place->next = *bucket;
	place->link = bucket;
	if (place->next != NULL)
		place->next->link = &place->next;
	*bucket = place;
	return place;
}

static void
join_line(struct turn_place *place, struct turn *turn)
{
	turn->place = place;
	turn->next = NULL;
	turn->link = place->line_end;
	*place->line_end = turn;
	place->line_end = &turn->next;
	place->turns->waiting++;
}

/* ---- all of them ---- */

struct turns *
turns_create(struct loop *loop)
{
	struct turns *turns = calloc(1, sizeof(*turns));

	if (turns != NULL)
		turns->loop = loop;
	return turns;
}

void
turns_destroy(struct turns **turns)
{
	free(*turns);
	*turns = NULL;
}

void
turns_note(struct turns *turns, struct pool_key key, bool shares)
{
	uint64_t hash = hash_of(key);
	uint64_t *known = &turns->known[hash & (KNOWN - 1)];

	if (shares)
		*known = hash;
	else if (*known == hash)
		*known = 0;
}

bool
turns_take(struct turns *turns, struct pool_key key, struct turn *turn)
{
	uint64_t hash = hash_of(key);
	struct turn_place *place;

	if (turns->known[hash & (KNOWN - 1)] != hash)
		return true;
	place = find(turns, key);
	if (place == NULL)
		place = create(turns, key);
	if (place == NULL)
		return true;
	if (place->lead != NULL) {
		join_line(place, turn);
		return false;
	}
	place->lead = turn;
	turn->place = place;
	return true;
}

void
turns_wait(struct turns *turns, struct pool_key key, struct turn *turn)
{
	struct turn_place *place;

	turn_end(turn);
	place = find(turns, key);
	if (place == NULL)
		place = create(turns, key);
	if (place != NULL)
		join_line(place, turn);
}

bool
turns_tell(struct turns *turns, struct pool_key key, size_t count)
{
	struct turn_place *place = turns->waiting > 0 ? find(turns, key) : NULL;

	if (place == NULL || place->line == NULL)
		return false;
	call(place, count);
	return true;
}

bool
turn_waits(const struct turn *turn)
{
	return turn->place != NULL && turn->place->lead != turn;
}

void
turn_end(struct turn *turn)
{
	struct turn_place *place = turn->place;

	if (place == NULL)
		return;
	if (place->lead == turn) {
		place->lead = NULL;
		turn->place = NULL;
		call_all(place);
	} else {
		leave_line(turn);
	}
	drop_if_empty(place);
}
