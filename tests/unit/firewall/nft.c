/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The child that runs libnftables: however it ends, the parent knows. */
#include "firewall/nft.h"

#include "namespace.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/file.h"
#include "firewall/limits.h"

#define TABLE "table inet gatehouse {\nchain main {\n}\n}\n"

static enum nft_outcome
run(struct str body, enum nft_mode mode, unsigned seconds_max, struct text *why)
{
	struct nft_job job = {
		.body = body,
		.mode = mode,
		.seconds_max = seconds_max,
	};

	text_clear(why);
	return nft_run(&job, why);
}

static bool
table_stands(void)
{
	struct text listed = TEXT_EMPTY;

	shell_read(&listed, "nft list tables");
	bool stands = text_has(&listed, "gatehouse");
	text_fini(&listed);
	return stands;
}

static void
tells_done_from_refused(void **state)
{
	struct text why = TEXT_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	assert_int_equal(run(STR(TABLE), NFT_DRY_RUN, 20, &why), NFT_DONE);
	assert_false(table_stands());
	assert_int_equal(run(STR(TABLE), NFT_APPLY, 20, &why), NFT_DONE);
	assert_int_equal(why.len, 0);
	assert_true(table_stands());
	assert_int_equal(
	    run(STR("delete table inet gone\n"), NFT_APPLY, 20, &why),
	    NFT_REFUSED);
	assert_true(text_has(&why, "No such file or directory"));
	assert_int_equal(
	    run(STR("delete table inet gatehouse"), NFT_APPLY, 20, &why),
	    NFT_DONE);
	assert_false(table_stands());
	text_fini(&why);
}

/* The head is on the first line and does not move the others. */
static void
names_line_and_place_of_an_error(void **state)
{
	struct text why = TEXT_EMPTY;
	struct nft_job job = {
		.head = STR("table inet gatehouse; "),
		.body = STR("# one\ntable inet gatehouse {\nchain main {\n"
			    "accept\nip saddr 192.0.2.0/33 drop\n}\n}\n"),
		.mode = NFT_DRY_RUN,
		.seconds_max = 20,
	};

	(void)state;
	NEED_NAMESPACE();
	assert_int_equal(nft_run(&job, &why), NFT_REFUSED);
	assert_true(text_has(&why, ":5:"));
	assert_true(text_has(&why, "ip saddr 192.0.2.0/33 drop\n"));
	assert_true(text_has(&why, "^^^"));
	assert_true(why.at[why.len - 1] != '\n');
	text_fini(&why);
}

static void
keeps_a_bounded_part_of_the_words(void **state)
{
	struct text body = TEXT_EMPTY, why = TEXT_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	text_addz(&body, "table inet gatehouse {\nchain main {\n");
	for (int i = 0; i < 50; i++) {
		text_addz(&body, "ip saddr frobnicate comment \"");
		text_pad(&body, 'x', 5000);
		text_addz(&body, "\"\n");
	}
	text_addz(&body, "}\n}\n");
	assert_int_equal(
	    run(text_str(&body), NFT_APPLY, 20, &why), NFT_REFUSED);
	assert_true(why.len > 100);
	assert_true(why.len <= FIREWALL_WORDS_BYTES_MAX + 100);
	text_fini(&body);
	text_fini(&why);
}

static void
write_heavy(struct text *out)
{
	text_addz(out, "table inet gatehouse {\nset s {\ntype ipv4_addr\n"
		       "flags interval\nelements = {\n");
	for (unsigned i = 0; i < 32768; i++)
		text_addf(out, "10.%u.%u.%u/31,\n", i >> 15, i >> 7 & 0xff,
		    (i & 0x7f) << 1);
	text_addz(out, "}\n}\n}\n");
}

static void
kills_a_child_that_is_late(void **state)
{
	struct text body = TEXT_EMPTY, why = TEXT_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	write_heavy(&body);
	int64_t start = clock_now();
	assert_int_equal(run(text_str(&body), NFT_APPLY, 0, &why), NFT_UNKNOWN);
	assert_true(clock_now() - start < 5 * CLOCK_SECOND);
	assert_true(text_has(&why, "more than 0 seconds"));
	/* It was waited for: nobody is left, and nothing was done. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	assert_false(table_stands());
	text_fini(&body);
	text_fini(&why);
}

/* Runs in a child of the test, so that the limit is not the test's. */
static void
run_without_memory(struct str body)
{
	struct rlimit limit = { .rlim_cur = 20 << 20, .rlim_max = 20 << 20 };
	struct text why = TEXT_EMPTY;

	(void)setrlimit(RLIMIT_AS, &limit);
	enum nft_outcome outcome = run(body, NFT_APPLY, 20, &why);
	bool told = why.len > 10;
	bool known = outcome == NFT_REFUSED || outcome == NFT_UNKNOWN;
	_exit(told && known ? 0 : 1);
}

static void
outlives_a_child_without_memory(void **state)
{
	struct text body = TEXT_EMPTY;
	int status;

	(void)state;
	NEED_NAMESPACE();
	if (UNDER_SANITIZER)
		skip();
	write_heavy(&body);
	pid_t pid = fork();
	if (pid == 0)
		run_without_memory(text_str(&body));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_false(table_stands());
	text_fini(&body);
}

/* The process ids of pid's children, as the kernel lists them. */
static bool
has_child(pid_t pid)
{
	struct text list = TEXT_EMPTY;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children",
	    (int)pid, (int)pid);
	int rc = file_read(path, 4096, &list);
	bool has = rc == 0 && list.len > 0;
	text_fini(&list);
	return has;
}

/*
 * A daemon dies within a commit.  Its child must not commit behind the back
 * of the daemon that comes after; as its new parent the test sees its end.
 */
static void
does_not_outlive_its_daemon(void **state)
{
	struct text body = TEXT_EMPTY, why = TEXT_EMPTY;
	int status;

	(void)state;
	NEED_NAMESPACE();
	write_heavy(&body);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	pid_t daemon = fork();
	if (daemon == 0) {
		(void)run(text_str(&body), NFT_APPLY, 60, &why);
		_exit(0);
	}
	while (!has_child(daemon))
		assert_int_equal(waitpid(daemon, NULL, WNOHANG), 0);
	assert_int_equal(kill(daemon, SIGKILL), 0);
	assert_int_equal(waitpid(daemon, &status, 0), daemon);
	assert_true(waitpid(-1, &status, 0) > 0);
	/* Killed, or so early that it found its daemon gone. */
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 64);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
	assert_false(table_stands());
	text_fini(&body);
}

static volatile sig_atomic_t alarms;

static void
count_alarm(int signo)
{
	(void)signo;
	alarms++;
}

/* A daemon's timer signals while it waits must not end the wait. */
static void
waits_through_interruptions(void **state)
{
	struct sigaction action = { .sa_handler = count_alarm }, before;
	struct itimerval every_ms = { { 0, 1000 }, { 0, 1000 } }, off = { 0 };
	struct text body = TEXT_EMPTY, why = TEXT_EMPTY;

	(void)state;
	NEED_NAMESPACE();
	write_heavy(&body);
	assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &every_ms, NULL), 0);
	enum nft_outcome outcome = run(text_str(&body), NFT_DRY_RUN, 60, &why);
	assert_int_equal(setitimer(ITIMER_REAL, &off, NULL), 0);
	assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
	assert_int_equal(outcome, NFT_DONE);
	assert_true(alarms > 10);
	text_fini(&body);
	text_fini(&why);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_done_from_refused),
		cmocka_unit_test(names_line_and_place_of_an_error),
		cmocka_unit_test(keeps_a_bounded_part_of_the_words),
		cmocka_unit_test(kills_a_child_that_is_late),
		cmocka_unit_test(outlives_a_child_without_memory),
		cmocka_unit_test(does_not_outlive_its_daemon),
		cmocka_unit_test(waits_through_interruptions),
	};

	return cmocka_run_group_tests(tests, namespace_setup, NULL);
}
