/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/learned_sets.h"

#include <errno.h>
#include <stdlib.h>

#include "base/vec.h"
#include "firewall/kept_sets.h"
#include "firewall/kernel_set.h"
#include "firewall/standing.h"
#include "policy/learning.h"

void
learned_sets_fini(struct learned_sets *sets)
{
	free(sets->items);
	*sets = LEARNED_SETS_EMPTY;
}

static int
say(int rc, const char *what, const struct text *words, struct text *why)
{
	if (rc < 0)
		text_addf(why, "%s: %s%s%.*s", what, strerror(-rc),
		    words->len > 0 ? ", " : "", STR_ARG(text_str(words)));
	return rc;
}

static const char *
find(const struct learned_sets *sets, uint8_t zone, uint32_t asked,
    uint8_t family)
{
	for (size_t i = 0; i < sets->count; i++)
		if (sets->items[i].zone == zone &&
		    sets->items[i].asked == asked &&
		    sets->items[i].family == family)
			return sets->items[i].name;
	return NULL;
}

const char *
learned_sets_name(const struct learned_sets *sets, uint8_t zone, uint32_t asked,
    uint8_t family)
{
	return find(sets, zone, asked, family);
}

bool
learned_sets_has(const struct learned_sets *sets, const char *name)
{
	for (size_t i = 0; i < sets->count; i++)
		if (strcmp(sets->items[i].name, name) == 0)
			return true;
	return false;
}

/* ---- planning ---- */

/* All that a policy needs, each in both families. */
static bool
needs(const struct policy *policy, uint8_t zone, uint32_t asked)
{
	return (policy->asked[asked - 1].zones & policy_zone_bit(zone)) != 0;
}

static int
choose_name(const struct standing *standing, const struct policy *policy,
    struct learned_set *set)
{
	char plain[FIREWALL_SET_NAME_BYTES];

	firewall_learned_set_name(
	    policy, set->zone, set->asked, set->family, plain);
	return standing_free_name(
	    standing, plain, set->name, sizeof(set->name));
}

static int
plan_one(struct learned_sets *plan, const struct standing *standing,
    const struct policy *policy, struct learned_set set)
{
	int rc = choose_name(standing, policy, &set);

	return rc < 0 ? rc : VEC_ADD(plan, set);
}

static int
plan_all(struct learned_sets *plan, const struct standing *standing,
    const struct policy *policy, bool ipv6)
{
	int rc = 0;

	for (uint8_t zone = 0; zone < policy->zone_count; zone++) {
		for (uint32_t asked = 1;
		     rc == 0 && asked <= policy->asked_count; asked++) {
			struct learned_set set = { .zone = zone,
				.asked = asked,
				.family = ADDRESS_IPV4 };
			if (!needs(policy, zone, asked))
				continue;
			rc = plan_one(plan, standing, policy, set);
			set.family = ADDRESS_IPV6;
			if (rc == 0 && ipv6)
				rc = plan_one(plan, standing, policy, set);
		}
	}
	return rc;
}

int
learned_sets_plan(const struct policy *policy, bool ipv6,
    struct learned_sets *ret, struct text *reterr_why)
{
	struct standing standing;
	int rc = 0;

	*ret = LEARNED_SETS_EMPTY;
	if (policy->asked_count == 0)
		return 0;
	rc = standing_read(&standing, STANDING_SETS_ONLY);
	if (rc == 0)
		rc = plan_all(ret, &standing, policy, ipv6);
	standing_fini(&standing);
	return say(rc, "what becomes of learned names is not known",
	    &TEXT_EMPTY, reterr_why);
}

bool
learned_sets_fit(
    const struct learned_sets *sets, const struct policy *policy, bool ipv6)
{
	size_t count = 0;

	for (uint8_t zone = 0; zone < policy->zone_count; zone++) {
		for (uint32_t asked = 1; asked <= policy->asked_count;
		     asked++) {
			if (!needs(policy, zone, asked))
				continue;
			if (find(sets, zone, asked, ADDRESS_IPV4) == NULL ||
			    (ipv6 &&
				find(sets, zone, asked, ADDRESS_IPV6) == NULL))
				return false;
			count += ipv6 ? 2 : 1;
		}
	}
	return count == sets->count;
}

/* ---- elements ---- */

/* So that the kernel has it until then, whatever it has of it: an element that
 * is there cannot be given another time, and may end at any moment. */
static void
put_element(struct batch *batch, const struct learned_sets *sets,
    const struct learned_address *address, uint8_t zone,
    const struct learned_mark *mark, bool may_be_there)
{
	struct address_range range = { address->address, address->address };
	struct kernel_set set = {
		.name = find(sets, zone, mark->asked, range.first.family),
		.family = range.first.family,
		.has_timeouts = true,
	};
	uint64_t ms = kept_sets_timeout_ms(mark->ends);

	if (set.name == NULL) /* no IPv6 here */
		return;
	if (may_be_there) {
		kernel_set_put_one(batch, &set, KERNEL_SET_HAVE, &range, ms);
		kernel_set_put_one(batch, &set, KERNEL_SET_REMOVE, &range, 0);
	}
	kernel_set_put_one(batch, &set, KERNEL_SET_HAVE, &range, ms);
}

static void
remove_element(struct batch *batch, const struct learned_sets *sets,
    const struct learned_address *address, uint8_t zone, uint32_t asked)
{
	struct address_range range = { address->address, address->address };
	struct kernel_set set = {
		.name = find(sets, zone, asked, range.first.family),
		.family = range.first.family,
		.has_timeouts = true,
	};

	if (set.name == NULL)
		return;
	kernel_set_put_one(batch, &set, KERNEL_SET_HAVE, &range, 1);
	kernel_set_put_one(batch, &set, KERNEL_SET_REMOVE, &range, 0);
}

static bool
find_zone(const struct policy *policy, const char *name, uint8_t *ret)
{
	return policy_zone_find(policy, str_of(name), ret) &&
	       policy_learns(policy, *ret);
}

/* ---- the names of before, for a policy ---- */

struct filling {
	const struct policy *policy;
	const struct learned_sets *sets;
	struct batch *batch; /* NULL: only the marks */
	struct text *words;
	int64_t now;
	int rc;
};

static void
commit_if_large(struct filling *filling)
{
	if (filling->batch->len < BATCH_BYTES_WANTED)
		return;
	filling->rc = batch_commit(filling->batch, filling->words);
	batch_begin(filling->batch);
}

static void
fill_one(void *context, struct learned_address *address)
{
	struct filling *filling = context;
	const struct policy *policy = filling->policy;
	uint8_t zone;

	if (filling->rc < 0 || !find_zone(policy, address->zone, &zone))
		return;
	for (uint32_t i = 0; filling->rc == 0 && i < policy->asked_count; i++) {
		const struct policy_asked *asked = &policy->asked[i];
		if ((asked->zones & policy_zone_bit(zone)) == 0 ||
		    !policy_asked_takes(policy, asked, address->address))
			continue;
		struct learned_mark mark = { i + 1,
			learned_address_covered(address, asked) };
		if (mark.ends <= filling->now)
			continue;
		filling->rc = learned_mark_plan(address, mark.asked, mark.ends);
		if (filling->batch == NULL)
			continue;
		put_element(
		    filling->batch, filling->sets, address, zone, &mark, false);
		commit_if_large(filling);
	}
}

static void
make_sets(const struct learned_sets *plan, struct batch *batch)
{
	kernel_table_create(batch);
	for (size_t i = 0; i < plan->count; i++) {
		const struct kernel_set set = { .name = plan->items[i].name,
			.family = plan->items[i].family,
			.has_timeouts = true };
		kernel_set_create(batch, &set);
	}
}

int
learned_sets_load(struct learned_sets *plan, const struct policy *policy,
    struct learned_names *names, struct text *reterr_why)
{
	struct batch batch = BATCH_EMPTY;
	struct text words = TEXT_EMPTY;
	struct filling filling = { policy, plan, &batch, &words, clock_now(),
		0 };

	if (plan->count == 0)
		return 0;
	batch_begin(&batch);
	make_sets(plan, &batch);
	filling.rc = batch_commit(&batch, &words);
	plan->are_loaded = filling.rc == 0;
	batch_begin(&batch);
	learned_names_each(names, fill_one, &filling);
	if (filling.rc == 0)
		filling.rc = batch_commit(&batch, &words);
	batch_fini(&batch);
	if (filling.rc < 0)
		learned_sets_undo(plan, names);
	say(filling.rc, "the names that were learned could not be loaded",
	    &words, reterr_why);
	text_fini(&words);
	return filling.rc;
}

/* What the rules hold in spite of all is refused, and rightly so. */
void
learned_sets_undo(struct learned_sets *plan, struct learned_names *names)
{
	struct batch batch = BATCH_EMPTY;
	struct text words = TEXT_EMPTY;

	learned_names_forget_marks(names);
	if (!plan->are_loaded)
		return;
	batch_begin(&batch);
	for (size_t i = 0; i < plan->count; i++)
		kernel_set_delete(&batch, plan->items[i].name);
	(void)batch_commit(&batch, &words);
	plan->are_loaded = false;
	batch_fini(&batch);
	text_fini(&words);
}

void
learned_sets_adopt(struct learned_sets *sets, struct learned_sets *plan,
    struct learned_names *names)
{
	learned_sets_fini(sets);
	*sets = *plan;
	*plan = LEARNED_SETS_EMPTY;
	learned_names_adopt_marks(names);
}

/* ---- other names in the same sets ---- */

static int64_t
planned(const struct learned_address *address, uint32_t asked)
{
	for (size_t i = 0; i < address->next_marks.count; i++)
		if (address->next_marks.items[i].asked == asked)
			return address->next_marks.items[i].ends;
	return 0;
}

static void
put_difference(void *context, struct learned_address *address)
{
	struct filling *filling = context;
	uint8_t zone;

	if (!find_zone(filling->policy, address->zone, &zone))
		return;
	for (size_t i = 0; i < address->marks.count; i++) {
		const struct learned_mark *mark = &address->marks.items[i];
		if (mark->ends > filling->now &&
		    planned(address, mark->asked) == 0)
			remove_element(filling->batch, filling->sets, address,
			    zone, mark->asked);
	}
	for (size_t i = 0; i < address->next_marks.count; i++) {
		const struct learned_mark *mark = &address->next_marks.items[i];
		if (learned_mark_ends(address, mark->asked) < mark->ends)
			put_element(filling->batch, filling->sets, address,
			    zone, mark, true);
	}
}

int
learned_sets_follow(const struct learned_sets *sets,
    const struct policy *policy, struct learned_names *names,
    struct text *reterr_why)
{
	struct batch batch = BATCH_EMPTY;
	struct text words = TEXT_EMPTY;
	struct filling filling = { policy, sets, NULL, &words, clock_now(), 0 };

	if (sets->count == 0)
		return 0;
	batch_begin(&batch);
	learned_names_each(names, fill_one, &filling);
	filling.batch = &batch;
	if (filling.rc == 0)
		learned_names_each(names, put_difference, &filling);
	if (filling.rc == 0)
		filling.rc = batch_commit(&batch, &words);
	if (filling.rc == 0)
		learned_names_adopt_marks(names);
	else
		learned_names_forget_marks(names);
	say(filling.rc, "the names that were learned could not be changed",
	    &words, reterr_why);
	batch_fini(&batch);
	text_fini(&words);
	return filling.rc;
}

/* ---- what comes ---- */

/* Whose names are gone, the kernel is not to have either. */
static void
see_gone(void *context, struct learned_address *address)
{
	struct learned_change *change = context;
	const struct policy *policy = change->policy;
	int64_t now = clock_now();
	uint8_t zone;

	if (!find_zone(policy, address->zone, &zone))
		return;
	for (size_t i = 0; i < address->marks.count; i++) {
		struct learned_mark *mark = &address->marks.items[i];
		if (mark->ends <= now || mark->asked > policy->asked_count ||
		    learned_address_covered(
			address, &policy->asked[mark->asked - 1]) > now)
			continue;
		remove_element(
		    &change->batch, change->sets, address, zone, mark->asked);
		mark->ends = 0;
	}
}

void
learned_change_begin(struct learned_change *change,
    const struct learned_sets *sets, const struct policy *policy,
    struct learned_names *names)
{
	*change = (struct learned_change){
		.sets = sets,
		.policy = policy,
		.names = names,
		.batch = BATCH_EMPTY,
	};
	batch_begin(&change->batch);
	if (names->count > FIREWALL_LEARNED_MAX - LEARNED_NAMES_GO)
		change->rc = learned_names_make_room(names, see_gone, change);
}

/* A bit for each set that covers the name. */
static void
find_covering(const struct policy *policy, uint8_t zone, struct str name,
    uint64_t ret[static POLICY_ASKED_MAX / 64])
{
	memset(ret, 0, POLICY_ASKED_MAX / 8);
	for (size_t i = 0; i < policy->asked_count; i++)
		if (needs(policy, zone, (uint32_t)i + 1) &&
		    policy_asked_covers(&policy->asked[i], name))
			ret[i / 64] |= (uint64_t)1 << i % 64;
}

static int
mark_one(struct learned_change *change, struct learned_address *address,
    uint8_t zone, struct learned_mark mark)
{
	int64_t known = learned_mark_ends(address, mark.asked);

	if (known + LEARNED_NAMES_SLACK >= mark.ends)
		return 0;
	put_element(
	    &change->batch, change->sets, address, zone, &mark, known != 0);
	return learned_mark_set(address, mark.asked, mark.ends);
}

static int
mark_all(struct learned_change *change, struct learned_address *address,
    const struct learned_answer *answer, const uint64_t *covering)
{
	const struct policy *policy = change->policy;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < policy->asked_count; i++)
		if ((covering[i / 64] >> i % 64 & 1) != 0 &&
		    policy_asked_takes(
			policy, &policy->asked[i], address->address))
			rc = mark_one(change, address, answer->zone,
			    (struct learned_mark){ i + 1, answer->ends });
	return rc;
}

/* One address.  1: it is news; 0; or a negative errno. */
static int
learn(struct learned_change *change, const struct learned_answer *answer,
    struct address address, const uint64_t *covering)
{
	struct str zone = policy_zone_name(change->policy, answer->zone);
	struct learned_address *one =
	    learned_names_address(change->names, zone, address);

	if (one == NULL)
		return -ENOMEM;
	int news =
	    learned_names_put(change->names, one, answer->name, answer->ends);
	int rc = news < 0 ? news : VEC_ADD(&change->touched, one);
	if (rc == 0)
		rc = mark_all(change, one, answer, covering);
	return rc < 0 ? rc : news;
}

bool
learned_change_put(
    struct learned_change *change, const struct learned_answer *answer)
{
	uint64_t covering[POLICY_ASKED_MAX / 64];
	bool news = false;

	find_covering(change->policy, answer->zone, answer->name, covering);
	for (size_t i = 0; change->rc == 0 && i < answer->count; i++) {
		int rc = learn(change, answer, answer->addresses[i], covering);
		news |= rc > 0;
		change->rc = rc < 0 ? rc : 0;
	}
	return news;
}

/* The kernel may have it or not: the next answer is put there anyway. */
static void
doubt_marks(struct learned_address *address)
{
	for (size_t i = 0; i < address->marks.count; i++)
		address->marks.items[i].ends = 1;
}

int
learned_change_commit(struct learned_change *change, struct text *reterr_why)
{
	struct text words = TEXT_EMPTY;
	int rc = change->rc;

	if (rc == 0)
		rc = batch_commit(&change->batch, &words);
	for (size_t i = 0; rc < 0 && i < change->touched.count; i++)
		doubt_marks(change->touched.items[i]);
	say(rc, "the kernel did not take the names that were learned", &words,
	    reterr_why);
	batch_fini(&change->batch);
	free(change->touched.items);
	text_fini(&words);
	return rc;
}
