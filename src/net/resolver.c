/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/resolver: the names that are known or asked for, and who waits for them.
 *
 * One struct a name, found by a hash with a random seed, and on a ring by when
 * it was last asked for.  A name has two halves, one for each family, each
 * with its look-up while that is in flight and its reply afterwards.  c-ares
 * only ever changes a half; callers are told from deferred entries of their
 * own, so they may do anything.
 */
#include "net/resolver.h"

#include "base/hostname.h"
#include "event/counter.h"
#include "net/dns.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

/* Half of RESOLVER_NAMES_MAX: chains of two when the table is full. */
#define BUCKETS 1024

enum half {
	HALF_IPV6, /* the preferred one */
	HALF_IPV4,
	HALF_COUNT
};

struct resolver_half {
	struct resolver_name *name;
	struct dns_lookup *lookup; /* NULL: the reply is there */
	struct dns_reply reply;
};

struct resolver_name {
	struct resolver *resolver;
	struct resolver_name *chain;
	struct resolver_name *newer, *older;
	struct resolver_query *queries;
	struct resolver_half halves[HALF_COUNT];
	bool opening; /* the look-ups are being started */
	bool answered;
	bool waits;                      /* it stands in line */
	struct resolver_name *next_wait; /* in line */
	int64_t asked;                   /* when the question began */
	int64_t expires;                 /* of an answer */
	struct loop_timer timer;
	struct str text; /* NUL-terminated */
	char bytes[HOSTNAME_MAX + 1];
};

struct resolver {
	struct loop *loop;
	struct dns *dns;
	int64_t timeout, grace;
	uint64_t seed;
	struct resolver_name *buckets[BUCKETS];
	struct resolver_name *newest, *oldest;
	size_t names;
	/* Names for which there are too many look-ups in flight. */
	struct resolver_name *first, **last;
	struct loop_deferred go_on;
};

const char *
resolver_status_word(enum resolver_status status)
{
	static const char *const words[RESOLVER_STATUS_COUNT] = {
#define ROW(id, word) [RESOLVER_STATUS_##id] = (word),
		RESOLVER_ANSWERS(ROW)
#undef ROW
	};

	return words[status];
}

/* ---- the table of names ---- */

static struct resolver_name **
bucket_of(struct resolver *r, struct str text)
{
	return &r->buckets[str_hash(text, r->seed) % BUCKETS];
}

static struct resolver_name *
find_name(struct resolver *r, struct str text)
{
	struct resolver_name *name = *bucket_of(r, text);

	while (name != NULL && !str_eq(name->text, text))
		name = name->chain;
	return name;
}

static void
link_newest(struct resolver *r, struct resolver_name *name)
{
	name->newer = NULL;
	name->older = r->newest;
	if (r->newest != NULL)
		r->newest->newer = name;
	else
		r->oldest = name;
	r->newest = name;
}

static void
unlink_age(struct resolver *r, struct resolver_name *name)
{
	if (name->newer != NULL)
		name->newer->older = name->older;
	else
		r->newest = name->older;
	if (name->older != NULL)
		name->older->newer = name->newer;
	else
		r->oldest = name->newer;
}

static bool
has_lookups(const struct resolver_name *name)
{
	return name->halves[HALF_IPV6].lookup != NULL ||
	       name->halves[HALF_IPV4].lookup != NULL;
}

static void
detach(struct resolver_name *name, struct resolver_query *query)
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

static void
leave_line(struct resolver_name *name)
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

static void
stand_in_line(struct resolver_name *name)
{
	struct resolver *r = name->resolver;

	name->waits = true;
	name->next_wait = NULL;
	*r->last = name;
	r->last = &name->next_wait;
}

static void
forget_lookups(struct resolver_name *name)
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

static void
drop_name(struct resolver *r, struct resolver_name *name)
{
	struct resolver_name **at = bucket_of(r, name->text);

	while (*at != name)
		at = &(*at)->chain;
	*at = name->chain;
	unlink_age(r, name);
	r->names--;
	while (name->queries != NULL)
		detach(name, name->queries);
	leave_line(name);
	forget_lookups(name);
	loop_timer_cancel(&name->timer);
	free(name);
}

/* The oldest that nobody waits for gives way.  Those in use are few, as there
 * are at most RESOLVER_LOOKUPS_MAX look-ups. */
static bool
make_place(struct resolver *r)
{
	struct resolver_name *name = r->oldest;

	if (r->names < RESOLVER_NAMES_MAX)
		return true;
	while (name != NULL && (name->queries != NULL || has_lookups(name)))
		name = name->newer;
	if (name == NULL)
		return false;
	drop_name(r, name);
	return true;
}

/* ---- from halves to an answer ---- */

static bool
has_addresses(const struct resolver_name *name)
{
	return name->halves[HALF_IPV6].reply.count > 0 ||
	       name->halves[HALF_IPV4].reply.count > 0;
}

/*
 * Without addresses: what either half says of the name as a whole stands
 * above what it says of itself, and not knowing above knowing of none.
 */
static enum resolver_status
status_of(const struct resolver_name *name)
{
	static const enum resolver_status order[] = { RESOLVER_STATUS_OK,
		RESOLVER_STATUS_NO_NAME, RESOLVER_STATUS_TIMEOUT,
		RESOLVER_STATUS_FAILED };

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		for (int half = 0; half < HALF_COUNT; half++)
			if (name->halves[half].lookup == NULL &&
			    name->halves[half].reply.status == order[i])
				return order[i];
	return RESOLVER_STATUS_NO_ADDRESS;
}

static int64_t
ttl_of(const struct resolver_half *half)
{
	switch (half->reply.status) {
	case RESOLVER_STATUS_OK:
		return half->reply.ttl < RESOLVER_TTL_MAX ? half->reply.ttl
							  : RESOLVER_TTL_MAX;
	case RESOLVER_STATUS_NO_NAME:
	case RESOLVER_STATUS_NO_ADDRESS:
		return RESOLVER_TTL_NONE;
	case RESOLVER_STATUS_TIMEOUT:
	case RESOLVER_STATUS_FAILED:
	case RESOLVER_STATUS_COUNT:
		break;
	}
	return RESOLVER_TTL_FAILURE;
}

/*
 * Beside addresses, the absence of the other family counts for as long as
 * they do, and its failure for RESOLVER_TTL_HALF: else a name that has IPv4
 * only would be asked for every ten seconds, or every second.
 */
static int64_t
half_counts_for(const struct resolver_name *name, int i)
{
	const struct resolver_half *half = &name->halves[i];

	if (half->lookup != NULL)
		return RESOLVER_TTL_MAX;
	if (half->reply.count > 0 || !has_addresses(name))
		return ttl_of(half);
	return half->reply.status == RESOLVER_STATUS_TIMEOUT ||
		       half->reply.status == RESOLVER_STATUS_FAILED
		   ? RESOLVER_TTL_HALF
		   : RESOLVER_TTL_MAX;
}

static void
set_expiry(struct resolver_name *name)
{
	int64_t ttl = RESOLVER_TTL_MAX;

	for (int i = 0; i < HALF_COUNT; i++) {
		int64_t half = half_counts_for(name, i);
		ttl = half < ttl ? half : ttl;
	}
	name->expires = loop_now(name->resolver->loop) + ttl;
}

/* IPv6 and IPv4 by turns; when one has no more, the rest of the other. */
static void
interleave(const struct resolver_name *name, struct resolver_answer *answer)
{
	for (size_t i = 0; i < RESOLVER_ADDRESSES_MAX; i++) {
		for (int h = 0; h < HALF_COUNT; h++) {
			const struct dns_reply *reply = &name->halves[h].reply;
			if (i < reply->count &&
			    answer->count < RESOLVER_ADDRESSES_MAX)
				answer->addresses[answer->count++] =
				    reply->addresses[i];
		}
	}
}

static void
on_deliver(struct loop_deferred *deferred)
{
	struct resolver_query *query = deferred->context;
	struct resolver_name *name = query->name;
	int64_t left = name->expires - loop_now(name->resolver->loop);
	struct resolver_answer answer = {
		.status = status_of(name),
		.ttl = left > 0 ? left : 0,
		.whole = !has_lookups(name),
	};

	interleave(name, &answer);
	detach(name, query);
	query->fn(query, &answer);
}

/* ---- a question's life ---- */

static bool
is_ready(const struct resolver_name *name, const struct resolver_query *query)
{
	switch (query->patience) {
	case RESOLVER_EAGER:
		return name->answered ||
		       name->halves[HALF_IPV6].reply.count > 0;
	case RESOLVER_REST:
		return !name->waits && !has_lookups(name);
	case RESOLVER_USUAL:
		break;
	}
	return name->answered;
}

static void
tell_ready(struct resolver_name *name)
{
	for (struct resolver_query *q = name->queries; q != NULL; q = q->next)
		if (is_ready(name, q))
			loop_defer(name->resolver->loop, &q->deliver);
}

static void
answer_all(struct resolver_name *name)
{
	name->answered = true;
	set_expiry(name);
	if (status_of(name) != RESOLVER_STATUS_OK)
		counter_add(COUNTER_DNS_FAILED, 1);
	tell_ready(name);
}

/* The late half of an answer that was given already. */
static void
complete(struct resolver_name *name)
{
	set_expiry(name);
	tell_ready(name);
}

/* Once a half has its reply. */
static void
settle(struct resolver_name *name)
{
	struct resolver *r = name->resolver;

	if (!has_lookups(name)) {
		loop_timer_cancel(&name->timer);
		if (name->answered)
			complete(name);
		else
			answer_all(name);
	} else if (has_addresses(name)) {
		int64_t grace = loop_now(r->loop) + r->grace;
		int64_t end = name->asked + r->timeout;
		loop_timer_arm(
		    r->loop, &name->timer, grace < end ? grace : end);
		tell_ready(name);
	}
}

static void
fill_replies(struct resolver_name *name, enum resolver_status status)
{
	for (int i = 0; i < HALF_COUNT; i++)
		name->halves[i].reply = (struct dns_reply){ .status = status };
}

/* May come from within dns_ask, before the other half has been asked for. */
static void
on_reply(const struct dns_reply *reply, void *context)
{
	struct resolver_half *half = context;

	half->lookup = NULL;
	half->reply = *reply;
	if (!half->name->opening)
		settle(half->name);
}

/*
 * The grace is over, or the whole time.  A half that is late after grace gets
 * the rest of the time, for those who ask later.
 */
static void
on_time(struct loop_timer *timer)
{
	struct resolver_name *name = timer->context;
	struct resolver *r = name->resolver;
	int64_t end = name->asked + r->timeout;

	if (loop_now(r->loop) < end) {
		loop_timer_arm(r->loop, timer, end);
		answer_all(name);
		return;
	}
	if (name->waits) {
		leave_line(name);
		fill_replies(name, RESOLVER_STATUS_TIMEOUT);
	}
	forget_lookups(name);
	if (name->answered)
		complete(name);
	else
		answer_all(name);
}

static struct resolver_name *
add_name(struct resolver *r, struct str text)
{
	struct resolver_name **bucket = bucket_of(r, text);
	struct resolver_name *name = calloc(1, sizeof(*name));

	if (name == NULL)
		return NULL;
	name->resolver = r;
	name->timer = (struct loop_timer){ .fn = on_time, .context = name };
	memcpy(name->bytes, text.at, text.len);
	name->text = (struct str){ name->bytes, text.len };
	for (int i = 0; i < HALF_COUNT; i++)
		name->halves[i].name = name;
	/* Answered and expired: as if it had been known once. */
	name->answered = true;
	name->expires = 0; /* long ago */
	name->chain = *bucket;
	*bucket = name;
	link_newest(r, name);
	r->names++;
	return name;
}

static int
look_up(struct resolver_name *name, enum half which)
{
	struct resolver_half *half = &name->halves[which];

	return dns_ask(name->resolver->dns, name->bytes,
	    which == HALF_IPV4 ? ADDRESS_IPV4 : ADDRESS_IPV6, on_reply, half,
	    &half->lookup);
}

static int
look_up_both(struct resolver_name *name)
{
	int error;

	name->opening = true;
	error = look_up(name, HALF_IPV6);
	if (error == 0)
		error = look_up(name, HALF_IPV4);
	name->opening = false;
	return error;
}

/* As if it had been known once. */
static void
give_up(struct resolver_name *name)
{
	forget_lookups(name);
	loop_timer_cancel(&name->timer);
	name->answered = true;
	name->expires = 0;
}

static bool
has_room(const struct resolver *r)
{
	return dns_lookups(r->dns) + HALF_COUNT <= RESOLVER_LOOKUPS_MAX;
}

/* Nobody waits for the name.  On failure it is expired as before. */
static int
open_question(struct resolver_name *name)
{
	struct resolver *r = name->resolver;
	int error;

	forget_lookups(name);
	fill_replies(name, RESOLVER_STATUS_FAILED);
	name->answered = false;
	/* Not when this round of the loop began: its other work may have taken
	 * as long as a name server has. */
	name->asked = clock_now();
	loop_timer_arm(r->loop, &name->timer, name->asked + r->timeout);
	if (r->first != NULL || !has_room(r)) {
		stand_in_line(name);
		return 0;
	}
	error = look_up_both(name);
	if (error == 0)
		settle(name);
	else
		give_up(name);
	return error;
}

/* Who stands in line first, if somebody waits for it still. */
static void
open_first(struct resolver *r)
{
	struct resolver_name *name = r->first;

	leave_line(name);
	if (name->queries == NULL) {
		give_up(name);
		return;
	}
	/* Without memory the half is as it was: failed. */
	(void)look_up_both(name);
	settle(name);
}

/* A look-up has ended. */
static void
on_go_on(struct loop_deferred *deferred)
{
	struct resolver *r = deferred->context;

	while (r->first != NULL && has_room(r))
		open_first(r);
}

static void
attach(struct resolver_name *name, struct resolver_query *query)
{
	query->name = name;
	query->prev = NULL;
	query->next = name->queries;
	if (name->queries != NULL)
		name->queries->prev = query;
	name->queries = query;
	query->deliver =
	    (struct loop_deferred){ .fn = on_deliver, .context = query };
	if (is_ready(name, query))
		loop_defer(name->resolver->loop, &query->deliver);
}

static struct resolver_name *
name_for(struct resolver *r, struct str text, int *reterr)
{
	struct resolver_name *name = find_name(r, text);

	if (name != NULL) {
		unlink_age(r, name);
		link_newest(r, name);
		return name;
	}
	*reterr = -ENOBUFS;
	if (!make_place(r))
		return NULL;
	*reterr = -ENOMEM;
	return add_name(r, text);
}

/* Those who are being told in this round take the answer with them. */
static bool
must_ask(const struct resolver_name *name, const struct resolver_query *query)
{
	if (query->patience == RESOLVER_REST && has_lookups(name))
		return false;
	return name->answered && name->queries == NULL &&
	       name->expires <= loop_now(name->resolver->loop);
}

int
resolver_ask(
    struct resolver *resolver, struct str text, struct resolver_query *query)
{
	char bytes[HOSTNAME_MAX + 1];
	struct resolver_name *name;
	int error = 0;

	if (str_ends(text, STR(".")))
		text.len--;
	if (hostname_parse(text, bytes, &text) < 0)
		return -EINVAL;
	name = name_for(resolver, text, &error);
	if (name == NULL)
		return error;
	if (must_ask(name, query)) {
		error = open_question(name);
		if (error < 0)
			return error;
		counter_add(COUNTER_DNS_QUERIES, 1);
	}
	attach(name, query);
	return 0;
}

void
resolver_cancel(struct resolver_query *query)
{
	if (query->name != NULL)
		detach(query->name, query);
}

/* ---- making ---- */

int
resolver_create(struct loop *loop, const struct resolver_options *options,
    struct resolver **ret)
{
	struct resolver *r = calloc(1, sizeof(*r));
	int error;

	if (r == NULL)
		return -ENOMEM;
	r->loop = loop;
	r->last = &r->first;
	r->go_on = (struct loop_deferred){ .fn = on_go_on, .context = r };
	r->timeout = options->timeout > 0 ? options->timeout : RESOLVER_TIMEOUT;
	r->grace = options->grace > 0 ? options->grace : RESOLVER_GRACE;
	error = getrandom(&r->seed, sizeof(r->seed), 0) < 0 ? -errno : 0;
	if (error == 0)
		error = dns_create(loop, r->timeout, &r->dns);
	if (error < 0) {
		free(r);
		return error;
	}
	dns_tell_ended(r->dns, &r->go_on);
	*ret = r;
	return 0;
}

void
resolver_destroy(struct resolver **resolver)
{
	struct resolver *r = *resolver;

	*resolver = NULL;
	if (r == NULL)
		return;
	for (struct resolver_name *n = r->newest, *older; n != NULL;
	     n = older) {
		older = n->older;
		drop_name(r, n);
	}
	dns_destroy(&r->dns);
	loop_deferred_cancel(&r->go_on);
	free(r);
}

/* What the old ones said is not asked for again, but not told any more. */
int
resolver_servers(
    struct resolver *resolver, const struct address_port *servers, size_t count)
{
	int error;

	if (count == 0 || count > RESOLVER_SERVERS_MAX)
		return -EINVAL;
	error = dns_servers(resolver->dns, servers, count);
	if (error < 0)
		return error;
	for (struct resolver_name *n = resolver->newest; n != NULL;
	     n = n->older)
		n->expires = 0;
	return 0;
}
