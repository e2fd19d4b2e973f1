/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/policy.h"

#include "policy/include.h"
#include "policy/learning.h"
#include "policy/resolve.h"
#include "policy/rule_index.h"
#include "policy/sandbox.h"

#include "base/file.h"

#include <errno.h>
#include <stdlib.h>

/* share/builtin.policy, put into the program by the build. */
extern const char policy_builtin_text[];

static int
read_file(void *context, const char *path, size_t bytes_max, struct text *ret)
{
	(void)context;
	return file_read(path, bytes_max, ret);
}

static int
list_files(void *context, const char *pattern,
    void (*each)(void *each_context, const char *path), void *each_context)
{
	(void)context;
	return file_list(pattern, each, each_context);
}

static bool
is_file_open(void *context, const char *path)
{
	(void)context;
	return file_is_open(path);
}

const struct policy_loader policy_files = { read_file, NULL, list_files,
	is_file_open };

static struct policy *
create(void)
{
	struct policy *policy = calloc(1, sizeof(*policy));

	if (policy == NULL)
		return NULL;
	arena_init(&policy->arena, POLICY_BYTES_MAX);
	policy->refs = 1;
	policy->elsewhere = ZONE_NONE;
	policy->grace = POLICY_LEARNED_GRACE;
	policy->sandbox = ZONE_NONE;
	policy->builtin.name = STR("builtin.policy");
	policy->builtin.text = str_of(policy_builtin_text);
	return policy;
}

static void
destroy(struct policy *policy)
{
	for (uint8_t i = 0; i < policy->zone_count; i++)
		address_set_fini(&policy->zones[i].prefixes);
	for (struct policy_group *group = policy->newest; group != NULL;
	     group = group->older) {
		address_set_fini(&group->addresses);
		domain_set_fini(&group->domains);
	}
	address_set_fini(&policy->named_local);
	rule_index_destroy(policy->index);
	text_fini(&policy->text);
	arena_fini(&policy->arena);
	free(policy);
}

struct policy *
policy_ref(struct policy *policy)
{
	(void)__atomic_add_fetch(&policy->refs, 1, __ATOMIC_RELAXED);
	return policy;
}

void
policy_unref(struct policy *policy)
{
	if (policy != NULL &&
	    __atomic_sub_fetch(&policy->refs, 1, __ATOMIC_ACQ_REL) == 0)
		destroy(policy);
}

static int
read_source(struct policy *policy, const char *path,
    const struct policy_loader *loader, struct report *report)
{
	int rc = loader->read(
	    loader->context, path, POLICY_FILE_BYTES_MAX, &policy->text);

	if (rc < 0) {
		report_error(report, (struct place){ 0 }, "cannot read %s: %s",
		    path, rc == -EFBIG ? "it is too large" : strerror(-rc));
		return rc;
	}
	size_t lines = 0;
	for (size_t i = 0; i < policy->text.len; i++)
		lines += policy->text.at[i] == '\n';
	if (lines > POLICY_LINES_MAX) {
		report_error(report, (struct place){ 0 },
		    "%s has more than %d lines", path, POLICY_LINES_MAX);
		return -EFBIG;
	}
	policy->source.name = arena_str(&policy->arena, str_of(path));
	policy->source.text = text_str(&policy->text);
	/* Some editors mark a text as UTF-8; the mark is no part of it. */
	if (str_starts(policy->source.text, STR("\xef\xbb\xbf")))
		policy->source.text = str_skip(policy->source.text, 3);
	return 0;
}

static void
resolve_all(struct resolver *resolver, const struct syntax *own,
    const struct syntax *built_in)
{
	/* The built-in services first: the policy's own may replace them. */
	resolve_definitions(resolver, built_in, true);
	resolve_definitions(resolver, own, false);
	resolve_hours(resolver, own);
	resolve_parents(resolver, own);
	resolve_proxy(resolver, own);
	resolve_console(resolver, own);
	resolve_dns(resolver, own);
	resolve_journal(resolver, own);
	resolve_choices(resolver, own);
	resolve_servers(resolver, own);
	resolve_translations(resolver, own);
	resolve_firewall(resolver, own);
	resolve_nevers(resolver, own);
	resolve_rules(resolver, own, built_in);
	if (resolver->report->errors == 0)
		resolve_cases(resolver, own);
}

static int
read_policy(struct policy *policy, const char *path,
    const struct policy_loader *loader, struct report *report)
{
	struct resolver resolver = { .policy = policy,
		.arena = &policy->arena,
		.report = report,
		.loader = loader };
	struct includer includer = { .policy = policy,
		.loader = loader,
		.report = report,
		.open = { &policy->source },
		.depth = 1 };
	struct syntax own = { 0 }, built_in = { 0 };
	int rc = read_source(policy, path, loader, report);

	map_init(&resolver.symbols, 0);
	if (rc == 0)
		rc = policy_parse(
		    &policy->builtin, &policy->arena, report, NULL, &built_in);
	if (rc == 0)
		rc = policy_parse(
		    &policy->source, &policy->arena, report, &includer, &own);
	if (rc == 0)
		rc = includer.rc;
	if (rc == 0)
		resolve_all(&resolver, &own, &built_in);
	(void)report_topic(report, NULL);
	if (rc == 0 && (resolver.rc < 0 || policy->arena.full))
		rc = -ENOMEM;
	map_fini(&resolver.symbols);
	free(resolver.order);
	syntax_fini(&own);
	syntax_fini(&built_in);
	return rc;
}

int
policy_load(const char *path, const struct policy_loader *loader,
    struct report *report, struct policy **ret, struct policy **ret_kept)
{
	struct policy *policy = create();
	int rc = policy != NULL ? read_policy(policy, path, loader, report)
				: -ENOMEM;

	if (rc == 0 && report->errors == 0)
		rc = rule_index_create(policy, &policy->index);
	report_sort(report);
	if (rc == -ENOMEM)
		report_error(report, (struct place){ 0 },
		    "there is not enough memory for this policy");
	if (report->errors == 0) {
		*ret = policy;
		*ret_kept = NULL;
		return 0;
	}
	*ret_kept = policy;
	return -EINVAL;
}

bool
policy_has_sandbox(const struct policy *policy)
{
	struct address source;

	if (address_parse(STR(SANDBOX_SOURCE4), &source) < 0)
		return false;
	uint8_t zone = policy_zone_of(policy, source);
	/* A gateway's rules for what lives elsewhere mean no sandbox. */
	return zone != ZONE_NONE &&
	       (zone != policy->elsewhere ||
		   str_is(policy->zones[zone].name, SANDBOX_ZONE));
}

struct str
policy_zone_name(const struct policy *policy, uint8_t zone)
{
	if (zone == ZONE_SELF)
		return STR("self");
	return zone < policy->zone_count ? policy->zones[zone].name : STR("-");
}

struct str
policy_zone_told(const struct policy *policy, uint8_t zone)
{
	return zone == ZONE_NONE ? (struct str){ NULL, 0 }
				 : policy_zone_name(policy, zone);
}

bool
policy_publishes(const struct policy *policy)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].publish)
			return true;
	return false;
}

bool
policy_is_mapped(const struct policy *policy, struct address address)
{
	for (size_t i = 0; i < policy->map_count; i++) {
		const struct address_range *outside = &policy->maps[i].outside;
		if (address_eq(outside->first, address) &&
		    address_eq(outside->last, address))
			return true;
	}
	return false;
}

bool
policy_interface_fits(struct str pattern, struct str interface)
{
	if (pattern.len == 0 || pattern.at[pattern.len - 1] != '*')
		return str_eq(pattern, interface);
	pattern.len--;
	return str_starts(interface, pattern);
}

bool
policy_zone_has_interface(const struct policy_zone *zone, struct str interface)
{
	for (size_t i = 0; i < zone->interface_count; i++)
		if (policy_interface_fits(zone->interfaces[i], interface))
			return true;
	return false;
}

bool
policy_zone_find(const struct policy *policy, struct str name, uint8_t *ret)
{
	for (uint8_t i = 0; i < policy->zone_count; i++) {
		if (str_eq(policy->zones[i].name, name)) {
			*ret = i;
			return true;
		}
	}
	*ret = ZONE_SELF;
	return str_is(name, "self");
}

uint8_t
policy_zone_of(const struct policy *policy, struct address address)
{
	if (address_is_local_scope(address))
		return ZONE_SELF;
	for (uint8_t i = 0; i < policy->zone_count; i++)
		if (address_set_has(&policy->zones[i].prefixes, address))
			return i;
	return policy->elsewhere;
}

bool
policy_services_have(const struct policy_services *services,
    enum policy_protocol protocol, uint16_t port)
{
	for (size_t i = 0; i < services->count; i++)
		if (services->items[i].protocol == protocol &&
		    services->items[i].first <= port &&
		    port <= services->items[i].last)
			return true;
	return services->count == 0;
}

bool
policy_services_meet(
    const struct policy_services *a, const struct policy_services *b)
{
	if (a->count == 0 || b->count == 0)
		return true;
	for (size_t i = 0; i < a->count; i++)
		for (size_t j = 0; j < b->count; j++)
			if (a->items[i].protocol == b->items[j].protocol &&
			    a->items[i].first <= b->items[j].last &&
			    b->items[j].first <= a->items[i].last)
				return true;
	return false;
}

static bool
does_intercept(const struct policy_intercept *intercept, uint8_t from_zone,
    enum policy_protocol protocol, uint16_t port)
{
	return (intercept->zones & policy_zone_bit(from_zone)) != 0 &&
	       policy_services_have(&intercept->services, protocol, port);
}

bool
policy_intercepts(const struct policy *policy, uint8_t from_zone,
    enum policy_protocol protocol, uint16_t port)
{
	for (size_t i = 0; i < policy->intercept_count; i++)
		if (does_intercept(
			&policy->intercepts[i], from_zone, protocol, port))
			return true;
	return false;
}

bool
policy_carries(const struct policy *policy, uint8_t from_zone,
    enum policy_protocol protocol, uint16_t port)
{
	if (protocol == POLICY_PROTOCOL_TCP)
		return true;
	for (size_t i = 0; i < policy->intercept_count; i++)
		if (policy->intercepts[i].reads_quic &&
		    protocol == POLICY_PROTOCOL_UDP &&
		    does_intercept(
			&policy->intercepts[i], from_zone, protocol, port))
			return true;
	return false;
}

bool
policy_reads_quic(const struct policy *policy)
{
	for (size_t i = 0; i < policy->intercept_count; i++)
		if (policy->intercepts[i].reads_quic)
			return true;
	return false;
}

bool
policy_keeps_source(const struct policy *policy, uint8_t from_zone,
    enum policy_protocol protocol, uint16_t port)
{
	for (size_t i = 0; i < policy->intercept_count; i++)
		if (policy->intercepts[i].keeps_source &&
		    does_intercept(
			&policy->intercepts[i], from_zone, protocol, port))
			return true;
	return false;
}

uint64_t
policy_keep_zones(const struct policy *policy)
{
	uint64_t zones = 0;

	for (size_t i = 0; i < policy->intercept_count; i++)
		if (policy->intercepts[i].keeps_source)
			zones |= policy->intercepts[i].zones;
	return zones;
}

uint64_t
policy_listen_zones(const struct policy *policy)
{
	uint64_t zones = 0;

	for (size_t i = 0; i < policy->listen_count; i++)
		zones |= policy->listens[i].zones;
	return zones;
}

const struct policy_listen *
policy_listen_at(const struct policy *policy, struct address_port at)
{
	for (size_t i = 0; i < policy->listen_count; i++)
		if (policy->listens[i].at.port == at.port &&
		    address_eq(policy->listens[i].at.address, at.address))
			return &policy->listens[i];
	return NULL;
}

bool
policy_has_certified_users(const struct policy *policy)
{
	for (size_t i = 0; i < policy->listen_count; i++)
		if (policy->listens[i].clients.file.at != NULL)
			return true;
	return false;
}

bool
policy_has_users(const struct policy *policy)
{
	return policy_users_are_asked(&policy->users) ||
	       policy_has_certified_users(policy);
}

bool
policy_listen_trusts(const struct policy_listen *listen, struct address address)
{
	return listen->behind != NULL &&
	       address_set_has(&listen->behind->addresses, address);
}

bool
policy_endpoint_has_addresses(const struct policy_endpoint *endpoint)
{
	for (size_t i = 0; i < endpoint->group_count; i++)
		if (!address_set_is_empty(&endpoint->groups[i]->addresses))
			return true;
	return false;
}

bool
policy_endpoint_has_domains(const struct policy_endpoint *endpoint)
{
	for (size_t i = 0; i < endpoint->group_count; i++)
		if (endpoint->groups[i]->domains.count > 0)
			return true;
	return false;
}

bool
policy_endpoint_is_empty(const struct policy_endpoint *endpoint)
{
	return endpoint->zones == 0 && endpoint->own == 0 &&
	       !policy_endpoint_has_addresses(endpoint) &&
	       !policy_endpoint_has_domains(endpoint);
}
