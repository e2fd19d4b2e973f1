/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our table is replaced whole or not at all, and nobody else's is touched.
 *
 * Each test begins and ends with a foreign table in the namespace and without
 * ours; what nft(8) lists is the judge.
 */
#include "firewall/transaction.h"

#include "namespace.h"

#include <signal.h>

#include "base/clock.h"
#include "base/file.h"
#include "firewall/names.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define LIST_OURS    "nft -n list table " FIREWALL_TABLE " 2>&1"
#define LIST_FOREIGN "nft -n list table inet other 2>&1"

#define FIRST_RULESET                                                          \
	"# made by a test\n"                                                   \
	"table inet gatehouse {\n"                                             \
	"counter hits {\n}\n"                                                  \
	"chain main {\n"                                                       \
	"type filter hook prerouting priority mangle\n"                        \
	"ct state established,related accept\n"                                \
	"ip saddr 192.0.2.1 counter name \"hits\" accept comment \"} # {\"\n"  \
	"drop\n"                                                               \
	"}\n"                                                                  \
	"}\n"

#define SECOND_RULESET                                                         \
	"table inet gatehouse {\n"                                             \
	"chain main {\n"                                                       \
	"type filter hook prerouting priority mangle\n"                        \
	"ip saddr 198.51.100.2 accept\n"                                       \
	"drop\n"                                                               \
	"}\n"                                                                  \
	"}\n"

/* Its base chain stands on all kinds of things. */
#define THIRD_RULESET(end)                                                     \
	"table inet gatehouse {\n"                                             \
	"counter hits {\n}\n"                                                  \
	"limit slow {\nrate 1/second\n}\n"                                     \
	"set pair {\ntype ipv4_addr\nflags interval\n"                         \
	"elements = { 192.0.2.0/24, 198.51.100.2 }\n}\n"                       \
	"chain main {\n"                                                       \
	"type filter hook prerouting priority mangle\n"                        \
	"ip saddr @pair goto leaf\n"                                           \
	"ip saddr vmap @ways\n" end "\n"                                       \
	"}\n"                                                                  \
	"chain leaf {\n"                                                       \
	"limit name \"slow\" drop\n"                                           \
	"ip daddr { 192.0.2.0/24, 203.0.113.0/28 } drop\n"                     \
	"counter name ip saddr map @counters\n"                                \
	"}\n"                                                                  \
	"map counters {\ntype ipv4_addr : counter\n"                           \
	"elements = { 192.0.2.9 : \"hits\" }\n}\n"                             \
	"map ways {\ntype ipv4_addr : verdict\nflags interval\n"               \
	"elements = { 192.0.2.0/25 : goto leaf }\n}\n"                         \
	"}\n"

static struct text foreign_before;

static int
begin(void **state)
{
	(void)state;
	if (!namespace_is_ours)
		return 0;
	shell("nft 'table inet other { counter c { } ; chain c { type filter "
	      "hook input priority 0 ; counter name c accept ; } ; }'");
	shell_read(&foreign_before, LIST_FOREIGN);
	return 0;
}

static int
end(void **state)
{
	struct text after = TEXT_EMPTY, why = TEXT_EMPTY;

	(void)state;
	if (!namespace_is_ours)
		return 0;
	shell_read(&after, LIST_FOREIGN);
	assert_string_equal(after.at, foreign_before.at);
	assert_int_equal(transaction_remove(&why), 0);
	assert_int_equal(transaction_exists(), 0);
	shell("nft delete table inet other");
	text_fini(&after);
	text_fini(&why);
	text_fini(&foreign_before);
	return 0;
}

static void
commit(struct str ruleset)
{
	struct text why = TEXT_EMPTY;
	int rc = transaction_commit(ruleset, &why);

	if (rc != 0)
		fail_msg("%d: %.*s", rc, STR_ARG(text_str(&why)));
	assert_int_equal(why.len, 0);
	assert_int_equal(transaction_exists(), 1);
	text_fini(&why);
}

static void
puts_a_ruleset_in_force(void **state)
{
	struct text listed = TEXT_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	assert_int_equal(transaction_exists(), 0);
	commit(STR(FIRST_RULESET));
	shell_read(&listed, LIST_OURS);
	assert_true(text_has(&listed, "192.0.2.1"));
	text_fini(&listed);
}

static void
replaces_the_ruleset_before(void **state)
{
	struct text listed = TEXT_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	commit(STR(FIRST_RULESET));
	commit(STR(SECOND_RULESET));
	shell_read(&listed, LIST_OURS);
	assert_false(text_has(&listed, "192.0.2.1"));
	assert_false(text_has(&listed, "counter hits"));
	assert_int_equal(text_occurrences(&listed, "198.51.100.2"), 1);
	commit(STR(SECOND_RULESET));
	shell_read(&listed, LIST_OURS);
	assert_int_equal(text_occurrences(&listed, "198.51.100.2"), 1);
	assert_int_equal(text_occurrences(&listed, "chain main"), 1);
	text_fini(&listed);
}

/* Two names are enough for however many, and one of them stands. */
static void
names_change_by_turns(void **state)
{
	struct text first = TEXT_EMPTY, listed = TEXT_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	commit(STR(THIRD_RULESET("drop")));
	shell_read(&first, LIST_OURS);
	for (int i = 0; i < 3; i++) {
		commit(STR(THIRD_RULESET("drop")));
		shell_read(&listed, LIST_OURS);
		assert_true(text_has(&listed, "goto leaf/2"));
		assert_true(text_has(&listed, "map @counters/2"));
		assert_true(text_has(&listed, "192.0.2.9 : \"hits/2\""));
		assert_int_equal(text_occurrences(&listed, " {\n"), 8);
		commit(STR(THIRD_RULESET("drop")));
		shell_read(&listed, LIST_OURS);
		assert_string_equal(listed.at, first.at);
	}
	text_fini(&first);
	text_fini(&listed);
}

/* Of a life that ended between the first step and the last. */
static void
clears_what_others_have_left(void **state)
{
	struct text listed = TEXT_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	commit(STR(THIRD_RULESET("drop")));
	shell("nft 'table inet gatehouse { counter hits/2 { } ; set pair/3 { "
	      "type ipv4_addr ; } ; chain leaf/2 { ip saddr @pair/3 counter "
	      "name hits/2 ; } ; map ways/2 { type mark : verdict ; elements = "
	      "{ 1 : goto leaf/2 } ; } ; }'");
	commit(STR(THIRD_RULESET("drop")));
	shell_read(&listed, LIST_OURS);
	assert_true(text_has(&listed, "goto leaf/4"));
	assert_false(text_has(&listed, "leaf/2"));
	assert_int_equal(text_occurrences(&listed, " {\n"), 8);
	text_fini(&listed);
}

static bool
is_pair(const void *context, const char *name)
{
	return strcmp(name, context) == 0;
}

/* What stays has the name that the caller knows. */
static void
what_is_kept_keeps_its_name(void **state)
{
	struct transaction_kept kept = { is_pair, "pair" };
	struct text listed = TEXT_EMPTY, why = TEXT_EMPTY;
	struct batch *leftovers;

	(void)state;
	NEED_NAMESPACE();
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
		    transaction_commit_beside(
			STR(THIRD_RULESET("drop")), &kept, &leftovers, &why),
		    0);
		assert_ptr_not_equal(leftovers, NULL);
		transaction_clear(&leftovers);
	}
	shell_read(&listed, LIST_OURS);
	assert_true(text_has(&listed, "ip saddr @pair goto leaf/2"));
	assert_true(text_has(&listed, "set pair {"));
	assert_int_equal(text_occurrences(&listed, " {\n"), 8);
	text_fini(&listed);
	text_fini(&why);
}

/* What is refused, by whom, and a word that must be told. */
static const struct {
	const char *ruleset;
	const char *word;
	bool only_by_commit; /* a dry run need not come so far */
} refused[] = {
	{ "table inet gatehouse {\nchain main {\nfrobnicate\n}\n}\n",
	    "frobnicate", false },
	{ "table inet gatehouse {\nchain main {\nip saddr 192.0.2.300\n}\n}\n",
	    "192.0.2.300", false },
	{ "table inet gatehouse {\nchain main {\njump nowhere\n}\n}\n",
	    "nowhere", false },
	/* Only the kernel knows: masquerade outside of a chain for it. */
	{ "table inet gatehouse {\nchain main {\n"
	  "type filter hook prerouting priority mangle\n"
	  "ip saddr 203.0.113.9 accept\nmasquerade\n}\n}\n",
	    "Could not process rule", true },
	/* The same when all that it stands on is made already. */
	{ THIRD_RULESET("masquerade"), "Could not process rule", true },
	/* A loop is found when all before it was taken. */
	{ "table inet gatehouse {\nchain leaf {\n}\nchain main {\n"
	  "type filter hook prerouting priority mangle\njump leaf\n}\n"
	  "}\ntable inet gatehouse {\nchain leaf {\njump main\n}\n}\n",
	    "Could not process rule", false },
};

static void
keeps_the_old_rules_when_refused(void **state)
{
	struct text before = TEXT_EMPTY, after = TEXT_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	commit(STR(FIRST_RULESET));
	shell_read(&before, LIST_OURS " ; nft -a list tables");
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct text why = TEXT_EMPTY;
		assert_int_equal(
		    transaction_commit(str_of(refused[i].ruleset), &why),
		    -EINVAL);
		if (!text_has(&why, refused[i].word))
			fail_msg("'%s' is not in: %s", refused[i].word, why.at);
		shell_read(&after, LIST_OURS " ; nft -a list tables");
		assert_string_equal(after.at, before.at);
		text_fini(&why);
	}
	text_fini(&before);
	text_fini(&after);
}

static void
refuses_with_nothing_in_force_as_well(void **state)
{
	(void)state;
	NEED_NAMESPACE();
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct text why = TEXT_EMPTY;
		assert_int_equal(
		    transaction_commit(str_of(refused[i].ruleset), &why),
		    -EINVAL);
		assert_int_equal(transaction_exists(), 0);
		text_fini(&why);
	}
}

static void
checks_without_changing_anything(void **state)
{
	struct text why = TEXT_EMPTY, before = TEXT_EMPTY, after = TEXT_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	assert_int_equal(transaction_check(STR(FIRST_RULESET), &why), 0);
	assert_int_equal(transaction_exists(), 0);
	commit(STR(FIRST_RULESET));
	shell_read(&before, LIST_OURS " ; nft -a list tables");
	assert_int_equal(transaction_check(STR(SECOND_RULESET), &why), 0);
	assert_int_equal(why.len, 0);
	for (size_t i = 0; i < COUNT(refused); i++) {
		text_clear(&why);
		int rc = transaction_check(str_of(refused[i].ruleset), &why);
		if (rc == 0)
			assert_true(refused[i].only_by_commit);
		else
			assert_int_equal(rc, -EINVAL);
		assert_true(rc == 0 || text_has(&why, refused[i].word));
	}
	shell_read(&after, LIST_OURS " ; nft -a list tables");
	assert_string_equal(after.at, before.at);
	text_fini(&why);
	text_fini(&before);
	text_fini(&after);
}

static void
removes_what_is_there_or_not(void **state)
{
	struct text why = TEXT_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	assert_int_equal(transaction_remove(&why), 0);
	commit(STR(FIRST_RULESET));
	assert_int_equal(transaction_remove(&why), 0);
	assert_int_equal(transaction_exists(), 0);
	assert_int_equal(transaction_remove(&why), 0);
	assert_int_equal(why.len, 0);
	text_fini(&why);
}

/* Valid for nft, but not of our table alone. */
static const struct str not_ours[] = {
	STR_INIT(""),
	STR_INIT("\n# nothing\n"),
	STR_INIT("flush ruleset\n" SECOND_RULESET),
	STR_INIT(SECOND_RULESET "flush ruleset\n"),
	STR_INIT(SECOND_RULESET "delete table inet other\n"),
	STR_INIT("table inet other {\nchain d {\n}\n}\n"),
	STR_INIT(SECOND_RULESET "table inet other {\nchain d {\n}\n}\n"),
	STR_INIT("table ip gatehouse {\nchain d {\n}\n}\n"),
	STR_INIT("table inet gatehouse-x {\nchain d {\n}\n}\n"),
	STR_INIT("table inet gatehouse { chain d { accept comment \"x\" } }\n"
		 "flush ruleset\ntable inet gatehouse {\n}\n"),
	STR_INIT("table inet gatehouse {\n} }\n"),
	STR_INIT("table inet gatehouse {\n"),
	STR_INIT("table inet gatehouse {\nchain d {\n}\n}\n\0"),
	STR_INIT("table inet gatehouse {\nchain d {\naccept comment \"\n}\n"),
	STR_INIT("\"table inet gatehouse\" {\n}\n"),
};

static void
speaks_of_our_table_only(void **state)
{
	(void)state;
	NEED_NAMESPACE();
	commit(STR(FIRST_RULESET));
	for (size_t i = 0; i < COUNT(not_ours); i++) {
		struct text why = TEXT_EMPTY, listed = TEXT_EMPTY;
		assert_int_equal(
		    transaction_commit(not_ours[i], &why), -EINVAL);
		assert_int_equal(transaction_check(not_ours[i], &why), -EINVAL);
		assert_true(text_has(&why, "alone"));
		shell_read(&listed, LIST_OURS);
		assert_true(text_has(&listed, "192.0.2.1"));
		text_fini(&listed);
		text_fini(&why);
	}
}

/* A rule that another process changes at the same time must not stop us. */
static void
commits_while_others_commit(void **state)
{
	(void)state;
	NEED_NAMESPACE();
	shell("( i=0; while [ $i -lt 75 ]; do nft add table inet busy; nft "
	      "delete table inet busy; i=$((i+1)); done ) >/dev/null 2>&1 &");
	for (int i = 0; i < 50; i++)
		commit(i % 2 == 0 ? STR(FIRST_RULESET) : STR(SECOND_RULESET));
	shell("while nft list tables | grep -q busy; do :; done");
}

/*
 * A daemon that ignores SIGCHLD cannot hear how its child ended; the kernel is
 * asked instead.
 */
static void
asks_the_kernel_when_the_child_is_lost(void **state)
{
	struct text why = TEXT_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	assert_true(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
	int good = transaction_commit(STR(FIRST_RULESET), &why);
	size_t words = why.len;
	int again = transaction_commit(STR(THIRD_RULESET("drop")), &why);
	int bad = transaction_commit(str_of(refused[0].ruleset), &why);
	assert_true(signal(SIGCHLD, SIG_DFL) != SIG_ERR);
	assert_int_equal(good, 0);
	assert_int_equal(words, 0);
	assert_int_equal(again, 0);
	assert_int_equal(bad, -ETIMEDOUT);
	assert_true(text_has(&why, "Nothing was changed."));
	text_fini(&why);
}

static void
write_large(struct text *out, unsigned rules)
{
	text_addz(out, "table inet gatehouse {\nchain main {\n"
		       "type filter hook prerouting priority mangle\n");
	for (unsigned i = 0; i < rules; i++)
		text_addf(out,
		    "ip saddr 10.%u.%u.0/24 ip daddr 192.0.2.%u tcp dport %u "
		    "counter log prefix \"drop %u lan wan - rule\" group %d "
		    "snaplen 128 drop\n",
		    i >> 8, i & 0xff, i & 0xff, 1 + i % 65535, i + 1,
		    FIREWALL_NUMBER);
	text_addz(out, "drop\n}\n}\n");
}

static int64_t
resident_kb(void)
{
	struct text statm = TEXT_EMPTY;
	uint64_t pages;

	assert_int_equal(file_read("/proc/self/statm", 4096, &statm), 0);
	struct str rest = text_str(&statm);
	(void)str_cut(&rest, ' '); /* the virtual size */
	assert_int_equal(
	    str_number(str_cut(&rest, ' '), UINT32_MAX, &pages), 0);
	text_fini(&statm);
	return (int64_t)pages * sysconf(_SC_PAGESIZE) / 1024;
}

/* The memory of libnftables stays in the child. */
static void
does_not_grow(void **state)
{
	enum {
		RULES = 1000,
		ROUNDS = 10
	};
	struct text ruleset = TEXT_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	write_large(&ruleset, RULES);
	commit(text_str(&ruleset));
	int64_t before = resident_kb();
	int64_t start = clock_now();
	for (int i = 0; i < ROUNDS; i++)
		commit(text_str(&ruleset));
	int64_t each = (clock_now() - start) / ROUNDS;
	int64_t after = resident_kb();
	print_message("  %d rules, %zu bytes: %.1f ms a commit; resident "
		      "%lld kB before, %lld kB after %d commits\n",
	    RULES, ruleset.len, (double)each / (double)CLOCK_MS,
	    (long long)before, (long long)after, ROUNDS);
	/* The kernel counts in batches of pages; the library takes megabytes. */
	assert_true(UNDER_SANITIZER || after - before < 256);
	text_fini(&ruleset);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(puts_a_ruleset_in_force),
		TEST(replaces_the_ruleset_before),
		TEST(names_change_by_turns),
		TEST(clears_what_others_have_left),
		TEST(what_is_kept_keeps_its_name),
		TEST(keeps_the_old_rules_when_refused),
		TEST(refuses_with_nothing_in_force_as_well),
		TEST(checks_without_changing_anything),
		TEST(removes_what_is_there_or_not),
		TEST(speaks_of_our_table_only),
		TEST(commits_while_others_commit),
		TEST(asks_the_kernel_when_the_child_is_lost),
		TEST(does_not_grow),
	};
#undef TEST

	return cmocka_run_group_tests(tests, namespace_setup, NULL);
}
