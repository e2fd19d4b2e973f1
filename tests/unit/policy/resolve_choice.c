/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the proxy works, as the policy holds it; what is wrong: tests/golden. */
#include "policy/choice.h"

#include "random_policy.h"

#define HEAD "zone lan = int0 10.0.0.0/24\nzone wan = ext0\n"

#define G (UINT64_C(1) << 30)
#define M (UINT64_C(1) << 20)

static void
a_cache_has_its_sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t memory, disk, object;
		const char *folder;
	} rows[] = {
		{ "proxy { }", 0, 0, 0, "" },
		{ "proxy { cache memory 1G }", G, 0, 128 * M, "" },
		{ "proxy { cache memory 1M }", M, 0, 128 * 1024, "" },
		{ "proxy { cache memory 1025K }", 1025 * 1024, 0, 128 * 1024,
		    "" },
		{ "proxy { cache memory 1G, object 1G }", G, 0, G, "" },
		{ "proxy { cache memory 1G, disk \"/var/c\" 20G }", G, 20 * G,
		    2560 * M, "/var/c" },
		{ "proxy { cache disk \"/\" 16M, memory 1G }", G, 16 * M,
		    128 * M, "/" },
		{ "proxy { cache object 2G,\n disk \"/a b/c..d\" 4G,\n"
		  "memory 64M }",
		    64 * M, 4 * G, 2 * G, "/a b/c..d" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[256];
		(void)snprintf(text, sizeof(text), HEAD "%s\n", rows[i].text);
		struct policy *policy = policy_of(text);
		assert_non_null(policy);
		assert_int_equal(policy->cache.memory_bytes, rows[i].memory);
		assert_int_equal(policy->cache.disk_bytes, rows[i].disk);
		assert_int_equal(policy->cache.object_bytes, rows[i].object);
		assert_true(str_is(policy->cache.disk, rows[i].folder));
		policy_unref(policy);
	}
}

/* What the policy says, in one spelling: NULL where nothing is said. */
static void
choices_have_one_spelling(void **state)
{
	static const struct {
		const char *text, *words;
		enum policy_choice choice;
	} rows[] = {
		{ "", "", POLICY_CHOICE_CACHE },
		{ "cache object 8M, memory 64M", "cache memory 64M, object 8M",
		    POLICY_CHOICE_CACHE },
		{ "cache memory 64M, disk \"/c\" 1024M",
		    "cache memory 64M, disk \"/c\" 1G, object 128M",
		    POLICY_CHOICE_CACHE },
		{ "", "", POLICY_CHOICE_COMPRESS },
		{ "compress", "compress br, zstd, gzip",
		    POLICY_CHOICE_COMPRESS },
		{ "compress gzip 9,br 11, zstd 19",
		    "compress gzip 9, br 11, zstd 19", POLICY_CHOICE_COMPRESS },
		{ "compress gzip 1", "compress gzip 1",
		    POLICY_CHOICE_COMPRESS },
		{ "", "", POLICY_CHOICE_TELL },
		{ "tell gateway", "", POLICY_CHOICE_TELL },
		{ "tell gateway, client", "tell client, gateway",
		    POLICY_CHOICE_TELL },
		{ "tell client", "tell client", POLICY_CHOICE_TELL },
		{ "tell nothing", "tell nothing", POLICY_CHOICE_TELL },
		{ "private", "private", POLICY_CHOICE_TELL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct text words = TEXT_EMPTY;
		char text[256];
		(void)snprintf(
		    text, sizeof(text), HEAD "proxy {\n%s\n}\n", rows[i].text);
		struct policy *policy = policy_of(text);
		assert_non_null(policy);
		choice_describe(policy, rows[i].choice, &words);
		assert_true(str_is(text_str(&words), rows[i].words));
		text_fini(&words);
		policy_unref(policy);
	}
}

static void
private_tells_nothing(void **state)
{
	struct policy *policy = policy_of(HEAD "proxy { private }\n");

	(void)state;
	assert_non_null(policy);
	assert_true(policy->telling.private);
	assert_false(policy->telling.client);
	assert_false(policy->telling.gateway);
	policy_unref(policy);
	policy = policy_of(HEAD);
	assert_non_null(policy);
	assert_false(policy->telling.private);
	assert_false(policy->telling.client);
	assert_true(policy->telling.gateway);
	policy_unref(policy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cache_has_its_sizes),
		cmocka_unit_test(choices_have_one_spelling),
		cmocka_unit_test(private_tells_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
