/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bans in the kernel follow the list of them; a change that fails changes
 * nothing.
 */
#include "firewall/ban_sets.h"

#include "faulty_netlink.h"
#include "namespace.h"

#include "firewall/transaction.h"

#define HAS(set, element)                                                      \
	"nft get element inet gatehouse " set " '{ " element " }'"

/* What is known of the rules that the tests put there. */
static struct ban_sets standing;

static struct address_range
range_of(const char *word)
{
	struct address_range range;
	const char *why;

	assert_int_equal(address_range_parse(str_of(word), &range, &why), 0);
	return range;
}

static void
put(struct bans *bans, const char *word, int64_t seconds)
{
	struct ban ban = { .range = range_of(word) };

	if (seconds > 0)
		ban.ends = clock_now() + seconds * CLOCK_SECOND;
	assert_true(bans_put(bans, &ban) >= 0);
}

static void
follow(const struct bans *bans, const char *word)
{
	struct address_range range = range_of(word);
	struct text why = TEXT_EMPTY;

	if (ban_sets_follow(&standing, bans, &range, &why) != 0)
		fail_msg("%s", why.at);
	text_fini(&why);
}

static void
ban(struct bans *bans, const char *word, int64_t seconds)
{
	put(bans, word, seconds);
	follow(bans, word);
}

static void
unban(struct bans *bans, const char *word)
{
	struct address_range range = range_of(word);

	assert_true(bans_remove(bans, &range));
	follow(bans, word);
}

static int
end(void **state)
{
	struct text why = TEXT_EMPTY;

	(void)state;
	faulty_never();
	standing = (struct ban_sets){ 0 };
	if (namespace_is_ours)
		assert_int_equal(transaction_remove(&why), 0);
	return 0;
}

static void
ensure(struct ban_sets *sets, const struct bans *bans)
{
	struct text why = TEXT_EMPTY;

	if (ban_sets_ensure(sets, bans, &why) != 0)
		fail_msg("%s", why.at);
	text_fini(&why);
	shell("for chain in prerouting output bans bans.ours; do "
	      "nft add chain inet gatehouse $chain; done");
}

static void
follow_the_list(void **state)
{
	struct bans bans = BANS_EMPTY;
	struct ban_sets sets = { 0 };

	(void)state;
	NEED_NAMESPACE();
	put(&bans, "192.0.2.1", 0);
	put(&bans, "2001:db8:bad::/48", 60);
	ensure(&sets, &bans);
	shell(HAS("ban.4", "192.0.2.1") " && " HAS(
	    "ban.net.6", "2001:db8:bad::1"));
	ban(&bans, "192.0.2.2", 3600);
	ban(&bans, "2001:db8::2", 0);
	ban(&bans, "198.51.100.0/24", 0);
	ban(&bans, "198.51.100.0/25", 60); /* lies in the one before */
	ban(&bans, "198.51.0.0/16", 60);   /* and around it */
	shell(HAS("ban.4", "192.0.2.2") " && " HAS(
	    "ban.6", "2001:db8::2") " && " HAS("ban.net.4", "198.51.7.1"));
	unban(&bans, "198.51.0.0/16");
	shell("! " HAS("ban.net.4", "198.51.7.1") " && " HAS(
	    "ban.net.4", "198.51.100.99"));
	unban(&bans, "192.0.2.1");
	unban(&bans, "2001:db8:bad::/48");
	shell("! " HAS("ban.4", "192.0.2.1") " && ! " HAS(
	    "ban.net.6", "2001:db8:bad::1"));
	bans_fini(&bans);
}

static void
a_new_time_takes_the_place_of_the_old(void **state)
{
	struct text listed = TEXT_EMPTY;
	struct bans bans = BANS_EMPTY;
	struct ban_sets sets = { 0 };

	(void)state;
	NEED_NAMESPACE();
	ensure(&sets, &bans);
	ban(&bans, "192.0.2.1", 10);
	ban(&bans, "192.0.2.1", 7000);
	shell_read(&listed, HAS("ban.4", "192.0.2.1"));
	assert_true(text_has(&listed, "timeout 1h56m"));
	ban(&bans, "192.0.2.1", 0);
	shell_read(&listed, HAS("ban.4", "192.0.2.1"));
	assert_false(text_has(&listed, "192.0.2.1 timeout"));
	/* The kernel has ended it already: that is no error. */
	shell("nft delete element inet gatehouse ban.4 '{ 192.0.2.1 }'");
	unban(&bans, "192.0.2.1");
	text_fini(&listed);
	bans_fini(&bans);
}

/* The old one is there at first, and not any more when it is to go. */
static void
one_that_ends_meanwhile_is_followed_by_the_new(void **state)
{
	static const char *const words[] = { "192.0.2.1", "192.0.2.0/30" };
	static const char *const ends[] = {
		"nft delete element inet gatehouse ban.4 '{ 192.0.2.1 }'",
		"nft delete element inet gatehouse ban.net.4 '{ 192.0.2.0/30 "
		"}'",
	};
	struct bans bans = BANS_EMPTY;
	struct ban_sets sets = { 0 };

	(void)state;
	NEED_NAMESPACE();
	ensure(&sets, &bans);
	for (size_t i = 0; i < 2; i++) {
		ban(&bans, words[i], 10);
		faulty_command = ends[i];
		faulty_at(FAULTY_LATE, 1);
		ban(&bans, words[i], 60);
		assert_true(faulty_was_met());
		faulty_never();
	}
	shell(HAS("ban.4", "192.0.2.1") " && " HAS("ban.net.4", "192.0.2.2"));
	bans_fini(&bans);
}

/* What an earlier life left in them goes, what is ours is not touched. */
static void
are_filled_once(void **state)
{
	struct bans bans = BANS_EMPTY;
	struct ban_sets sets = { 0 }, later = { 0 };

	(void)state;
	NEED_NAMESPACE();
	put(&bans, "192.0.2.1", 0);
	ensure(&sets, &bans);
	shell("nft add element inet gatehouse ban.4 '{ 192.0.2.9 }'");
	ensure(&sets, &bans);
	shell(HAS("ban.4", "192.0.2.9"));
	ensure(&later, &bans);
	shell("! " HAS("ban.4", "192.0.2.9") " && " HAS("ban.4", "192.0.2.1"));
	bans_fini(&bans);
}

static bool
is_in(const char *command)
{
	struct text line = TEXT_EMPTY;

	text_addf(&line, "%s > /dev/null 2>&1", command);
	bool is = system(line.at) == 0;
	text_fini(&line);
	return is;
}

static void
end_in_the_list(struct bans *bans, const char *word)
{
	struct address_range range = range_of(word);
	struct text why = TEXT_EMPTY;

	assert_true(bans_remove(bans, &range));
	assert_int_equal(ban_sets_follow_end(&standing, bans, &range, &why), 0);
	text_fini(&why);
}

/* Nobody takes them away; what lies in one that has ended stays. */
static void
end_by_themselves(void **state)
{
	struct bans bans = BANS_EMPTY;
	struct ban_sets sets = { 0 };

	(void)state;
	NEED_NAMESPACE();
	ensure(&sets, &bans);
	ban(&bans, "192.0.2.1", 1);
	ban(&bans, "203.0.113.0/24", 1);
	ban(&bans, "198.51.100.0/24", 1);
	ban(&bans, "198.51.100.128/25", 0);
	assert_true(is_in(HAS("ban.net.4", "203.0.113.1")));
	int64_t deadline = clock_now() + 10 * CLOCK_SECOND;
	while (is_in(HAS("ban.4", "192.0.2.1")) ||
	       is_in(HAS("ban.net.4", "203.0.113.1")))
		assert_true(clock_now() < deadline);
	end_in_the_list(&bans, "192.0.2.1");
	end_in_the_list(&bans, "203.0.113.0/24");
	end_in_the_list(&bans, "198.51.100.0/24");
	assert_false(is_in(HAS("ban.net.4", "198.51.100.1")));
	assert_true(is_in(HAS("ban.net.4", "198.51.100.129")));
	ban(&bans, "192.0.2.1", 60);
	ban(&bans, "203.0.113.0/24", 60);
	assert_true(is_in(HAS("ban.4", "192.0.2.1")));
	assert_true(is_in(HAS("ban.net.4", "203.0.113.1")));
	bans_fini(&bans);
}

/* The list as it is now fails to come; the kernel has what it had. */
static void
fail_each(struct bans *bans, const char *word, enum faulty_kind kind)
{
	struct text before = TEXT_EMPTY, after = TEXT_EMPTY;
	struct address_range range = range_of(word);
	unsigned faults = 0;

	shell_read(&before, "nft list table inet gatehouse | sed "
			    "'s/ expires [^ ,]*//g'");
	for (;; faults++) {
		struct text why = TEXT_EMPTY;
		faulty_at(FAULTY_MESSAGE, faults);
		faulty_kind = kind;
		int rc = ban_sets_follow(&standing, bans, &range, &why);
		bool was_met = faulty_was_met();
		faulty_never();
		assert_true((rc < 0) == was_met);
		assert_true(rc == 0 || why.len > 0);
		text_fini(&why);
		if (!was_met)
			break;
		shell_read(&after, "nft list table inet gatehouse | sed "
				   "'s/ expires [^ ,]*//g'");
		assert_string_equal(after.at, before.at);
	}
	assert_true(faults > 0);
	text_fini(&before);
	text_fini(&after);
}

static void
a_change_is_whole_or_not_at_all(void **state)
{
	static const char *const words[] = { "192.0.2.1", "192.0.2.7",
		"198.51.100.0/24", "2001:db8:bac::/47", "2001:db8::9" };
	struct bans bans = BANS_EMPTY;
	struct ban_sets sets = { 0 };

	(void)state;
	NEED_NAMESPACE();
	put(&bans, "192.0.2.1", 3600);
	put(&bans, "203.0.113.0/25", 0);
	put(&bans, "2001:db8:bad::/48", 0);
	ensure(&sets, &bans);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		put(&bans, words[i], 0);
		fail_each(&bans, words[i], FAULTY_MESSAGE);
		put(&bans, words[i], 60);
		fail_each(&bans, words[i], FAULTY_SEND);
	}
	bans_fini(&bans);
}

#define ASKS(chain, bans)                                                      \
	"nft list chain inet gatehouse " chain " | grep -c 'jump " bans        \
	"$' | grep -qx 1"

/* Nobody pays for bans before there is one; then in front of all, once. */
static void
the_first_one_brings_the_questions(void **state)
{
	struct bans bans = BANS_EMPTY;
	struct ban_sets sets = { 0 };

	(void)state;
	NEED_NAMESPACE();
	ensure(&sets, &bans);
	shell("nft add rule inet gatehouse prerouting accept");
	assert_false(is_in(ASKS("prerouting", "bans")));
	put(&bans, "198.51.100.0/24", 0);
	fail_each(&bans, "198.51.100.0/24", FAULTY_MESSAGE);
	unban(&bans, "198.51.100.0/24");
	ban(&bans, "192.0.2.1", 0);
	shell(ASKS("prerouting", "bans") " && " ASKS("output", "bans.ours"));
	shell("nft list chain inet gatehouse prerouting | sed -n 3p | "
	      "grep -q 'jump bans$'");
	bans_fini(&bans);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(follow_the_list, end),
		cmocka_unit_test_teardown(
		    a_new_time_takes_the_place_of_the_old, end),
		cmocka_unit_test_teardown(
		    one_that_ends_meanwhile_is_followed_by_the_new, end),
		cmocka_unit_test_teardown(are_filled_once, end),
		cmocka_unit_test_teardown(end_by_themselves, end),
		cmocka_unit_test_teardown(a_change_is_whole_or_not_at_all, end),
		cmocka_unit_test_teardown(
		    the_first_one_brings_the_questions, end),
	};

	return cmocka_run_group_tests(tests, namespace_setup, NULL);
}
