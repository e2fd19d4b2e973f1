/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/resolve_servers: how the proxy deals with servers.
 */
#include "policy/duration.h"
#include "policy/manual.h"
#include "policy/resolve.h"

static bool
resolve_slots(struct resolver *resolver, const struct syntax_word *word,
    struct policy_servers *ret)
{
	uint64_t count;

	if (str_number(word->text, POLICY_RATE_MAX, &count) < 0 || count == 0) {
		report_error(resolver->report, word->place,
		    "connections are counted: 1 to %d", POLICY_RATE_MAX);
		return false;
	}
	ret->slots = (uint32_t)count;
	return true;
}

static bool
resolve_wait(struct resolver *resolver, const struct syntax_word *word,
    struct policy_servers *ret)
{
	const char *why;

	if (word->text.at == NULL)
		return true;
	if (duration_parse(word->text, &ret->wait, &why) < 0) {
		report_error(resolver->report, word->place, "%s", why);
		return false;
	}
	if (ret->wait <= POLICY_SERVER_WAIT_MAX)
		return true;
	report_error(resolver->report, word->place,
	    "no client waits for so long: 5m at most");
	return false;
}

static bool
is_said_twice(struct resolver *resolver, const struct syntax_servers *syntax,
    struct place before, const char *what)
{
	if (before.source == NULL)
		return false;
	report_error(
	    resolver->report, syntax->head.place, "%s is said twice", what);
	if (resolver->report->kept)
		report_hint(resolver->report, "it is in line %u",
		    place_line(before).line);
	return true;
}

static void
resolve_from(struct resolver *resolver, const struct syntax_servers *syntax)
{
	struct policy_servers *servers = &resolver->policy->servers;

	if (is_said_twice(resolver, syntax, servers->source_place,
		"the source of connections"))
		return;
	servers->source_place = syntax->head.place;
	(void)resolve_target(resolver, syntax->source,
	    "a source is an address of the gateway",
	    "a source is one address in each family", &servers->source4,
	    &servers->source6);
}

static void
resolve_one(struct resolver *resolver, const struct syntax_servers *syntax)
{
	struct policy *policy = resolver->policy;
	struct policy_servers servers = policy->servers;

	if (is_said_twice(resolver, syntax, servers.place,
		"how many connections there may be"))
		return;
	servers.place = syntax->head.place;
	bool good = resolve_slots(resolver, &syntax->count, &servers);
	if (resolve_wait(resolver, &syntax->wait, &servers) && good)
		policy->servers = servers;
}

void
resolve_servers(struct resolver *resolver, const struct syntax *syntax)
{
	resolver->policy->servers =
	    (struct policy_servers){ .slots = POLICY_SERVER_SLOTS,
		    .wait = POLICY_SERVER_WAIT };
	(void)report_topic(resolver->report, MANUAL_SERVERS);
	for (const struct syntax_servers *one = syntax->servers; one != NULL;
	     one = one->next)
		if (one->source != NULL)
			resolve_from(resolver, one);
		else
			resolve_one(resolver, one);
}
