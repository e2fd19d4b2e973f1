/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/resolve_dns: where questions of the DNS are taken, and whom they are
 * passed on to.
 */
#include "policy/duration.h"
#include "policy/learning.h"
#include "policy/manual.h"
#include "policy/resolve.h"
#include "policy/size.h"

#include "base/hostname.h"

#include <errno.h>

/* ADDRESS or ADDRESS:PORT; false: reported. */
static bool
read_place(struct resolver *resolver, const struct syntax_word *word,
    uint16_t port, struct address_port *ret)
{
	if (address_parse(word->text, &ret->address) == 0) {
		ret->port = port;
		return true;
	}
	if (address_port_parse(word->text, ret) == 0)
		return true;
	report_error(resolver->report, word->place,
	    "expected an address, or with its "
	    "port ADDRESS:PORT");
	report_hint(resolver->report, "like 10.0.0.1 or [2001:db8::1]:5353");
	return false;
}

/* What listens at the place already; NULL: nothing. */
static const char *
find_taken(const struct policy *policy, struct address_port at)
{
	if (policy_dns_listen_at(&policy->dns, at) != NULL)
		return "the DNS is listened for there already";
	if (policy_listen_at(policy, at) != NULL)
		return "the proxy already listens there";
	if (policy_console_listens(&policy->console, at))
		return "the console already listens there";
	return NULL;
}

static void
add_listen(
    struct resolver *resolver, const struct syntax_word *word, uint64_t zones)
{
	struct policy_dns *dns = &resolver->policy->dns;
	struct policy_dns_listen listen = { .zones = zones,
		.place = word->place };

	if (!read_place(resolver, word, POLICY_DNS_PORT, &listen.at))
		return;
	const char *taken = find_taken(resolver->policy, listen.at);
	if (taken != NULL)
		report_error(resolver->report, word->place, "%s", taken);
	else if (dns->listen_count == POLICY_DNS_LISTENS_MAX)
		report_error(resolver->report, word->place,
		    "the DNS is listened for on at most %d addresses",
		    POLICY_DNS_LISTENS_MAX);
	else
		dns->listens[dns->listen_count++] = listen;
}

static void
resolve_listens(struct resolver *resolver, const struct syntax_dns *syntax)
{
	for (const struct syntax_dns_listen *listen = syntax->listens;
	     listen != NULL; listen = listen->next) {
		uint64_t zones = 0;
		if (!resolve_zones(resolver, listen->zones, &zones))
			continue;
		for (const struct syntax_word *word = listen->addresses;
		     word != NULL; word = word->next)
			add_listen(resolver, word, zones);
	}
}

static void
resolve_intercepts(struct resolver *resolver, const struct syntax_dns *syntax)
{
	struct policy_dns *dns = &resolver->policy->dns;

	if (syntax->intercepts == NULL)
		return;
	dns->intercept_place = syntax->intercepts->place;
	(void)resolve_zones(resolver, syntax->intercepts, &dns->intercepts);
}

/* The name that the certificate must be for. */
static bool
read_secure(struct resolver *resolver, const struct syntax_dns_upstream *syntax,
    struct policy_dns_upstream *upstream)
{
	char name[HOSTNAME_MAX + 1];
	struct str path;
	struct str parsed;

	if (syntax->name.text.at == NULL)
		return true;
	if (hostname_parse(syntax->name.text, name, &parsed) < 0) {
		report_error(resolver->report, syntax->name.place,
		    "'%.*s' is no name of a host", STR_ARG(syntax->name.text));
		return false;
	}
	upstream->name = arena_str(resolver->arena, parsed);
	return syntax->authorities.text.at == NULL ||
	       resolve_authorities(resolver, &syntax->authorities,
		   "the file of a 'ca'", &path, &upstream->authorities);
}

static void
resolve_upstream(
    struct resolver *resolver, const struct syntax_dns_upstream *syntax)
{
	struct policy_dns *dns = &resolver->policy->dns;
	struct policy_dns_upstream upstream = { 0 };
	uint16_t port = syntax->name.text.at != NULL ? POLICY_DNS_TLS_PORT
						     : POLICY_DNS_PORT;

	if (!read_place(resolver, &syntax->at, port, &upstream.at) ||
	    !read_secure(resolver, syntax, &upstream))
		return;
	if (policy_dns_listen_at(dns, upstream.at) != NULL)
		report_error(resolver->report, syntax->at.place,
		    "questions would be passed on to where they come from");
	else if (dns->upstream_count == POLICY_DNS_UPSTREAMS_MAX)
		report_error(resolver->report, syntax->at.place,
		    "there are at most %d servers that are asked",
		    POLICY_DNS_UPSTREAMS_MAX);
	else
		dns->upstreams[dns->upstream_count++] = upstream;
}

static void
resolve_local(struct resolver *resolver, const struct syntax_word *words)
{
	struct policy_group *group;

	if (words == NULL)
		return;
	group = resolve_group(resolver);
	if (group == NULL)
		return;
	for (; words != NULL; words = words->next) {
		if (resolve_looks_like_address(words->text))
			report_error(resolver->report, words->place,
			    "'local' takes names, not addresses");
		else
			(void)resolve_literal(resolver, words, group);
	}
	if (domain_set_freeze(&group->domains) < 0)
		resolver->rc = -ENOMEM;
	resolver->policy->dns.local = group;
}

static void
resolve_cache(struct resolver *resolver, const struct syntax_word *word)
{
	uint64_t bytes;
	const char *why;

	if (word->text.at == NULL)
		return;
	if (size_parse(word->text, &bytes, &why) < 0)
		report_error(resolver->report, word->place, "%s", why);
	else if (bytes < POLICY_DNS_CACHE_MIN)
		report_error(resolver->report, word->place, "1M is the least");
	else
		resolver->policy->dns.cache_bytes = bytes;
}

/* One of the two times; false: reported. */
static bool
read_seconds(struct resolver *resolver, const struct syntax_word *word,
    struct str text, uint32_t *ret)
{
	const char *why;
	int64_t time;

	if (duration_parse(text, &time, &why) < 0) {
		report_error(resolver->report, word->place, "%s", why);
		report_hint(resolver->report,
		    "the shortest and the longest time: ttl 5s-1d");
		return false;
	}
	if (time / CLOCK_SECOND > POLICY_DNS_TTL_SECONDS_MAX) {
		report_error(
		    resolver->report, word->place, "7d is the longest");
		return false;
	}
	*ret = (uint32_t)(time / CLOCK_SECOND);
	return true;
}

static void
resolve_ttl(struct resolver *resolver, const struct syntax_word *word)
{
	struct policy_dns *dns = &resolver->policy->dns;
	struct str last = word->text;
	uint32_t min, max;

	if (word->text.at == NULL)
		return;
	struct str first = str_cut(&last, '-');
	if (!read_seconds(resolver, word, first, &min) ||
	    !read_seconds(resolver, word, last, &max))
		return;
	if (min > max) {
		report_error(resolver->report, word->place,
		    "the shortest time is longer than the longest");
		return;
	}
	dns->ttl_min = min;
	dns->ttl_max = max;
}

/* For which learned names are known beyond their time (policy/learning). */
static void
resolve_grace(struct resolver *resolver, const struct syntax_word *word)
{
	int64_t *grace = &resolver->policy->grace;
	const char *why;

	if (word->text.at == NULL)
		return;
	if (duration_parse(word->text, grace, &why) < 0)
		report_error(resolver->report, word->place, "%s", why);
	else if (*grace > POLICY_LEARNED_GRACE_MAX)
		report_error(
		    resolver->report, word->place, "1d is the longest");
}

static void
resolve_questions(struct resolver *resolver, const struct syntax_limit *syntax)
{
	struct policy_dns *dns = &resolver->policy->dns;
	struct policy_limit limit = { 0 };

	if (!resolve_limit(resolver, syntax, &limit))
		return;
	dns->limit_count = limit.count;
	dns->limit_seconds = limit.seconds;
	dns->limit_burst = limit.burst;
}

void
resolve_dns(struct resolver *resolver, const struct syntax *syntax)
{
	const struct syntax_dns *dns = syntax->dns;
	struct policy_dns *policy_dns = &resolver->policy->dns;

	policy_dns->cache_bytes = POLICY_DNS_CACHE;
	policy_dns->ttl_max = POLICY_DNS_TTL_SECONDS;
	if (dns == NULL)
		return;
	(void)report_topic(resolver->report, MANUAL_DNS);
	if (dns->next != NULL)
		report_error(resolver->report, dns->next->head.place,
		    "there is a 'dns' already");
	if (dns->listens == NULL && dns->intercepts == NULL) {
		report_error(resolver->report, dns->head.place,
		    "a 'dns' needs 'listen' or 'intercept'");
		return;
	}
	policy_dns->is_there = true;
	policy_dns->place = dns->head.place;
	resolve_listens(resolver, dns);
	resolve_intercepts(resolver, dns);
	for (const struct syntax_dns_upstream *one = dns->upstreams;
	     one != NULL; one = one->next)
		resolve_upstream(resolver, one);
	resolve_local(resolver, dns->local);
	resolve_cache(resolver, &dns->cache);
	resolve_ttl(resolver, &dns->ttl);
	resolve_grace(resolver, &dns->grace);
	resolve_questions(resolver, &dns->limit);
}
