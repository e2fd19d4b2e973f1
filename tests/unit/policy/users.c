/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a file of users may hold; what it is told: tests/golden. */
#include "policy/users.h"

#include "random_policy.h"

#define DIGEST43 "0123456789012345678901234567890123456789012"
#define DIGEST86 DIGEST43 DIGEST43
#define BCRYPT53 DIGEST43 "0123456789"

static void
which_hashes_are_taken(void **state)
{
	static const struct {
		const char *hash;
		bool good;
	} rows[] = {
		{ "$5$salt$" DIGEST43, true },
		{ "$5$$" DIGEST43, true },
		{ "$5$rounds=5000$salt$" DIGEST43, true },
		{ "$5$rounds=999$salt$" DIGEST43, false },
		{ "$5$rounds=3000000$salt$" DIGEST43, false },
		{ "$5$rounds=$salt$" DIGEST43, false },
		{ "$5$01234567890123456$" DIGEST43, false },
		{ "$5$salt$" DIGEST43 "0", false },
		{ "$5$salt$", false },
		{ "$5$salt", false },
		{ "$5$sa:lt$" DIGEST43, false },
		{ "$6$salt$" DIGEST86, true },
		{ "$6$salt$" DIGEST43, false },
		{ "$2y$10$" BCRYPT53, true },
		{ "$2b$04$" BCRYPT53, true },
		{ "$2b$14$" BCRYPT53, true },
		{ "$2b$15$" BCRYPT53, false },
		{ "$2b$03$" BCRYPT53, false },
		{ "$2b$1$0" BCRYPT53, false },
		{ "$2y$10$" BCRYPT53 "0", false },
		{ "$2a$10$" BCRYPT53, false },
		{ "$2x$10$" BCRYPT53, false },
		{ "$y$j9T$salt$" DIGEST43, true },
		{ "$y$jDT$salt$" DIGEST43, true },
		{ "$y$jET$salt$" DIGEST43, false },
		{ "$y$j9z$salt$" DIGEST43, false },
		{ "$y$j9T$$" DIGEST43, false },
		{ "$y$.9T$salt$" DIGEST43, false },
		{ "$y$j9T$salt$" DIGEST86, false },
		{ "$1$salt$0123456789012345678901", false },
		{ "$apr1$salt$0123456789012345678901", false },
		{ "{SHA}0DPiKuNIrrVmD8IUCuw1hQxNqZc=", false },
		{ "ab01FAX.bQRSU", false },
		{ "*", false },
		{ "!", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if ((policy_hash_objection(str_of(rows[i].hash)) == NULL) !=
		    rows[i].good)
			fail_msg("%s", rows[i].hash);
}

static int
read(const char *text, struct arena *arena, struct report *report,
    struct policy_users *users)
{
	*users = (struct policy_users){ .file = STR("users") };
	return policy_users_read(users, str_of(text), arena, report);
}

static void
who_is_in_a_file(void **state)
{
	static const char text[] = "\xef\xbb\xbf# comment\n"
				   "zoe:$5$salt$" DIGEST43 "\r\n"
				   "\n  \t\n"
				   "anna:$6$salt$" DIGEST86 "\n"
				   "\xc3\xa9mile zola:$2y$10$" BCRYPT53;
	struct policy_users users;
	struct report report;
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	report_init(&report);
	assert_int_equal(read(text, &arena, &report, &users), 0);
	assert_int_equal(users.count, 3);
	assert_true(str_is(
	    policy_users_find(&users, STR("zoe"))->hash, "$5$salt$" DIGEST43));
	assert_true(
	    str_is(policy_users_find(&users, STR("\xc3\xa9mile zola"))->hash,
		"$2y$10$" BCRYPT53));
	assert_null(policy_users_find(&users, STR("Zoe")));
	assert_null(policy_users_find(&users, STR("")));
	assert_null(policy_users_find(&users, STR("ann")));
	report_fini(&report);
	arena_fini(&arena);
}

static void
a_file_of_another_kind(void **state)
{
	struct text text = TEXT_EMPTY;
	struct policy_users users;
	struct report report;
	struct arena arena;

	(void)state;
	for (int i = 0; i < 1000; i++)
		text_addf(&text, "secret%d:0123456789secret\n", i);
	arena_init(&arena, 1 << 20);
	report_init(&report);
	assert_int_equal(read(text.at, &arena, &report, &users), -EINVAL);
	text_clear(&text);
	report_render(&report, false, &text);
	assert_true(text.len < 8192);
	assert_null(strstr(text.at, "0123456789"));
	text_fini(&text);
	report_fini(&report);
	arena_fini(&arena);
}

static void
an_empty_file(void **state)
{
	struct policy_users users;
	struct report report;
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	report_init(&report);
	assert_int_equal(read("# nobody\n", &arena, &report, &users), 0);
	assert_int_equal(users.count, 0);
	assert_null(policy_users_find(&users, STR("anna")));
	report_fini(&report);
	arena_fini(&arena);
}

/* What one has proved holds as long as it would be proved again. */
static void
who_is_one_of_them_still(void **state)
{
	const struct policy_user mine = { STR("anna"), STR("$5$salt$x") };
	const struct policy_user host = { STR("anna"), STR("login") };
	struct policy_user item = mine;
	struct policy_users users = {
		.items = &item, .count = 1, .file = STR("users")
	};
	struct policy_users hosts = { .service = STR("login") };
	const struct policy_users none = { 0 };

	(void)state;
	assert_true(policy_users_are_asked(&users));
	assert_true(policy_users_are_asked(&hosts));
	assert_false(policy_users_are_asked(&none));
	assert_true(policy_users_have(&users, &mine));
	assert_false(policy_users_have(&users, &host));
	assert_true(policy_users_have(&hosts, &host));
	assert_false(policy_users_have(&hosts, &mine));
	assert_false(policy_users_have(&none, &mine));
	item.hash = STR("$5$salt$y");
	assert_false(policy_users_have(&users, &mine));
	hosts.service = STR("sshd");
	assert_false(policy_users_have(&hosts, &host));
}

static void
what_a_service_is_called(void **state)
{
	static const struct {
		const char *name;
		bool good;
	} rows[] = {
		{ "gatehouse", true },
		{ "a", true },
		{ "runuser-l", true },
		{ "common_auth.2", true },
		{ "0123456789abcdef0123456789abcdef", true },
		{ "0123456789abcdef0123456789abcdefg", false },
		{ "", false },
		{ ".hidden", false },
		{ "..", false },
		{ "-v", false },
		{ "../shadow", false },
		{ "a/b", false },
		{ "a b", false },
		{ "b\xc3\xbcro", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (policy_service_is_name(str_of(rows[i].name)) !=
		    rows[i].good)
			fail_msg("%s", rows[i].name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(which_hashes_are_taken),
		cmocka_unit_test(who_is_in_a_file),
		cmocka_unit_test(a_file_of_another_kind),
		cmocka_unit_test(an_empty_file),
		cmocka_unit_test(who_is_one_of_them_still),
		cmocka_unit_test(what_a_service_is_called),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
