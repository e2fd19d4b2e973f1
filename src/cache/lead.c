/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/lead: who asks the origin, and who waits for him.
 *
 * Leads are in lists of their shard, by hash, under its lock, as is the list of
 * each one's waiters.  The secondary key of a lead is that of its request as
 * far as it is known which fields count: from what is stored under the key.
 */
#include "cache/store_impl.h"

#include "base/text.h"
#include "cache/disk_impl.h"
#include "cache/vary.h"

#include <errno.h>
#include <stdlib.h>

struct cache_lead {
	struct cache_lead *next, **link; /* link NULL: nobody waits any more */
	struct cache_waiter *waiting;
	uint64_t hash;
	int64_t since;
	struct str key, vary; /* lie behind the struct */
};

/* ---- the secondary key ---- */

/* "name:value\n" or "name\n": the names, with a comma between them. */
static void
names_of(struct str vary, struct text *out)
{
	while (vary.len > 0) {
		struct str line = str_cut(&vary, '\n');
		if (out->len > 0)
			text_addc(out, ',');
		text_add(out, str_cut(&line, ':'));
	}
}

/* The request's, by the names of another one.  0, or a negative errno. */
static int
vary_like(struct str vary, const struct http_request *request, struct text *out)
{
	struct text names = TEXT_EMPTY;
	struct http_field field = { .name = STR("Vary"), .id = HTTP_NAME_VARY };
	struct http_fields fields = { .items = &field, .count = 1, .room = 1 };
	int rc = -ENOMEM;

	if (vary.len == 0)
		return 0;
	names_of(vary, &names);
	field.value = text_str(&names);
	if (!names.full)
		rc = cache_vary_key(&fields, request, out);
	text_fini(&names);
	return rc;
}

/* What was stored last under the key; NULL: nothing. */
static const struct cache_object *
newest_of(struct cache_shard *shard, uint32_t hash, struct str key)
{
	const struct cache_object *object =
	    cache_table_first(&shard->table, hash);

	while (object != NULL &&
	       (object->hash != hash || !str_eq(cache_object_key(object), key)))
		object = cache_table_next(object);
	return object;
}

/* It says which fields count. */
static int
known_vary(struct cache_shard *shard, uint32_t hash, struct str key,
    const struct http_request *request, struct text *out)
{
	const struct cache_object *newest = newest_of(shard, hash, key);

	return newest == NULL
		   ? 0
		   : vary_like(cache_object_vary(newest), request, out);
}

/* ---- leads ---- */

static struct cache_lead **
list_of(struct cache_shard *shard, uint64_t hash)
{
	return &shard->leads[hash % CACHE_LEAD_LISTS];
}

static struct cache_lead *
find_lead(struct cache_shard *shard, uint64_t hash, struct str key,
    const struct http_request *request)
{
	struct cache_lead *lead = *list_of(shard, hash);

	for (; lead != NULL; lead = lead->next)
		if (lead->hash == hash && str_eq(lead->key, key) &&
		    (lead->vary.len == 0 ||
			cache_vary_matches(lead->vary, request)))
			return lead;
	return NULL;
}

static struct cache_lead *
make_lead(uint64_t hash, struct str key, struct str vary)
{
	struct cache_lead *lead = malloc(sizeof(*lead) + key.len + vary.len);

	if (lead == NULL)
		return NULL;
	char *text = (char *)(lead + 1);
	if (key.len > 0)
		memcpy(text, key.at, key.len);
	if (vary.len > 0)
		memcpy(text + key.len, vary.at, vary.len);
	*lead = (struct cache_lead){ .hash = hash,
		.since = clock_now(),
		.key = { text, key.len },
		.vary = { text + key.len, vary.len } };
	return lead;
}

static void
link_lead(struct cache_shard *shard, struct cache_lead *lead)
{
	struct cache_lead **list = list_of(shard, lead->hash);

	lead->next = *list;
	lead->link = list;
	if (lead->next != NULL)
		lead->next->link = &lead->next;
	*list = lead;
}

static void
unlink_lead(struct cache_lead *lead)
{
	*lead->link = lead->next;
	if (lead->next != NULL)
		lead->next->link = lead->link;
}

/* A lead for the request.  NULL: no memory. */
static struct cache_lead *
begin_lead(struct cache_shard *shard, uint64_t hash, struct str key,
    const struct http_request *request)
{
	struct text vary = TEXT_EMPTY;
	struct cache_lead *lead = NULL;

	if (known_vary(shard, (uint32_t)hash, key, request, &vary) == 0 &&
	    !vary.full)
		lead = make_lead(hash, key, text_str(&vary));
	text_fini(&vary);
	if (lead != NULL)
		link_lead(shard, lead);
	return lead;
}

/* ---- keys that nobody waits for ---- */

static struct cache_alone *
alone_slot(struct cache_shard *shard, uint64_t hash)
{
	return &shard->alone[(hash >> 8) % CACHE_ALONE_MAX];
}

static bool
is_alone(struct cache_shard *shard, uint64_t hash)
{
	const struct cache_alone *alone = alone_slot(shard, hash);

	return alone->until != 0 && alone->hash == (uint32_t)hash &&
	       clock_now() < alone->until;
}

void
cache_alone_end(struct cache_shard *shard, uint64_t hash)
{
	struct cache_alone *alone = alone_slot(shard, hash);

	if (alone->hash == (uint32_t)hash)
		alone->until = 0;
}

/* ---- turns ---- */

static enum cache_turn
wait_for(struct cache_shard *shard, struct cache_lead *lead,
    const struct cache_wish *wish, struct cache_waiter **ret)
{
	struct cache_waiter *waiter = cache_waiter_create(
	    &shard->lock, wish->loop, wish->fn, wish->context);

	if (waiter == NULL)
		return CACHE_TURN_ALONE;
	cache_waiter_arm(waiter, &lead->waiting);
	*ret = waiter;
	return CACHE_TURN_WAIT;
}

/*
 * Whether it is worth to look on the disk: of a URL that is not in memory, for
 * anything; else for just what the request selects, or what was read before
 * and is of no use would be read for ever.
 */
static bool
is_on_disk(struct cache *cache, struct cache_shard *shard, uint64_t hash,
    struct str key, const struct http_request *request)
{
	struct text vary = TEXT_EMPTY;
	bool found = false;

	if (cache->disk == NULL)
		return false;
	if (newest_of(shard, (uint32_t)hash, key) == NULL)
		return cache_disk_has(cache->disk, hash, key, NULL);
	if (known_vary(shard, (uint32_t)hash, key, request, &vary) == 0 &&
	    !vary.full) {
		struct str text = text_str(&vary);
		found = cache_disk_has(cache->disk, hash, key, &text);
	}
	text_fini(&vary);
	return found;
}

/* The thread that reads leads. */
static bool
load(struct cache *cache, struct cache_shard *shard, uint64_t hash,
    struct str key, const struct http_request *request, struct cache_lead **ret)
{
	struct cache_lead *lead = begin_lead(shard, hash, key, request);

	if (lead == NULL)
		return false;
	if (!cache_disk_load(cache->disk, hash, lead)) {
		unlink_lead(lead);
		free(lead);
		return false;
	}
	*ret = lead;
	return true;
}

static bool
is_slow(const struct cache_lead *lead)
{
	return clock_now() - lead->since > CACHE_LEAD_PATIENCE;
}

enum cache_turn
cache_take_turn(struct cache_user *user, const struct cache_wish *wish,
    struct cache_lead **ret_lead, struct cache_waiter **ret_waiter)
{
	struct cache *cache = user->cache;
	const struct http_request *request = wish->request;
	struct str key = wish->key;
	uint64_t hash = cache_key_hash(cache, key);
	struct cache_shard *shard = cache_shard_lock(cache, hash);
	enum cache_turn turn = CACHE_TURN_LEAD;

	const struct cache_object *object =
	    cache_shard_find(cache, shard, (uint32_t)hash, key, request);
	struct cache_lead *lead = find_lead(shard, hash, key, request);
	if (object != NULL && object != wish->known) {
		turn = CACHE_TURN_FOUND;
	} else if (is_alone(shard, hash)) {
		turn = CACHE_TURN_ALONE;
	} else if (lead != NULL && !is_slow(lead)) {
		turn = wait_for(shard, lead, wish, ret_waiter);
		shard->collapsed += turn == CACHE_TURN_WAIT;
	} else if (wish->known == NULL && !wish->again &&
		   is_on_disk(cache, shard, hash, key, request) &&
		   load(cache, shard, hash, key, request, &lead)) {
		turn = wait_for(shard, lead, wish, ret_waiter);
	} else {
		lead = begin_lead(shard, hash, key, request);
		if (lead == NULL)
			turn = CACHE_TURN_ALONE;
		else
			*ret_lead = lead;
	}
	cache_shard_leave(cache, shard);
	return turn;
}

struct cache_lead *
cache_lead_begin(
    struct cache_user *user, struct str key, const struct http_request *request)
{
	struct cache *cache = user->cache;
	uint64_t hash = cache_key_hash(cache, key);
	struct cache_shard *shard = cache_shard_lock(cache, hash);
	struct cache_lead *lead = NULL;

	if (find_lead(shard, hash, key, request) == NULL)
		lead = begin_lead(shard, hash, key, request);
	cache_shard_leave(cache, shard);
	return lead;
}

void
cache_lead_end(struct cache_user *user, struct cache_lead **lead,
    enum cache_lead_result result)
{
	struct cache_lead *l = *lead;

	*lead = NULL;
	if (l == NULL)
		return;
	struct cache_shard *shard = cache_shard_lock(user->cache, l->hash);
	unlink_lead(l);
	if (result == CACHE_LEAD_NOT_KEPT)
		*alone_slot(shard, l->hash) =
		    (struct cache_alone){ (uint32_t)l->hash,
			    clock_now() + CACHE_ALONE_TIME };
	(void)cache_waiter_post_all(&l->waiting);
	cache_shard_leave(user->cache, shard);
	free(l);
}
