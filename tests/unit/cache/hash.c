/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SipHash-1-3 as others have it, and spread. */
#include "cache/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* The key 00 01 ... 0f and the bytes 00 01 ...: the reference's vectors. */
static void
is_siphash(void **state)
{
	static const uint64_t expected[] = { 0xabac0158050fc4dcu,
		0xc9f49bf37d57ca93u, 0x82cb9b024dc7d44du, 0x8bf80ab8e7ddf7fbu };
	static const char bytes[] = { 0, 1, 2 };
	struct cache_hash_key key;
	char *at = (char *)&key;

	(void)state;
	for (size_t i = 0; i < sizeof(key); i++)
		at[i] = (char)i;
	for (size_t i = 0; i < 4; i++)
		assert_true(
		    cache_hash(&key, (struct str){ bytes, i }) == expected[i]);
}

static void
each_key_has_its_own_order(void **state)
{
	struct cache_hash_key one = cache_hash_key_random();
	struct cache_hash_key other = cache_hash_key_random();

	(void)state;
	assert_true(cache_hash(&one, STR("http://www.example.com:80/")) !=
		    cache_hash(&other, STR("http://www.example.com:80/")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_siphash),
		cmocka_unit_test(each_key_has_its_own_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
