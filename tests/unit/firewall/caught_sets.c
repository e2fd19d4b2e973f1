/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whom the rules have banned, in the kernel's sets: filled after a restart, let
 * go one by one; rules put elements into them themselves.
 */
#include "firewall/caught_sets.h"

#include "faulty_netlink.h"
#include "namespace.h"

#include "firewall/transaction.h"

#define HAS(set, element)                                                      \
	"nft get element inet gatehouse " set " '{ " element " }'"

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
	struct ban ban = { .range = range_of(word),
		.ends = clock_now() + seconds * CLOCK_SECOND };

	assert_true(bans_put(bans, &ban) >= 0);
}

static void
ensure(struct caught_sets *sets, const struct bans *bans)
{
	struct text why = TEXT_EMPTY;

	if (caught_sets_ensure(sets, bans, &why) != 0)
		fail_msg("%s", why.at);
	text_fini(&why);
}

static void
let_go(const char *word)
{
	struct address_range range = range_of(word);
	struct text why = TEXT_EMPTY;

	if (caught_sets_release(&range, &why) != 0)
		fail_msg("%s", why.at);
	text_fini(&why);
}

static int
end(void **state)
{
	struct text why = TEXT_EMPTY;

	(void)state;
	faulty_never();
	if (namespace_is_ours)
		assert_int_equal(transaction_remove(&why), 0);
	return 0;
}

/* A network is in it by its first address. */
static void
are_filled_once(void **state)
{
	struct caught_sets sets = { 0 }, later = { 0 };
	struct bans bans = BANS_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	put(&bans, "192.0.2.1", 60);
	put(&bans, "2001:db8:7::/64", 7000);
	put(&bans, "2001:db8:1::9", 60);
	ensure(&sets, &bans);
	shell(HAS("caught.4", "192.0.2.1") " && " HAS(
	    "caught.6", "2001:db8:7::") " && " HAS("caught.6",
	    "2001:db8:1::9") " && ! " HAS("caught.6", "2001:db8:7::1"));
	shell(HAS("caught.6", "2001:db8:7::") " | grep -q 'timeout 1h56m'");
	shell("nft add element inet gatehouse caught.4 '{ 192.0.2.9 }'");
	ensure(&sets, &bans); /* ours: the kernel adds to them itself */
	shell(HAS("caught.4", "192.0.2.9"));
	ensure(&later, &bans); /* what an earlier life left */
	shell("! " HAS("caught.4", "192.0.2.9"));
	assert_true(caught_sets_has("caught.4"));
	assert_false(caught_sets_has("caught.5"));
	bans_fini(&bans);
}

static void
one_is_let_go(void **state)
{
	struct caught_sets sets = { 0 };
	struct bans bans = BANS_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	let_go("192.0.2.1"); /* there is not even a table */
	put(&bans, "192.0.2.1", 60);
	put(&bans, "192.0.2.2", 60);
	put(&bans, "2001:db8:7::/64", 60);
	ensure(&sets, &bans);
	let_go("192.0.2.1");
	let_go("2001:db8:7::/64");
	let_go("192.0.2.77"); /* it was never there */
	shell("! " HAS("caught.4", "192.0.2.1") " && ! " HAS(
	    "caught.6", "2001:db8:7::") " && " HAS("caught.4", "192.0.2.2"));
	bans_fini(&bans);
}

static void
a_kernel_that_fails_is_told_of(void **state)
{
	struct address_range range = range_of("192.0.2.1");
	struct caught_sets sets = { 0 };
	struct bans bans = BANS_EMPTY;
	struct text why = TEXT_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	put(&bans, "192.0.2.1", 60);
	faulty_at(FAULTY_MESSAGE, 0);
	assert_true(caught_sets_ensure(&sets, &bans, &why) < 0);
	assert_true(text_has(&why, "who was refused too often"));
	faulty_never();
	ensure(&sets, &bans);
	text_clear(&why);
	faulty_at(FAULTY_MESSAGE, 0);
	assert_true(caught_sets_release(&range, &why) < 0);
	assert_true(why.len > 0);
	faulty_never();
	shell(HAS("caught.4", "192.0.2.1"));
	text_fini(&why);
	bans_fini(&bans);
}

/* As firewall/compile_refused has it: a packet puts its source there. */
static void
rules_add_to_them(void **state)
{
	struct caught_sets sets = { 0 };
	struct bans bans = BANS_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	ensure(&sets, &bans);
	shell("ip link set lo up && nft -f - <<'EOF'\n"
	      "table inet gatehouse {\n"
	      "chain x {\n"
	      "type filter hook input priority 0\n"
	      "udp dport 7 add @caught.4 { ip saddr timeout 60s }\n"
	      "}\n}\nEOF\n");
	shell("! " HAS("caught.4", "127.0.0.1"));
	shell("echo x > /dev/udp/127.0.0.1/7 || bash -c 'echo x > "
	      "/dev/udp/127.0.0.1/7'");
	shell(HAS("caught.4", "127.0.0.1") " | grep -q 'timeout 1m'");
	bans_fini(&bans);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(are_filled_once, end),
		cmocka_unit_test_teardown(one_is_let_go, end),
		cmocka_unit_test_teardown(a_kernel_that_fails_is_told_of, end),
		cmocka_unit_test_teardown(rules_add_to_them, end),
	};

	return cmocka_run_group_tests(tests, namespace_setup, NULL);
}
