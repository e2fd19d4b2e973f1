/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/parents.h"

#include "policies.h"
#include "proxy/limits.h"

static char text[] = "zone lan = int0 10.0.0.0/24\n"
		     "parent one = http 192.0.2.8:3128, socks5 192.0.2.9:1080\n"
		     "parent two = socks5 192.0.2.9:1080, http b.example:80\n";
static char later[] = "zone lan = int0 10.0.0.0/24\n"
		      "parent new = http b.example:80, socks5 192.0.2.9:1080,\n"
		      "\thttp 192.0.2.9:1080, http 192.0.2.8:3128\n";

#define NOW (1000 * CLOCK_SECOND)

static void
down_for_a_while(void **state)
{
	struct policy *policy = policy_of(text);
	struct parents *parents = parents_create(policy);

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_false(parents_is_down(parents, i, NOW));
	parents_note_down(parents, 1, NOW);
	assert_true(parents_is_down(parents, 1, NOW));
	assert_true(
	    parents_is_down(parents, 1, NOW + PROXY_PARENT_BACKOFF - 1));
	assert_false(parents_is_down(parents, 1, NOW + PROXY_PARENT_BACKOFF));
	assert_false(parents_is_down(parents, 0, NOW));
	assert_false(parents_is_down(parents, 2, NOW));
	parents_note_up(parents, 1);
	assert_false(parents_is_down(parents, 1, NOW));
	assert_ptr_equal(parents_ref(parents), parents);
	parents_unref(parents);
	assert_false(parents_is_down(parents, 1, NOW));
	parents_unref(parents);
	parents_unref(NULL);
	policy_unref(policy);
}

/* Known by what they are, in whatever order. */
static void
another_policy(void **state)
{
	struct policy *before = policy_of(text), *after = policy_of(later);
	struct parents *old = parents_create(before);
	struct parents *new = parents_create(after);

	(void)state;
	parents_note_down(old, 0, NOW);
	parents_note_down(old, 3, NOW);
	parents_follow(new, after, old, before);
	assert_true(parents_is_down(new, 0, NOW));
	assert_false(parents_is_down(new, 1, NOW));
	assert_false(parents_is_down(new, 2, NOW));
	assert_true(parents_is_down(new, 3, NOW));
	parents_unref(old);
	parents_unref(new);
	policy_unref(before);
	policy_unref(after);
}

/* Whom TLS is spoken with, and the sessions, stay when the policy changes. */
static void
those_with_tls(void **state)
{
	static char secure[] = "zone lan = int0 10.0.0.0/24\n"
			       "parent one = https a.example:443,\n"
			       "\thttp b.example:80, https 192.0.2.9:443\n";
	static char other[] = "zone lan = int0 10.0.0.0/24\n"
			      "parent one = https 192.0.2.9:443,\n"
			      "\thttps c.example:443\n";
	struct policy *before = policy_of(secure), *after = policy_of(other);
	struct parents *old = parents_create(before);
	struct parents *new = parents_create(after);
	struct text why = TEXT_EMPTY;

	(void)state;
	assert_null(parents_peer(old, 0));
	assert_int_equal(parents_secure(old, before, &why), 0);
	assert_non_null(parents_peer(old, 0));
	assert_null(parents_peer(old, 1));
	assert_non_null(parents_peer(old, 2));
	parents_follow(new, after, old, before);
	assert_ptr_equal(parents_peer(new, 0), parents_peer(old, 2));
	assert_null(parents_peer(new, 1));
	assert_int_equal(parents_secure(new, after, &why), 0);
	assert_ptr_equal(parents_peer(new, 0), parents_peer(old, 2));
	assert_non_null(parents_peer(new, 1));
	assert_int_equal(why.len, 0);
	parents_unref(old);
	parents_unref(new);
	policy_unref(before);
	policy_unref(after);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(down_for_a_while),
		cmocka_unit_test(another_policy),
		cmocka_unit_test(those_with_tls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
