/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/resolver_names: the table of a resolver's names.
 *
 * Found by a hash with a random seed, on a ring by when they were last asked
 * for, and in line while there are too many look-ups in flight.
 */
#include "net/resolver_impl.h"

#include <errno.h>
#include <stdlib.h>

static struct resolver_name **
bucket_of(struct resolver *r, struct str text)
{
	return &r->buckets[str_hash(text, r->seed) % RESOLVER_BUCKETS];
}

static struct resolver_name *
find_name(struct resolver *r, struct str text)
{
	struct resolver_name *name = *bucket_of(r, text);

	while (name != NULL && !str_eq(name->text, text))
		name = name->chain;
	return name;
}

bool
resolver_has_lookups(const struct resolver_name *name)
{
	return name->halves[HALF_IPV6].lookup != NULL ||
	       name->halves[HALF_IPV4].lookup != NULL;
}

void
resolver_detach(struct resolver_name *name, struct resolver_query *query)
{
	if (query->prev != NULL)
		query->prev->next = query->next;
	else
		name->queries = query->next;
	if (query->next != NULL)
		query->next->prev = query->prev;
	loop_deferred_cancel(&query->deliver);
	query->name = NULL;
}

void
resolver_leave_line(struct resolver_name *name)
{
	struct resolver *r = name->resolver;
	struct resolver_name **at = &r->first;

	if (!name->waits)
		return;
	while (*at != name)
		at = &(*at)->next_wait;
	*at = name->next_wait;
	if (*at == NULL)
		r->last = at;
	name->waits = false;
}

void
resolver_stand_in_line(struct resolver_name *name)
{
	struct resolver *r = name->resolver;

	name->waits = true;
	name->next_wait = NULL;
	*r->last = name;
	r->last = &name->next_wait;
}

void
resolver_forget_lookups(struct resolver_name *name)
{
	for (int i = 0; i < HALF_COUNT; i++) {
		struct resolver_half *half = &name->halves[i];
		if (half->lookup == NULL)
			continue;
		dns_forget(half->lookup);
		half->lookup = NULL;
		half->reply =
		    (struct dns_reply){ .status = RESOLVER_STATUS_TIMEOUT };
	}
}

void
resolver_drop_name(struct resolver *r, struct resolver_name *name)
{
	struct resolver_name **at = bucket_of(r, name->text);

	while (*at != name)
		at = &(*at)->chain;
	*at = name->chain;
	TAILQ_REMOVE(&r->by_age, name, age);
	r->names--;
	while (name->queries != NULL)
		resolver_detach(name, name->queries);
	resolver_leave_line(name);
	resolver_forget_lookups(name);
	loop_timer_cancel(&name->timer);
	free(name);
}

/* The oldest that nobody waits for gives way.  Those in use are few, as there
 * are at most RESOLVER_LOOKUPS_MAX look-ups. */
static bool
make_place(struct resolver *r)
{
	struct resolver_name *name = TAILQ_LAST(&r->by_age, resolver_names);

	if (r->names < RESOLVER_NAMES_MAX)
		return true;
	while (name != NULL &&
	       (name->queries != NULL || resolver_has_lookups(name)))
		name = TAILQ_PREV(name, resolver_names, age);
	if (name == NULL)
		return false;
	resolver_drop_name(r, name);
	return true;
}

static struct resolver_name *
add_name(struct resolver *r, struct str text)
{
	struct resolver_name **bucket = bucket_of(r, text);
	struct resolver_name *name = calloc(1, sizeof(*name));

	if (name == NULL)
		return NULL;
	name->resolver = r;
	name->timer = (struct loop_timer){ .fn = r->on_time, .context = name };
	memcpy(name->bytes, text.at, text.len);
	name->text = (struct str){ name->bytes, text.len };
	for (int i = 0; i < HALF_COUNT; i++)
		name->halves[i].name = name;
	/* Answered and expired: as if it had been known once. */
	name->answered = true;
	name->expires = 0; /* long ago */
	name->chain = *bucket;
	*bucket = name;
	TAILQ_INSERT_HEAD(&r->by_age, name, age);
	r->names++;
	return name;
}

struct resolver_name *
resolver_name_for(struct resolver *r, struct str text, int *reterr)
{
	struct resolver_name *name = find_name(r, text);

	if (name != NULL) {
		TAILQ_REMOVE(&r->by_age, name, age);
		TAILQ_INSERT_HEAD(&r->by_age, name, age);
		return name;
	}
	*reterr = -ENOBUFS;
	if (!make_place(r))
		return NULL;
	*reterr = -ENOMEM;
	return add_name(r, text);
}
