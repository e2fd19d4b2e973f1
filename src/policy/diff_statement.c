/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/diff_statement_impl.h"

#include "policy/describe.h"

static void
tell_snat(struct statement_telling *telling, const struct policy_snat *snat,
    bool is_new)
{
	struct text words = TEXT_EMPTY;

	statement_describe_snat(
	    is_new ? telling->after : telling->before, snat, &words);
	statement_tell(telling, &words, is_new);
}

static void
tell_map(struct statement_telling *telling, const struct policy_map *map,
    bool is_new)
{
	struct text words = TEXT_EMPTY;

	statement_describe_map(
	    is_new ? telling->after : telling->before, map, &words);
	statement_tell(telling, &words, is_new);
}

/* Their order counts: up to the first and from the last that differ, they are
 * the same. */
static void
diff_snats(struct statement_telling *telling)
{
	const struct policy *before = telling->before, *after = telling->after;
	size_t first = 0, end = before->snat_count, end2 = after->snat_count;
	int same = 1;

	while (first < end && first < end2 &&
	       (same = statement_snats_same(before, &before->snats[first],
		    after, &after->snats[first])) > 0)
		first++;
	while (same >= 0 && end > first && end2 > first &&
	       (same = statement_snats_same(before, &before->snats[end - 1],
		    after, &after->snats[end2 - 1])) > 0) {
		end--;
		end2--;
	}
	if (same < 0)
		telling->rc = same;
	for (size_t i = first; same >= 0 && i < end; i++)
		tell_snat(telling, &before->snats[i], false);
	for (size_t i = first; same >= 0 && i < end2; i++)
		tell_snat(telling, &after->snats[i], true);
}

/* Theirs does not: no two of them meet. */
static void
diff_maps(struct statement_telling *telling, const struct policy *policy,
    const struct policy *other, bool is_new)
{
	for (size_t i = 0; i < policy->map_count; i++) {
		bool found = false;
		for (size_t j = 0; !found && j < other->map_count; j++)
			found = statement_maps_same(
			    policy, &policy->maps[i], other, &other->maps[j]);
		if (!found)
			tell_map(telling, &policy->maps[i], is_new);
	}
}

static void
tell_listen(struct statement_telling *telling,
    const struct policy_listen *listen, bool is_new)
{
	struct text words = TEXT_EMPTY;

	statement_describe_listen(
	    is_new ? telling->after : telling->before, listen, &words);
	statement_tell(telling, &words, is_new);
}

/* Those behind balancers, and by TLS; of others the flows tell. */
static void
diff_listens(struct statement_telling *telling, const struct policy *policy,
    const struct policy *other, bool is_new)
{
	for (size_t i = 0; i < policy->listen_count; i++) {
		const struct policy_listen *listen = &policy->listens[i];
		bool found = listen->behind == NULL && !listen->secure;
		for (size_t j = 0; !found && j < other->listen_count; j++)
			found = statement_listens_same(
			    policy, listen, other, &other->listens[j]);
		if (!found)
			tell_listen(telling, listen, is_new);
	}
}

static void
tell_keep(struct statement_telling *telling,
    const struct policy_intercept *intercept, bool is_new)
{
	struct text words = TEXT_EMPTY;

	statement_describe_keep(
	    is_new ? telling->after : telling->before, intercept, &words);
	statement_tell(telling, &words, is_new);
}

/* What is intercepted the flows tell; whom the server sees is in no flow. */
static void
diff_keeps(struct statement_telling *telling, const struct policy *policy,
    const struct policy *other, bool is_new)
{
	for (size_t i = 0; i < policy->intercept_count; i++) {
		const struct policy_intercept *one = &policy->intercepts[i];
		bool found = !one->keeps_source;
		for (size_t j = 0; !found && j < other->intercept_count; j++)
			found = statement_keeps_same(
			    policy, one, other, &other->intercepts[j]);
		if (!found)
			tell_keep(telling, one, is_new);
	}
}

static void
tell_never(struct statement_telling *telling, const struct policy_never *never,
    bool is_new)
{
	struct text words = TEXT_EMPTY;

	text_addz(&words, "never ban ");
	describe_endpoint(
	    is_new ? telling->after : telling->before, &never->who, &words);
	statement_tell(telling, &words, is_new);
}

/* Those of one policy that the other one does not have. */
static void
diff_nevers(struct statement_telling *telling, const struct policy *policy,
    const struct policy *other, bool is_new)
{
	for (size_t i = 0; i < policy->never_count; i++) {
		int same = 0;
		for (size_t j = 0; same == 0 && j < other->never_count; j++)
			same = statement_members_same(policy,
			    &policy->nevers[i].who, other,
			    &other->nevers[j].who);
		if (same < 0)
			telling->rc = same;
		else if (same == 0)
			tell_never(telling, &policy->nevers[i], is_new);
	}
}

int
statement_diff(const struct policy *before, const struct policy *after,
    void (*each)(void *context, struct str statement, bool is_new),
    void *context)
{
	struct statement_telling telling = {
		.before = before,
		.after = after,
		.each = each,
		.context = context,
	};

	statement_diff_settings(&telling);
	diff_nevers(&telling, before, after, false);
	diff_nevers(&telling, after, before, true);
	diff_snats(&telling);
	diff_maps(&telling, before, after, false);
	diff_maps(&telling, after, before, true);
	diff_listens(&telling, before, after, false);
	diff_listens(&telling, after, before, true);
	diff_keeps(&telling, before, after, false);
	diff_keeps(&telling, after, before, true);
	return telling.rc;
}
