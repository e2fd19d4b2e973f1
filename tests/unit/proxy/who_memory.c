/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/who_memory.h"

#include "policies.h"
#include "proxy/who.h"

#include <stdio.h>

static struct credentials
said(const char *name, const char *password)
{
	struct credentials credentials = { .name_len = strlen(name),
		.password_len = strlen(password) };

	memcpy(credentials.name, name, credentials.name_len);
	memcpy(credentials.password, password, credentials.password_len);
	return credentials;
}

static struct who_digest
digest(struct who_memory *memory, const char *name, const char *password,
    const char *hash)
{
	struct credentials credentials = said(name, password);
	struct who_digest digest;

	who_memory_digest(memory, &credentials, str_of(hash), &digest);
	return digest;
}

static bool
same(struct who_digest a, struct who_digest b)
{
	return memcmp(a.bytes, b.bytes, sizeof(a.bytes)) == 0;
}

/* Neither a part nor where it ends may be another's. */
static void
each_question_has_its_digest(void **state)
{
	struct who_memory *memory = calloc(2, sizeof(*memory));

	(void)state;
	assert_int_equal(who_memory_init(&memory[0]), 0);
	assert_int_equal(who_memory_init(&memory[1]), 0);
	struct who_digest first = digest(memory, "anna", "pass", "hash");
	assert_true(same(first, digest(memory, "anna", "pass", "hash")));
	assert_false(same(first, digest(memory, "ann", "apass", "hash")));
	assert_false(same(first, digest(memory, "anna", "passh", "ash")));
	assert_false(same(first, digest(memory, "anna", "pass", "other")));
	assert_false(same(first, digest(memory, "bert", "pass", "hash")));
	/* Another process has another key. */
	assert_false(same(first, digest(memory + 1, "anna", "pass", "hash")));
	who_memory_fini(&memory[0]);
	who_memory_fini(&memory[1]);
	free(memory);
}

static void
who_was_right_is_known_for_a_time(void **state)
{
	struct who_memory *memory = calloc(1, sizeof(*memory));

	(void)state;
	assert_int_equal(who_memory_init(memory), 0);
	struct who_digest anna = digest(memory, "anna", "pass", "hash");
	struct who_digest wrong = digest(memory, "anna", "word", "hash");
	assert_false(who_memory_knows(memory, &anna, 1000));
	who_memory_keep(memory, &anna, 1000);
	assert_true(who_memory_knows(memory, &anna, 1000));
	assert_false(who_memory_knows(memory, &wrong, 1000));
	assert_true(who_memory_knows(memory, &anna, 1000 + WHO_REMEMBERED - 1));
	assert_false(who_memory_knows(memory, &anna, 1000 + WHO_REMEMBERED));
	who_memory_forget(memory);
	assert_false(who_memory_knows(memory, &anna, 1000));
	who_memory_fini(memory);
	free(memory);
}

/* The oldest makes room, and the newest is known. */
static void
it_does_not_grow(void **state)
{
	struct who_memory *memory = calloc(1, sizeof(*memory));
	size_t known = 0;
	char name[16];

	(void)state;
	assert_int_equal(who_memory_init(memory), 0);
	for (int64_t i = 0; i < 10000; i++) {
		(void)snprintf(name, sizeof(name), "user %d", (int)i);
		struct who_digest one = digest(memory, name, "pass", "hash");
		who_memory_keep(memory, &one, i);
		assert_true(who_memory_knows(memory, &one, i));
	}
	for (int i = 0; i < 10000; i++) {
		(void)snprintf(name, sizeof(name), "user %d", i);
		struct who_digest one = digest(memory, name, "pass", "hash");
		known += who_memory_knows(memory, &one, 10000);
	}
	assert_true(known > 1000 && known <= WHO_RIGHT_SETS * WHO_WAYS);
	who_memory_fini(memory);
	free(memory);
}

static void
who_is_wrong_too_often_waits(void **state)
{
	struct who_memory *memory = calloc(1, sizeof(*memory));
	struct address here = address_of("10.0.0.4");
	struct address there = address_of("10.0.0.5");
	int64_t now = CLOCK_SECOND;

	(void)state;
	assert_int_equal(who_memory_init(memory), 0);
	for (int i = 0; i < WHO_WRONG_MAX; i++) {
		assert_false(who_memory_is_throttled(memory, here, now + i));
		who_memory_count_wrong(memory, here, now + i);
	}
	assert_true(who_memory_is_throttled(memory, here, now + 10));
	assert_false(who_memory_is_throttled(memory, there, now + 10));
	assert_true(
	    who_memory_is_throttled(memory, here, now + WHO_WRONG_TIME - 1));
	assert_false(
	    who_memory_is_throttled(memory, here, now + WHO_WRONG_TIME));
	/* And begins anew. */
	who_memory_count_wrong(memory, here, now + WHO_WRONG_TIME);
	assert_false(
	    who_memory_is_throttled(memory, here, now + WHO_WRONG_TIME));
	who_memory_fini(memory);
	free(memory);
}

/* Who has a /64 has 2^64 addresses to guess from. */
static void
of_ipv6_the_network_counts(void **state)
{
	struct who_memory *memory = calloc(1, sizeof(*memory));
	char text[64];

	(void)state;
	assert_int_equal(who_memory_init(memory), 0);
	for (unsigned i = 0; i < WHO_WRONG_MAX; i++) {
		(void)snprintf(text, sizeof(text), "2001:db8:0:1::%x", i + 1);
		who_memory_count_wrong(memory, address_of(text), 1000);
	}
	assert_true(who_memory_is_throttled(
	    memory, address_of("2001:db8:0:1:ffff::9"), 1000));
	assert_false(who_memory_is_throttled(
	    memory, address_of("2001:db8:0:2::1"), 1000));
	who_memory_fini(memory);
	free(memory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_question_has_its_digest),
		cmocka_unit_test(who_was_right_is_known_for_a_time),
		cmocka_unit_test(it_does_not_grow),
		cmocka_unit_test(who_is_wrong_too_often_waits),
		cmocka_unit_test(of_ipv6_the_network_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
