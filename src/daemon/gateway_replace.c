/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/gateway_replace: a generation comes into force, in both enforcers.
 */
#include "daemon/gateway_impl.h"

#include "base/heap.h"
#include "firewall/routes.h"

int
gateway_draft_ruleset(struct gateway *gateway,
    const struct generation *generation, struct ruleset_draft *ret,
    struct text *reterr_why)
{
	struct firewall_host host = {
		.proxy_uid = gateway->child.uid,
		.ipv6 = gateway->ipv6,
		.utc_offset_minutes = gateway->utc_offset_minutes,
		.own = generation->own.items,
		.own_count = generation->own.count,
		.has_bans = gateway->bans.bans.count > 0,
		.has_caught = gateway->caught.bans.count > 0,
	};
	bool goes_on = generation == gateway->current || generation->again;

	return ruleset_draft(
	    &gateway->ruleset, generation, host, goes_on, ret, reterr_why);
}

/* The proxy reads the policy while the rules are compiled from it. */
static int
prepare(struct gateway *gateway, const struct generation *generation,
    struct ruleset_draft *ret, struct text *words)
{
	int rc = journal_keeper_prepare(
	    &gateway->journal, generation->policy, gateway->booting, words);

	if (rc == 0)
		rc = gateway_hand_to_child(gateway, generation, words);
	if (rc < 0)
		return rc;
	rc = gateway_draft_ruleset(gateway, generation, ret, words);
	int read = child_await(&gateway->child, generation, words);
	return rc < 0 ? rc : read;
}

/* What the old rules leave is taken away when who asked has the answer. */
int
gateway_commit_ruleset(
    struct gateway *gateway, struct ruleset_draft *draft, struct text *words)
{
	const struct ruleset_kept kept = { &gateway->bans.bans,
		&gateway->caught.bans, &gateway->names.names };
	int rc = ruleset_commit(&gateway->ruleset, draft, &kept, words);

	loop_defer(gateway->loop, &gateway->clear);
	return rc;
}

void
gateway_on_clear(struct loop_deferred *deferred)
{
	struct gateway *gateway = deferred->context;

	ruleset_clear(&gateway->ruleset);
}

/* Kernel first, for it can refuse; then the proxy. */
static int
commit(
    struct gateway *gateway, struct generation *generation, struct text *words)
{
	struct ruleset_draft draft = RULESET_DRAFT_EMPTY;
	int rc = prepare(gateway, generation, &draft, words);

	if (rc == 0)
		rc = routes_install(words);
	if (rc == 0)
		rc = gateway_commit_ruleset(gateway, &draft, words);
	ruleset_draft_fini(&draft);
	if (rc < 0) {
		journal_keeper_abandon(&gateway->journal);
		(void)child_abort(&gateway->child, generation->number);
		if (gateway->current == NULL) {
			(void)routes_remove(words);
			/* It may have listeners, and the policy that is tried
			 * next wants the same ones. */
			child_stop(&gateway->child);
		}
		return rc;
	}
	(void)child_commit(&gateway->child, generation->number);
	journal_keeper_commit(&gateway->journal);
	return 0;
}

struct generation_wish
gateway_wish(struct gateway *gateway)
{
	return (struct generation_wish){ .number = ++gateway->last_number,
		.before = gateway->current,
		.inherited = gateway->inherited,
		.addresses = &gateway->addresses,
		.names = &gateway->names.names,
		.ipv6 = gateway->ipv6,
		.booting = gateway->booting };
}

int
gateway_replace(
    struct gateway *gateway, struct generation **generation, struct text *words)
{
	struct generation *next = *generation;
	struct generation *before = gateway->current;
	int rc;

	tally_keeper_look(
	    &gateway->tally); /* what the old rules have counted */
	rc = commit(gateway, next, words);

	*generation = NULL;
	if (rc < 0) {
		generation_destroy(next);
		return rc;
	}
	gateway->current = next;
	gateway->since = clock_wall();
	gateway->ended = flows_end_forbidden(next, before);
	tally_keeper_follow(&gateway->tally, next, !next->again);
	flow_watch_follow(&gateway->ends);
	generation_destroy(before);
	early_follow(&gateway->early, next->again);
	quota_keeper_follow(&gateway->quotas);
	pam_keeper_follow(&gateway->pam, next->policy);
	caught_keeper_sift(&gateway->caught);
	leash_judge(&gateway->leash, &next->snapshot);
	gateway->on_replaced(gateway->context);
	heap_give_back();
	return 0;
}

/* ---- what was kept ---- */

static int
bring_kept(struct gateway *gateway, const char *path,
    const struct snapshot *files, struct text *words)
{
	struct generation_wish wish = gateway_wish(gateway);
	struct generation *generation = NULL;
	struct policy *kept = NULL;
	struct report report;

	wish.path = path;
	wish.kept = files;
	report_init(&report);
	int rc = generation_create(&wish, &report, &generation, &kept);
	report_render(&report, false, words);
	report_fini(&report);
	policy_unref(kept);
	return rc < 0 ? rc : gateway_replace(gateway, &generation, words);
}

/*
 * A policy that goes takes the proxy along that does not let it go: who has
 * come into that could refuse all others.  A second one that does not take it
 * is no better; the policy in force has another.
 */
int
gateway_bring_kept(struct gateway *gateway, const char *path,
    const struct snapshot *files, struct text *words)
{
	int rc = bring_kept(gateway, path, files, words);

	if (rc == 0 || gateway->current == NULL ||
	    !gateway_give_up_child(gateway))
		return rc;
	text_clear(words);
	rc = bring_kept(gateway, path, files, words);
	if (rc < 0)
		(void)gateway_give_up_child(gateway);
	return rc;
}
