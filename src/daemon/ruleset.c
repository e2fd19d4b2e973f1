/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/ruleset.h"

#include "daemon/kernel_counters.h"
#include "firewall/transaction.h"

#include <errno.h>

void
ruleset_fini(struct ruleset *ruleset)
{
	list_sets_fini(&ruleset->lists);
	learned_sets_fini(&ruleset->learned);
	text_fini(&ruleset->rules);
	transaction_forget(&ruleset->leftovers);
}

void
ruleset_clear(struct ruleset *ruleset)
{
	transaction_clear(&ruleset->leftovers);
}

void
ruleset_draft_fini(struct ruleset_draft *draft)
{
	list_plan_fini(&draft->lists);
	learned_sets_fini(&draft->learned);
	text_fini(&draft->rules);
	text_fini(&draft->counted);
}

/* ---- the draft ---- */

static bool
counted(
    void *context, const char *name, uint64_t *ret_packets, uint64_t *ret_bytes)
{
	const struct kernel_counter *one = kernel_counters_find(context, name);

	if (one == NULL)
		return false;
	*ret_packets = one->packets;
	*ret_bytes = one->bytes;
	return true;
}

static const char *
loaded_set(void *context, const struct policy_group *group, uint8_t family)
{
	return list_plan_name(context, group, family);
}

static const char *
learned_set(void *context, uint8_t zone, uint32_t asked, uint8_t family)
{
	return learned_sets_name(context, zone, asked, family);
}

static int
compile(struct ruleset_draft *draft, struct learned_sets *learned,
    struct firewall_host host, struct text *ret, struct text *reterr_why)
{
	host.loaded_set = loaded_set;
	host.loaded_context = &draft->lists;
	host.learned_set = learned_set;
	host.learned_context = learned;
	int rc = firewall_compile(draft->policy, &host, ret);
	if (rc < 0)
		text_addf(
		    reterr_why, "cannot compile the policy: %s", strerror(-rc));
	return rc;
}

/* Nothing that was counted is lost where only the host or a list changed. */
static int
compile_going_on(struct ruleset_draft *draft, struct firewall_host host,
    struct text *reterr_why)
{
	struct kernel_counters counters;

	kernel_counters_read(&counters);
	host.counted = counted;
	host.counted_context = &counters;
	int rc =
	    compile(draft, &draft->learned, host, &draft->counted, reterr_why);
	kernel_counters_fini(&counters);
	return rc;
}

/* 1: no rule has to change; 0: rules or whole lists have. */
static int
draft_in_place(struct ruleset *ruleset, struct ruleset_draft *draft,
    struct firewall_host host, struct text *reterr_why)
{
	int rc = list_sets_plan(&ruleset->lists, draft->policy, host.ipv6, true,
	    &draft->lists, reterr_why);

	if (rc < 0 || !list_plan_is_in_place(&draft->lists) ||
	    ruleset->mark == 0 || draft->lists.mark != ruleset->mark ||
	    !learned_sets_fit(&ruleset->learned, draft->policy, host.ipv6))
		return rc;
	host.has_bans = ruleset->has_bans;
	host.has_caught = ruleset->has_caught;
	host.keeps_nat = ruleset->translates;
	rc = compile(draft, &ruleset->learned, host, &draft->rules, reterr_why);
	return rc < 0
		   ? rc
		   : str_eq(text_str(&draft->rules), text_str(&ruleset->rules));
}

/* Of what an earlier life of the daemon left, only the kernel knows. */
static bool
translates(const struct ruleset *ruleset)
{
	return ruleset->mark == 0 ? transaction_translates()
				  : ruleset->translates;
}

static int
draft_anew(const struct ruleset *ruleset, struct ruleset_draft *draft,
    struct firewall_host host, bool goes_on, struct text *reterr_why)
{
	int rc = list_sets_plan(&ruleset->lists, draft->policy, host.ipv6,
	    false, &draft->lists, reterr_why);

	host.keeps_nat = translates(ruleset);
	draft->has_bans = host.has_bans;
	draft->has_caught = host.has_caught;
	draft->translates = firewall_translates(draft->policy, &host);
	if (rc == 0)
		rc = learned_sets_plan(
		    draft->policy, host.ipv6, &draft->learned, reterr_why);
	if (rc == 0)
		rc = compile(
		    draft, &draft->learned, host, &draft->rules, reterr_why);
	if (rc == 0 && goes_on)
		rc = compile_going_on(draft, host, reterr_why);
	return rc;
}

int
ruleset_draft(struct ruleset *ruleset, const struct generation *generation,
    struct firewall_host host, bool goes_on, struct ruleset_draft *ret,
    struct text *reterr_why)
{
	int rc = 0;

	ruleset_clear(ruleset);
	*ret = RULESET_DRAFT_EMPTY;
	ret->policy = generation->policy;
	if (goes_on)
		rc = draft_in_place(ruleset, ret, host, reterr_why);
	ret->in_place = rc > 0;
	if (rc != 0)
		return rc < 0 ? rc : 0;
	ruleset_draft_fini(ret);
	*ret = RULESET_DRAFT_EMPTY;
	ret->policy = generation->policy;
	return draft_anew(ruleset, ret, host, goes_on, reterr_why);
}

/* ---- the commit ---- */

static bool
is_kept(const void *context, const char *name)
{
	const struct ruleset_draft *draft = context;

	return list_plan_has(&draft->lists, name) ||
	       learned_sets_has(&draft->learned, name) || ban_sets_has(name) ||
	       caught_sets_has(name);
}

static bool
asks_caught(const struct ruleset_draft *draft)
{
	return draft->has_caught || policy_bans_packets(draft->policy);
}

static int
replace(struct ruleset *ruleset, struct ruleset_draft *draft,
    const struct ruleset_kept *from, struct text *reterr_why)
{
	const struct text *rules =
	    draft->counted.len > 0 ? &draft->counted : &draft->rules;
	struct transaction_kept kept = { is_kept, draft };
	int rc = list_plan_load(&draft->lists, reterr_why);

	if (rc == 0)
		rc = learned_sets_load(
		    &draft->learned, draft->policy, from->names, reterr_why);
	if (rc == 0)
		rc = ban_sets_ensure(&ruleset->bans, from->bans, reterr_why);
	if (rc == 0 && asks_caught(draft))
		rc = caught_sets_ensure(
		    &ruleset->caught, from->caught, reterr_why);
	if (rc == 0)
		rc = transaction_commit_beside(
		    text_str(rules), &kept, &ruleset->leftovers, reterr_why);
	if (rc < 0) {
		learned_sets_undo(&draft->learned, from->names);
		list_plan_undo(&draft->lists);
	}
	return rc;
}

/* A list of domains may have changed as well as one of addresses. */
static int
change_in_place(struct ruleset *ruleset, struct ruleset_draft *draft,
    const struct ruleset_kept *from, struct text *reterr_why)
{
	int rc = learned_sets_follow(
	    &ruleset->learned, draft->policy, from->names, reterr_why);

	if (rc < 0)
		return rc;
	rc = list_plan_change(&ruleset->lists, &draft->lists, reterr_why);
	if (rc < 0) /* so the names are those of before, too */
		(void)learned_sets_follow(&ruleset->learned,
		    ruleset->lists.policy, from->names, reterr_why);
	return rc;
}

static void
adopt_rules(struct ruleset *ruleset, const struct ruleset_draft *draft)
{
	ruleset->mark = transaction_mark();
	ruleset->has_bans = draft->has_bans;
	ruleset->has_caught = draft->has_caught;
	ruleset->bans.are_asked = draft->has_bans;
	ruleset->translates = draft->translates;
}

int
ruleset_commit(struct ruleset *ruleset, struct ruleset_draft *draft,
    const struct ruleset_kept *from, struct text *reterr_why)
{
	int rc = draft->in_place
		     ? change_in_place(ruleset, draft, from, reterr_why)
		     : replace(ruleset, draft, from, reterr_why);

	if (rc < 0)
		return rc;
	if (!draft->in_place) {
		adopt_rules(ruleset, draft);
		learned_sets_adopt(
		    &ruleset->learned, &draft->learned, from->names);
	}
	list_sets_adopt(&ruleset->lists, &draft->lists, draft->policy);
	text_fini(&ruleset->rules);
	ruleset->rules = draft->rules;
	draft->rules = TEXT_EMPTY;
	return 0;
}
