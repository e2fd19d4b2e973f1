/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Learned names in the kernel's sets: loaded for a policy, followed answer by
 * answer, and held to a naive copy by random answers.
 */
#include "firewall/learned_sets.h"

#include "faulty_netlink.h"
#include "namespace.h"

#include "firewall/transaction.h"
#include "policy/learning.h"

#define HAS(set, element)                                                      \
	"nft get element inet gatehouse " set " '{ " element " }'"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const char head[] = "zone lan = int0 10.0.0.0/24 2001:db8:1::/64\n"
			   "zone guest = int1 10.0.9.0/24\n"
			   "zone wan = ext0\n";

enum {
	LAN = 1 << 0,
	GUEST = 1 << 1,
};

static int
read_text(void *context, const char *path, size_t bytes_max, struct text *ret)
{
	(void)path;
	(void)bytes_max;
	text_addz(ret, context);
	return 0;
}

static struct policy *
learning(const char *rules, uint64_t zones)
{
	struct policy_loader loader = { .read = read_text };
	const struct policy_rule *rule = NULL;
	struct policy *policy = NULL, *kept = NULL;
	struct text text = TEXT_EMPTY;
	struct report report;

	text_addf(&text, "%s%s", head, rules);
	loader.context = text.at;
	report_init(&report);
	assert_int_equal(policy_load("p", &loader, &report, &policy, &kept), 0);
	report_fini(&report);
	text_fini(&text);
	policy->learns = zones;
	assert_int_equal(policy_learning_find(policy, &rule), 0);
	return policy;
}

/* What a daemon has. */
struct world {
	struct policy *policy;
	struct learned_names names;
	struct learned_sets sets;
};

/* Puts a policy in force, as far as these sets go. */
static void
use(struct world *world, struct policy *policy)
{
	struct learned_sets plan;
	struct text why = TEXT_EMPTY;

	if (learned_sets_plan(policy, true, &plan, &why) < 0 ||
	    learned_sets_load(&plan, policy, &world->names, &why) < 0)
		fail_msg("%s", why.at);
	learned_sets_adopt(&world->sets, &plan, &world->names);
	learned_sets_fini(&plan);
	policy_unref(world->policy);
	world->policy = policy;
	text_fini(&why);
}

static void
begin(struct world *world, const char *rules, uint64_t zones)
{
	*world = (struct world){ 0 };
	use(world, learning(rules, zones));
}

static void
leave(struct world *world)
{
	learned_sets_fini(&world->sets);
	learned_names_fini(&world->names);
	policy_unref(world->policy);
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

/* The zone is of the policy: 0 is lan, 1 is guest. */
static int
learn(struct world *world, uint8_t zone, const char *name, const char *words,
    int64_t seconds)
{
	struct learned_change change;
	struct address addresses[8];
	struct learned_answer answer = { .zone = zone,
		.name = str_of(name),
		.addresses = addresses,
		.ends = clock_now() + seconds * CLOCK_SECOND };
	struct str rest = str_of(words);
	struct text why = TEXT_EMPTY;

	while (rest.len > 0)
		assert_int_equal(address_parse(str_cut(&rest, ' '),
				     &addresses[answer.count++]),
		    0);
	learned_change_begin(
	    &change, &world->sets, world->policy, &world->names);
	learned_change_put(&change, &answer);
	int rc = learned_change_commit(&change, &why);
	text_fini(&why);
	return rc;
}

/* ---- what comes ---- */

static void
an_answer_is_in_the_kernel_when_it_is_committed(void **state)
{
	struct world world;

	(void)state;
	NEED_NAMESPACE();
	begin(&world,
	    "allow lan, guest -> git.example tcp 22\n"
	    "reject lan -> .bad.example\n",
	    LAN | GUEST);
	assert_int_equal(
	    learn(&world, 0, "git.example", "192.0.2.1 2001:db8:f::1", 600), 0);
	shell(HAS("learned.lan.1.4", "192.0.2.1") " && " HAS(
	    "learned.lan.1.6", "2001:db8:f::1"));
	shell("! " HAS("learned.guest.1.4", "192.0.2.1") " && ! " HAS(
	    "learned.lan.2.4", "192.0.2.1"));
	shell(HAS("learned.lan.1.4", "192.0.2.1") " | grep -q 'timeout 9m59s'");
	/* The same address has another name as well. */
	learn(&world, 0, "x.bad.example", "192.0.2.1", 600);
	shell(HAS("learned.lan.1.4", "192.0.2.1") " && " HAS(
	    "learned.lan.2.4", "192.0.2.1"));
	/* What no rule asks for is known, and in no set. */
	learn(&world, 0, "www.example", "192.0.2.9", 600);
	shell("! nft list table inet gatehouse | grep -q '192\\.0\\.2\\.9'");
	assert_int_equal(world.names.count, 4);
	leave(&world);
}

static void
a_later_answer_is_longer_and_an_earlier_one_is_not(void **state)
{
	struct world world;

	(void)state;
	NEED_NAMESPACE();
	begin(&world, "allow lan -> git.example tcp 22\n", LAN);
	learn(&world, 0, "git.example", "192.0.2.1", 600);
	learn(&world, 0, "git.example", "192.0.2.1", 7200);
	shell(HAS("learned.lan.1.4", "192.0.2.1") " | grep -q 'timeout 1h59m'");
	learn(&world, 0, "git.example", "192.0.2.1", 60);
	shell(HAS("learned.lan.1.4", "192.0.2.1") " | grep -q 'timeout 1h59m'");
	leave(&world);
}

/* DNS rebinding: what only opens has nothing that lives inside. */
static void
an_address_inside_opens_nothing(void **state)
{
	struct world world;

	(void)state;
	NEED_NAMESPACE();
	begin(&world,
	    "allow lan -> git.example tcp 22\n"
	    "reject lan -> bad.example\n",
	    LAN);
	learn(
	    &world, 0, "git.example", "10.0.9.7 127.0.0.1 2001:db8:1::1", 600);
	shell("! nft list set inet gatehouse learned.lan.1.4 | grep -q "
	      "elements && ! nft list set inet gatehouse learned.lan.1.6 | "
	      "grep -q elements");
	learn(&world, 0, "bad.example", "10.0.9.7", 600);
	shell(HAS("learned.lan.2.4", "10.0.9.7"));
	leave(&world);
}

static void
a_kernel_that_refuses_is_asked_again(void **state)
{
	struct world world;

	(void)state;
	NEED_NAMESPACE();
	begin(&world, "allow lan -> git.example tcp 22\n", LAN);
	faulty_at(FAULTY_SEND, 0);
	assert_true(learn(&world, 0, "git.example", "192.0.2.1", 600) < 0);
	faulty_never();
	shell("! " HAS("learned.lan.1.4", "192.0.2.1"));
	assert_int_equal(learn(&world, 0, "git.example", "192.0.2.1", 600), 0);
	shell(HAS("learned.lan.1.4", "192.0.2.1"));
	/* Sent, and its answer is lost. */
	faulty_at(FAULTY_ANSWER, 0);
	(void)learn(&world, 0, "git.example", "192.0.2.2", 600);
	faulty_never();
	assert_int_equal(learn(&world, 0, "git.example", "192.0.2.2", 3600), 0);
	shell(HAS("learned.lan.1.4", "192.0.2.2") " | grep -q 'timeout 59m59s'");
	leave(&world);
}

/* ---- other policies ---- */

static void
another_policy_has_its_sets_filled(void **state)
{
	struct world world;

	(void)state;
	NEED_NAMESPACE();
	begin(&world, "allow lan -> a.example tcp 22\n", LAN);
	learn(&world, 0, "a.example", "192.0.2.1", 600);
	learn(&world, 0, "b.example", "192.0.2.2", 600);
	learn(&world, 0, "b.example", "10.0.9.7", 600);
	use(&world, learning("allow lan -> b.example tcp 22\n"
			     "allow lan -> a.example udp 22\n",
			LAN));
	/* The old ones are taken away by the transaction of rules. */
	assert_string_equal(learned_sets_name(&world.sets, 0, 1, ADDRESS_IPV4),
	    "learned.lan.1.4.2");
	shell(HAS("learned.lan.1.4.2", "192.0.2.2") " && " HAS(
	    "learned.lan.2.4", "192.0.2.1"));
	shell("! " HAS("learned.lan.1.4.2", "192.0.2.1") " && ! " HAS(
	    "learned.lan.1.4.2", "10.0.9.7"));
	/* What comes goes into the new ones. */
	learn(&world, 0, "b.example", "192.0.2.3", 600);
	shell(HAS("learned.lan.1.4.2", "192.0.2.3"));
	leave(&world);
}

static void
what_did_not_come_is_taken_away(void **state)
{
	struct learned_sets plan;
	struct world world;
	struct text why = TEXT_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	begin(&world, "allow lan -> a.example tcp 22\n", LAN);
	learn(&world, 0, "a.example", "192.0.2.1", 600);
	struct policy *next = learning("allow lan -> .example tcp 22\n", LAN);
	assert_int_equal(learned_sets_plan(next, true, &plan, &why), 0);
	assert_int_equal(learned_sets_load(&plan, next, &world.names, &why), 0);
	shell(HAS("learned.lan.1.4.2", "192.0.2.1"));
	learned_sets_undo(&plan, &world.names);
	shell("! nft list set inet gatehouse learned.lan.1.4.2");
	shell(HAS("learned.lan.1.4", "192.0.2.1"));
	learned_sets_fini(&plan);
	/* And what is there is known to be there. */
	learn(&world, 0, "a.example", "192.0.2.1", 7200);
	shell(HAS("learned.lan.1.4", "192.0.2.1") " | grep -q 'timeout 1h59m'");
	policy_unref(next);
	leave(&world);
}

/* A list of domains has changed, and no rule. */
static void
the_same_sets_follow_other_names(void **state)
{
	struct world world;
	struct text why = TEXT_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	begin(&world,
	    "name x = a.example, b.example\n"
	    "allow lan -> x tcp 22\n",
	    LAN);
	learn(&world, 0, "a.example", "192.0.2.1", 600);
	learn(&world, 0, "b.example", "192.0.2.2", 600);
	learn(&world, 0, "c.example", "192.0.2.3", 600);
	struct policy *next = learning("name x = b.example, c.example\n"
				       "allow lan -> x tcp 22\n",
	    LAN);
	assert_true(learned_sets_fit(&world.sets, next, true));
	assert_false(learned_sets_fit(&world.sets, next, false));
	assert_int_equal(
	    learned_sets_follow(&world.sets, next, &world.names, &why), 0);
	shell("! " HAS("learned.lan.1.4", "192.0.2.1") " && " HAS(
	    "learned.lan.1.4", "192.0.2.2") " && " HAS("learned.lan.1.4",
	    "192.0.2.3"));
	policy_unref(next);
	next = learning("allow lan, guest -> b.example tcp 22\n", LAN | GUEST);
	assert_false(learned_sets_fit(&world.sets, next, true));
	policy_unref(next);
	leave(&world);
}

/* ---- a twin ---- */

static unsigned state_of_chance;

static unsigned
chance(unsigned below)
{
	state_of_chance = state_of_chance * 1103515245u + 12345u;
	return (state_of_chance >> 16) % below;
}

#define ADDRESSES 6

static const char *const domains[] = { "a.example", "x.b.example",
	"y.b.example", "c.example" };

/* Who asks for which of them, in the order of the rules below. */
static const bool covers[][COUNT(domains)] = {
	{ true, false, false, false },
	{ false, true, true, false },
	{ true, true, true, false },
};

#define TWIN_RULES                                                             \
	"allow lan -> a.example tcp 22\n"                                      \
	"allow lan -> .b.example tcp 22\n"                                     \
	"reject lan -> any except a.example, .b.example tcp 23\n"

/* Until when each set has each address. */
typedef int64_t twin_ends[COUNT(covers)][ADDRESSES];

static void
twin_learn(twin_ends ends, size_t domain, unsigned mask, int64_t until)
{
	for (size_t set = 0; set < COUNT(covers); set++)
		for (size_t i = 0; i < ADDRESSES; i++)
			if (covers[set][domain] && (mask >> i & 1) != 0 &&
			    ends[set][i] < until)
				ends[set][i] = until;
}

static size_t
kernel_has(const char *set)
{
	struct text said = TEXT_EMPTY;
	char command[160];
	size_t mask = 0;

	(void)snprintf(
	    command, sizeof(command), "nft list set inet gatehouse %s", set);
	shell_read(&said, command);
	for (unsigned i = 0; i < ADDRESSES; i++) {
		char word[32];
		(void)snprintf(word, sizeof(word), "192.0.2.%u ", i + 1);
		if (text_has(&said, word))
			mask |= (size_t)1 << i;
	}
	text_fini(&said);
	return mask;
}

static void
compare(const struct world *world, twin_ends ends)
{
	int64_t now = clock_now();

	for (uint32_t set = 0; set < COUNT(covers); set++) {
		size_t has = kernel_has(
		    learned_sets_name(&world->sets, 0, set + 1, ADDRESS_IPV4));
		for (unsigned i = 0; i < ADDRESSES; i++) {
			int64_t left = ends[set][i] - now;
			/* What ends just now is not compared; the slack may
			 * have spared the kernel a longer time. */
			if (left > 0 && left <= LEARNED_NAMES_SLACK)
				continue;
			if (left <= 0 && left > -CLOCK_SECOND)
				continue;
			if (((has >> i & 1) != 0) != (left > 0))
				fail_msg("set %u, address %u: the kernel "
					 "has %sit, %lld ms are left",
				    set + 1, i + 1,
				    (has >> i & 1) != 0 ? "" : "not ",
				    (long long)(left / CLOCK_MS));
		}
	}
}

static void
random_answers_are_in_the_kernel_as_long_as_they_should(void **state)
{
	static const int64_t seconds[] = { 1, 3, 4, 100, 1000 };
	twin_ends ends = { 0 };
	struct world world;
	char words[128];

	(void)state;
	NEED_NAMESPACE();
	state_of_chance = (unsigned)clock_now();
	print_message("seed %u\n", state_of_chance);
	begin(&world, TWIN_RULES, LAN);
	for (int round = 0; round < 60; round++) {
		size_t domain = chance(COUNT(domains));
		unsigned mask = 1 + chance((1u << ADDRESSES) - 1);
		int64_t time = seconds[chance(COUNT(seconds))];
		words[0] = '\0';
		for (unsigned i = 0; i < ADDRESSES; i++)
			if ((mask >> i & 1) != 0)
				(void)snprintf(words + strlen(words),
				    sizeof(words) - strlen(words),
				    "%s192.0.2.%u", words[0] != '\0' ? " " : "",
				    i + 1);
		twin_learn(
		    ends, domain, mask, clock_now() + time * CLOCK_SECOND);
		assert_int_equal(
		    learn(&world, 0, domains[domain], words, time), 0);
		if (round % 20 == 19) {
			use(&world, learning(TWIN_RULES, LAN));
			compare(&world, ends);
		}
		if (round % 10 == 9)
			compare(&world, ends);
	}
	leave(&world);
}

/* ---- many ---- */

/* A thousand names in batches of 64, and no memory beyond the limit. */
static void
many_names_are_quick_and_bounded(void **state)
{
	struct world world;
	struct text why = TEXT_EMPTY;
	char name[64];
	unsigned number = 0;

	(void)state;
	NEED_NAMESPACE();
	begin(&world, "allow lan -> .example tcp 22\n", LAN);
	int64_t began = clock_now();
	while (number < FIREWALL_LEARNED_MAX + 10000) {
		struct learned_change change;
		learned_change_begin(
		    &change, &world.sets, world.policy, &world.names);
		for (int i = 0; i < 64; i++, number++) {
			struct address address = { .family = ADDRESS_IPV4,
				.bytes = { 192, (uint8_t)(number >> 16),
				    (uint8_t)(number >> 8), (uint8_t)number } };
			struct learned_answer answer = { .zone = 0,
				.name = str_of(name),
				.addresses = &address,
				.count = 1,
				.ends = clock_now() + 600 * CLOCK_SECOND };
			(void)snprintf(
			    name, sizeof(name), "a%u.example", number);
			answer.name = str_of(name);
			learned_change_put(&change, &answer);
		}
		assert_int_equal(learned_change_commit(&change, &why), 0);
		if (number == 1024)
			print_message("1,024 names: %lld ms\n",
			    (long long)((clock_now() - began) / CLOCK_MS));
	}
	print_message("%u names: %lld ms\n", number,
	    (long long)((clock_now() - began) / CLOCK_MS));
	assert_true(world.names.count <= FIREWALL_LEARNED_MAX);
	/* The kernel has what is known, and no more. */
	struct text said = TEXT_EMPTY;
	shell_read(&said, "nft list set inet gatehouse learned.lan.1.4 | "
			  "grep -o expires | wc -l");
	assert_int_equal(atoi(said.at), world.names.count);
	text_fini(&said);
	began = clock_now();
	use(&world, learning("allow lan -> .example tcp 22\n", LAN));
	print_message("another policy with %zu: %lld ms\n", world.names.count,
	    (long long)((clock_now() - began) / CLOCK_MS));
	leave(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
		    an_answer_is_in_the_kernel_when_it_is_committed, end),
		cmocka_unit_test_teardown(
		    a_later_answer_is_longer_and_an_earlier_one_is_not, end),
		cmocka_unit_test_teardown(an_address_inside_opens_nothing, end),
		cmocka_unit_test_teardown(
		    a_kernel_that_refuses_is_asked_again, end),
		cmocka_unit_test_teardown(
		    another_policy_has_its_sets_filled, end),
		cmocka_unit_test_teardown(what_did_not_come_is_taken_away, end),
		cmocka_unit_test_teardown(
		    the_same_sets_follow_other_names, end),
		cmocka_unit_test_teardown(
		    random_answers_are_in_the_kernel_as_long_as_they_should,
		    end),
		cmocka_unit_test_teardown(
		    many_names_are_quick_and_bounded, end),
	};

	return cmocka_run_group_tests(tests, namespace_setup, NULL);
}
