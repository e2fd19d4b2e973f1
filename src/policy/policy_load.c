/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/policy_load: a policy is read, and freed when nobody holds it.
 */
#include "policy/policy.h"

#include "policy/include.h"
#include "policy/learning.h"
#include "policy/resolve.h"
#include "policy/rule_index.h"

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
