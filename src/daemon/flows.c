/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/flows.h"

#include "base/clock.h"
#include "event/event.h"
#include "firewall/names.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

/* The kernel may be short of memory for a moment. */
#define READINGS_MAX 3

#define REASON_CHANGED "the policy has changed"

struct flows_court
flows_court_of(const struct generation *generation)
{
	return (struct flows_court){
		.policy = generation->policy,
		.own = generation->own.items,
		.own_count = generation->own.count,
		.names = generation->names,
		.minute = hours_minute_of(clock_wall()),
	};
}

/* One reading of the table. */
struct session {
	struct flows_court court, before;
	struct conntrack_ender *ender; /* NULL: they are only counted */
	size_t told;
	struct flows_tally tally;
};

/* Whether the rule by which it lived says so, or the one that ends it. */
static bool
is_told(const struct session *session, const struct conntrack_entry *entry,
    const struct flow_judgement *judgement)
{
	const struct policy_rule *rule = judgement->answer.rule;
	struct flow_judgement before;

	if (session->told >= FLOWS_TOLD_MAX)
		return false;
	if (rule != NULL && rule->log)
		return true;
	if (session->court.before == NULL)
		return false;
	flows_judge(session->court.before, entry, &before);
	return before.answer.rule != NULL && before.answer.rule->log;
}

/* That it has gone by itself meanwhile is as good. */
static void
end_forbidden(struct session *session, const struct conntrack_entry *entry,
    const struct flow_judgement *judgement)
{
	int rc = conntrack_end(session->ender, entry);
	struct text reason = TEXT_EMPTY;

	if (rc < 0 && rc != -ENOENT)
		session->tally.rc = rc;
	if (rc < 0 || !conntrack_is_living(entry))
		return;
	session->tally.ended++;
	if (!is_told(session, entry, judgement))
		return;
	session->told++;
	text_addz(&reason, REASON_CHANGED);
	if (judgement->reason != NULL)
		text_addf(&reason, ": it %s", judgement->reason);
	flow_log_tell(&session->court, entry, judgement, reason.at);
	text_fini(&reason);
}

/* By which rule's bandwidth it goes; what the proxy has, it paces itself. */
static uint32_t
bandwidth_mark(
    const struct conntrack_entry *entry, const struct flow_judgement *judgement)
{
	const struct policy_rule *rule = judgement->answer.rule;

	if (rule == NULL || judgement->owner != FLOW_OWNER_FIREWALL ||
	    (entry->mark & FIREWALL_MARK_HANDOVER) != 0)
		return 0;
	return (uint32_t)rule->bandwidth_number << FIREWALL_BANDWIDTH_SHIFT;
}

/* Where no policy has one, the bits are not ours. */
static bool
have_bandwidths(const struct session *session)
{
	const struct flows_court *before = session->court.before;

	return session->court.policy->bandwidth_count > 0 ||
	       (before != NULL && before->policy->bandwidth_count > 0);
}

/* Its number was that of the policy before.  That it has gone by itself is as
 * good. */
static void
follow_bandwidth(struct session *session, const struct conntrack_entry *entry,
    const struct flow_judgement *judgement)
{
	uint32_t mark = bandwidth_mark(entry, judgement);

	if (session->ender == NULL || !have_bandwidths(session) ||
	    (entry->mark & FIREWALL_MARK_BANDWIDTH) == mark)
		return;
	int rc = conntrack_mark(
	    session->ender, entry, mark, FIREWALL_MARK_BANDWIDTH);
	if (rc < 0 && rc != -ENOENT)
		session->tally.rc = rc;
}

static int
judge(void *context, const struct conntrack_entry *entry)
{
	struct session *session = context;
	struct flow_judgement judgement;

	if ((entry->mark & FIREWALL_MARK_ENDED) != 0)
		return 0;
	flows_judge(&session->court, entry, &judgement);
	if (!judgement.forbidden) {
		follow_bandwidth(session, entry, &judgement);
		return 0;
	}
	session->tally.forbidden += conntrack_is_living(entry);
	if (session->ender != NULL)
		end_forbidden(session, entry, &judgement);
	return 0;
}

static bool
is_passing(int rc)
{
	return rc == -ENOBUFS || rc == -EINTR || rc == -EAGAIN;
}

/* What was ended by a reading that broke off is not met again. */
static void
hold(struct session *session)
{
	int rc = -EAGAIN;

	for (int i = 0; i < READINGS_MAX && is_passing(rc); i++) {
		session->tally.forbidden = 0;
		rc = conntrack_read(judge, session);
	}
	if (rc < 0)
		session->tally.rc = rc;
}

static void
convene(struct session *session, const struct generation *now,
    const struct generation *before)
{
	*session = (struct session){ .court = flows_court_of(now) };
	if (before == NULL)
		return;
	session->before = flows_court_of(before);
	session->court.before = &session->before;
}

struct flows_tally
flows_count(const struct generation *next, const struct generation *before)
{
	struct session session;

	convene(&session, next, before);
	hold(&session);
	return session.tally;
}

/* A connection that is looked for. */
struct search {
	struct flows_court court;
	struct address_port client, server;
	bool found, ends;
};

static bool
is_end(struct address_port end, struct address_port other)
{
	return end.port == other.port && address_eq(end.address, other.address);
}

static int
look(void *context, const struct conntrack_entry *entry)
{
	struct search *search = context;
	struct flow_judgement judgement;

	if (entry->original.protocol != IPPROTO_TCP ||
	    !is_end(entry->original.source, search->client) ||
	    (!is_end(entry->original.destination, search->server) &&
		!is_end(entry->reply.source, search->server)))
		return 0;
	flows_judge(&search->court, entry, &judgement);
	search->found = true;
	search->ends = judgement.forbidden;
	return 0;
}

static bool
is_own(const struct flows_court *court, struct address address)
{
	for (size_t i = 0; i < court->own_count; i++)
		if (address_eq(court->own[i].address, address))
			return true;
	return false;
}

/* Where no rules stood, nobody has followed the connection: its next packet
 * begins a flow. */
static void
look_at_unknown(struct search *search)
{
	const struct conntrack_entry entry = {
		.original = { .source = search->client,
		    .destination = search->server,
		    .protocol = IPPROTO_TCP },
		.reply = { .source = search->server,
		    .destination = search->client,
		    .protocol = IPPROTO_TCP },
	};

	if (is_own(&search->court, search->server.address))
		(void)look(search, &entry);
}

bool
flows_would_end(const struct generation *next, struct address_port client,
    struct address_port server)
{
	struct search search = {
		.court = flows_court_of(next),
		.client = client,
		.server = server,
	};

	(void)conntrack_read(look, &search);
	if (!search.found)
		look_at_unknown(&search);
	return search.ends;
}

static void
tell(const struct flows_tally *tally)
{
	struct text reason = TEXT_EMPTY;
	struct event event = { .kind = EVENT_KIND_POLICY };

	text_addz(&reason, REASON_CHANGED ": ");
	flows_add_words(tally, &reason);
	event.reason = reason.at;
	event_emit(&event);
	text_fini(&reason);
}

struct flows_tally
flows_end_forbidden(
    const struct generation *current, const struct generation *before)
{
	struct session session;

	convene(&session, current, before);
	session.tally.rc = conntrack_ender_open(&session.ender);
	if (session.tally.rc == 0)
		hold(&session);
	conntrack_ender_close(session.ender);
	if (session.tally.ended > 0 || session.tally.rc < 0)
		tell(&session.tally);
	return session.tally;
}

void
flows_add_words(const struct flows_tally *tally, struct text *out)
{
	const char *many = tally->ended == 1 ? "" : "s";

	if (tally->ended > 0)
		text_addf(out, "%zu living flow%s ended", tally->ended, many);
	if (tally->rc < 0)
		text_addf(out,
		    "%sliving flows could not all be judged, and may live on: "
		    "%s",
		    tally->ended > 0 ? "; " : "", strerror(-tally->rc));
}
