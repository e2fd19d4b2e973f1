/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * True hashes and true threads; the loop is this thread's.
 */
#include "proxy/who.h"

#include "net/socket.h"
#include "policies.h"
#include "version.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static char text[] = "zone lan = int0 10.0.0.0/24\n"
		     "proxy {\n"
		     "    listen 10.0.0.1:3128 for lan\n"
		     "    users \"users\"\n"
		     "}\n"
		     "allow lan -> any user anna\n";

static char pam_text[] = "zone lan = int0 10.0.0.0/24\n"
			 "proxy {\n"
			 "    listen 10.0.0.1:3128 for lan\n"
			 "    users pam \"login\"\n"
			 "}\n"
			 "allow lan -> any user anna\n";

/* To fill the queue with: beyond it nobody waits. */
#define MANY ((size_t)2 * WHO_QUEUE_MAX)

struct test {
	struct harness h;
	struct who *who;
	struct proxy_generation *generation;
	struct who_question question;
	int answers;
	int throttled; /* of them */
	enum who_answer answer;
	char name[32];
};

static void
begin_with(struct test *t, char *policy)
{
	*t = (struct test){ 0 };
	harness_begin(&t->h);
	t->generation = generation_of(policy);
	t->who = who_create();
	assert_non_null(t->who);
}

static void
begin(struct test *t)
{
	begin_with(t, text);
}

/* The reference that is left says that no job has leaked. */
static void
end(struct test *t)
{
	who_destroy(&t->who);
	assert_null(t->who);
	loop_deliver(&t->h.loop);
	assert_int_equal(t->generation->refs, 1);
	proxy_generation_unref(t->generation);
	loop_fini(&t->h.loop);
}

static void
note(struct test *t, enum who_answer answer, const struct policy_user *user)
{
	t->answers++;
	t->throttled += answer == WHO_THROTTLED;
	t->answer = answer;
	t->name[0] = '\0';
	assert_true((answer == WHO_IS) == (user != NULL));
	if (user != NULL)
		(void)snprintf(
		    t->name, sizeof(t->name), "%.*s", STR_ARG(user->name));
}

static void
on_answer(struct who_question *question, enum who_answer answer,
    const struct policy_user *user)
{
	struct test *t = question->context;

	note(t, answer, user);
	loop_stop(&t->h.loop);
}

static struct credentials
said(const char *name, const char *password)
{
	struct credentials credentials = { .name_len = strlen(name),
		.password_len = strlen(password) };

	memcpy(credentials.name, name, credentials.name_len);
	memcpy(credentials.password, password, credentials.password_len);
	return credentials;
}

static enum who_answer
ask(struct test *t, struct who_question *question, const char *from,
    const char *name, const char *password)
{
	struct credentials credentials = said(name, password);
	struct policy_user user = { 0 };

	*question = (struct who_question){ .fn = on_answer, .context = t };
	enum who_answer answer = who_ask(t->who, &t->h.loop, t->generation,
	    address_of(from), &credentials, question, &user);
	if (answer != WHO_WAITS)
		note(t, answer, answer == WHO_IS ? &user : NULL);
	return answer;
}

/* The answer, and whether it came at once. */
static bool
is_at_once(
    struct test *t, const char *from, const char *name, const char *password)
{
	bool waits = ask(t, &t->question, from, name, password) == WHO_WAITS;

	if (waits)
		harness_run(&t->h);
	assert_null(t->question.job);
	return !waits;
}

static void
right_and_wrong(void **state)
{
	static const struct {
		const char *name, *password;
		enum who_answer answer;
		bool at_once;
	} rows[] = {
		{ "anna", "staple", WHO_IS, false },
		{ "anna", "staple", WHO_IS, true },
		{ "slow", "slow", WHO_IS, false },
		{ "slow", "staple", WHO_IS_NOT, false },
		{ "anna", "stapl", WHO_IS_NOT, false },
		{ "anna", "", WHO_IS_NOT, false },
		{ "nobody", "staple", WHO_IS_NOT, false },
		{ "", "staple", WHO_IS_NOT, false },
		{ "nobody", "staple", WHO_THROTTLED, true },
		{ "slow", "slow", WHO_IS, true },
	};
	struct test t;

	(void)state;
	begin(&t);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		bool at_once =
		    is_at_once(&t, "10.0.0.4", rows[i].name, rows[i].password);
		if (t.answer != rows[i].answer || at_once != rows[i].at_once)
			fail_msg("row %zu: %d", i, (int)t.answer);
		if (t.answer == WHO_IS)
			assert_string_equal(t.name, rows[i].name);
	}
	assert_int_equal(t.answers, COUNT_OF(rows));
	end(&t);
}

/* Who waited while others guessed is told so, and nothing is hashed for. */
static void
those_who_wait_are_throttled_too(void **state)
{
	struct who_question questions[4 * WHO_WRONG_MAX];
	struct test t;

	(void)state;
	begin(&t);
	for (size_t i = 0; i < COUNT_OF(questions); i++)
		assert_int_equal(
		    ask(&t, &questions[i], "10.0.0.4", "slow", "wrong"),
		    WHO_WAITS);
	while (t.answers < (int)COUNT_OF(questions))
		harness_run(&t.h);
	/* One more may be hashed by each thread. */
	assert_in_range(t.throttled,
	    COUNT_OF(questions) - WHO_WRONG_MAX - 2 * WHO_HASHING_MAX,
	    COUNT_OF(questions) - WHO_WRONG_MAX);
	/* Others are heard. */
	assert_false(is_at_once(&t, "10.0.0.5", "anna", "staple"));
	assert_int_equal(t.answer, WHO_IS);
	end(&t);
}

static void
what_is_forgotten_is_hashed_again(void **state)
{
	struct test t;

	(void)state;
	begin(&t);
	assert_false(is_at_once(&t, "10.0.0.4", "anna", "staple"));
	assert_true(is_at_once(&t, "10.0.0.4", "anna", "staple"));
	who_forget(t.who);
	assert_false(is_at_once(&t, "10.0.0.4", "anna", "staple"));
	assert_int_equal(t.answer, WHO_IS);
	end(&t);
}

static void
who_is_gone_is_told_nothing(void **state)
{
	struct who_question gone[8];
	struct test t;

	(void)state;
	begin(&t);
	for (size_t i = 0; i < COUNT_OF(gone); i++)
		assert_int_equal(
		    ask(&t, &gone[i], "10.0.0.4", "slow", "wrong"), WHO_WAITS);
	for (size_t i = 0; i < COUNT_OF(gone); i++) {
		who_cancel(&gone[i]);
		who_cancel(&gone[i]);
	}
	/* The queue is in order: what was cancelled is done with. */
	assert_false(is_at_once(&t, "10.0.0.5", "slow", "slow"));
	assert_int_equal(t.answers, 1);
	assert_int_equal(t.answer, WHO_IS);
	end(&t);
}

static void
the_queue_is_bounded(void **state)
{
	struct who_question *many = calloc(MANY, sizeof(*many));
	struct test t;
	size_t waiting = 0;

	(void)state;
	begin(&t);
	while (waiting < MANY &&
	       ask(&t, &many[waiting], "10.0.0.4", "slow", "x") == WHO_WAITS)
		waiting++;
	assert_in_range(waiting, WHO_QUEUE_MAX, MANY - 1);
	assert_int_equal(t.answer, WHO_BUSY);
	/* Nobody waits for them, nor do they leak. */
	for (size_t i = 0; i < waiting; i++)
		who_cancel(&many[i]);
	end(&t);
	free(many);
}

/* Of whoever is called "anna" or "zoe" it knows the password "staple"; with
 * "end" it drops what it has been asked. */
static void *
play_pam(void *context)
{
	struct pollfd fd = { .fd = *(int *)context, .events = POLLIN };
	struct pam_question question;
	int answer;

	while (poll(&fd, 1, 5000) == 1 &&
	       pam_question_take(fd.fd, &question, &answer) == 0) {
		bool right = strcmp(question.password, "staple") == 0;
		if (strcmp(question.password, "end") != 0)
			(void)!write(answer, right ? "\1" : "\2", 1);
		(void)close(answer);
	}
	return NULL;
}

static void
whom_the_host_knows(void **state)
{
	static const struct {
		const char *name, *password;
		enum who_answer answer;
		bool at_once;
	} rows[] = {
		{ "anna", "staple", WHO_IS, false },
		{ "anna", "staple", WHO_IS, true },
		{ "zoe", "staple", WHO_IS, false },
		{ "anna", "end", WHO_UNKNOWN, false },
		{ "anna", "end", WHO_UNKNOWN, false },
		{ "anna", "end", WHO_UNKNOWN, false },
		{ "anna", "1", WHO_IS_NOT, false },
		{ "anna", "2", WHO_IS_NOT, false },
		{ "bert", "3", WHO_IS_NOT, false },
		{ "", "staple", WHO_IS_NOT, false },
		{ "anna", "4", WHO_IS_NOT, false },
		{ "anna", "5", WHO_THROTTLED, true },
		{ "zoe", "staple", WHO_IS, true },
	};
	struct test t;
	pthread_t pam;
	int ends[2];

	(void)state;
	assert_int_equal(socket_pair(ends), 0);
	assert_int_equal(pthread_create(&pam, NULL, play_pam, &ends[0]), 0);
	begin_with(&t, pam_text);
	who_ask_pam_at(t.who, ends[1]);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		bool at_once =
		    is_at_once(&t, "10.0.0.4", rows[i].name, rows[i].password);
		if (t.answer != rows[i].answer || at_once != rows[i].at_once)
			fail_msg("row %zu: %d", i, (int)t.answer);
		if (t.answer == WHO_IS)
			assert_string_equal(t.name, rows[i].name);
	}
	end(&t);
	(void)close(ends[1]);
	(void)pthread_join(pam, NULL);
	(void)close(ends[0]);
}

/* Of one processor, as the thread that asks sees it. */
static int64_t
cpu_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * CLOCK_SECOND + now.tv_nsec;
}

#define USERS 1000

/* All of them are remembered, and that costs less than 2 percent of a second;
 * a sanitizer has a measure of its own. */
static void
a_thousand_users_a_second(void **state)
{
	char name[16];
	struct test t;
	pthread_t pam;
	int ends[2];

	(void)state;
	assert_int_equal(socket_pair(ends), 0);
	assert_int_equal(pthread_create(&pam, NULL, play_pam, &ends[0]), 0);
	begin_with(&t, pam_text);
	who_ask_pam_at(t.who, ends[1]);
	for (int i = 0; i < USERS; i++) {
		(void)snprintf(name, sizeof(name), "user%d", i);
		assert_false(is_at_once(&t, "10.0.0.4", name, "staple"));
	}
	int64_t before = cpu_now();
	for (int i = 0; i < USERS; i++) {
		(void)snprintf(name, sizeof(name), "user%d", i);
		assert_true(is_at_once(&t, "10.0.0.4", name, "staple"));
	}
	int64_t spent = cpu_now() - before;
	print_message(
	    "%d users known: %lld us\n", USERS, (long long)(spent / 1000));
	assert_true(spent < CLOCK_SECOND / 50 * (GATEHOUSE_SANDBOX ? 1 : 20));
	end(&t);
	(void)close(ends[1]);
	(void)pthread_join(pam, NULL);
	(void)close(ends[0]);
}

/* Nobody is asked, so nobody is in; and it does not count as a wrong one. */
static void
nobody_can_ask_the_host(void **state)
{
	struct test t;

	(void)state;
	begin_with(&t, pam_text);
	for (int i = 0; i < 2 * WHO_WRONG_MAX; i++) {
		assert_false(is_at_once(&t, "10.0.0.4", "anna", "staple"));
		assert_int_equal(t.answer, WHO_UNKNOWN);
	}
	end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(right_and_wrong),
		cmocka_unit_test(those_who_wait_are_throttled_too),
		cmocka_unit_test(what_is_forgotten_is_hashed_again),
		cmocka_unit_test(who_is_gone_is_told_nothing),
		cmocka_unit_test(the_queue_is_bounded),
		cmocka_unit_test(whom_the_host_knows),
		cmocka_unit_test(a_thousand_users_a_second),
		cmocka_unit_test(nobody_can_ask_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
