/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/resolver: a question's life, from who asks to who is told.
 */
#include "net/resolver_impl.h"

#include "event/counter.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

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

/* ---- its time ---- */

/* So often it is seen whether the time has passed as times do. */
#define PARTS 5

static int64_t
end_of(const struct resolver_name *name)
{
	return name->asked + name->resolver->timeout;
}

static void
wait_on(struct resolver_name *name)
{
	struct resolver *r = name->resolver;
	int64_t part = clock_now() + r->timeout / PARTS;

	name->due = part < name->until ? part : name->until;
	loop_timer_arm(r->loop, &name->timer, name->due);
}

/* And not beyond the whole time. */
static void
wait_until(struct resolver_name *name, int64_t deadline)
{
	int64_t end = end_of(name);

	name->until = deadline < end ? deadline : end;
	wait_on(name);
}

/*
 * A process that is kept from running asks nobody again, and where the whole
 * machine stood still, nobody could answer: what a timer is late by is not the
 * name servers' time.
 */
static void
leave_out_absence(struct resolver_name *name)
{
	int64_t late = loop_now(name->resolver->loop) - name->due;

	if (late <= 0)
		return;
	name->asked += late;
	name->until += late;
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
		return !name->waits && !resolver_has_lookups(name);
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
	resolver_set_expiry(name);
	if (resolver_status_of(name) != RESOLVER_STATUS_OK)
		counter_add(COUNTER_DNS_FAILED, 1);
	tell_ready(name);
}

/* The late half of an answer that was given already. */
static void
complete(struct resolver_name *name)
{
	resolver_set_expiry(name);
	tell_ready(name);
}

/* Once a half has its reply. */
static void
settle(struct resolver_name *name)
{
	struct resolver *r = name->resolver;

	if (!resolver_has_lookups(name)) {
		loop_timer_cancel(&name->timer);
		if (name->answered)
			complete(name);
		else
			answer_all(name);
	} else if (resolver_has_addresses(name)) {
		wait_until(name, loop_now(r->loop) + r->grace);
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
	int64_t now = loop_now(name->resolver->loop);

	leave_out_absence(name);
	if (now < name->until) {
		wait_on(name);
		return;
	}
	if (now < end_of(name)) {
		wait_until(name, end_of(name));
		answer_all(name);
		return;
	}
	if (name->waits) {
		resolver_leave_line(name);
		fill_replies(name, RESOLVER_STATUS_TIMEOUT);
	}
	resolver_forget_lookups(name);
	if (name->answered)
		complete(name);
	else
		answer_all(name);
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
	resolver_forget_lookups(name);
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

	resolver_forget_lookups(name);
	fill_replies(name, RESOLVER_STATUS_FAILED);
	name->answered = false;
	/* Not when this round of the loop began: its other work may have taken
	 * as long as a name server has. */
	name->asked = clock_now();
	wait_until(name, end_of(name));
	if (r->first != NULL || !has_room(r)) {
		resolver_stand_in_line(name);
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

	resolver_leave_line(name);
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
	query->deliver = (struct loop_deferred){ .fn = resolver_on_deliver,
		.context = query };
	if (is_ready(name, query))
		loop_defer(name->resolver->loop, &query->deliver);
}

/* Those who are being told in this round take the answer with them. */
static bool
must_ask(const struct resolver_name *name, const struct resolver_query *query)
{
	if (query->patience == RESOLVER_REST && resolver_has_lookups(name))
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
	name = resolver_name_for(resolver, text, &error);
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
		resolver_detach(query->name, query);
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
	TAILQ_INIT(&r->by_age);
	r->last = &r->first;
	r->on_time = on_time;
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
	struct resolver_name *name;

	*resolver = NULL;
	if (r == NULL)
		return;
	while ((name = TAILQ_FIRST(&r->by_age)) != NULL)
		resolver_drop_name(r, name);
	dns_destroy(&r->dns);
	loop_deferred_cancel(&r->go_on);
	free(r);
}

/* What the old ones said is not asked for again, but not told any more. */
int
resolver_servers(
    struct resolver *resolver, const struct address_port *servers, size_t count)
{
	struct resolver_name *name;
	int error;

	if (count == 0 || count > RESOLVER_SERVERS_MAX)
		return -EINVAL;
	error = dns_servers(resolver->dns, servers, count);
	if (error < 0)
		return error;
	TAILQ_FOREACH(name, &resolver->by_age, age)
	name->expires = 0;
	return 0;
}
