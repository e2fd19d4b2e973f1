/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A question to gatehouse-pam, from both its ends: what is none is refused and
 * nothing of it stays open, and only the byte of a yes lets anybody in.
 */
#include "proxy/pam_question.h"

#include "net/socket.h"

#include "../net/harness.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

static int
lowest_free(void)
{
	int fd = open("/dev/null", O_RDONLY);

	assert_true(fd >= 0);
	(void)close(fd);
	return fd;
}

static struct address
client(void)
{
	struct address address;

	assert_int_equal(address_parse(STR("192.0.2.7"), &address), 0);
	return address;
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

/* ---- the asking end ---- */

/* What the helper does with one question. */
struct helper {
	int socket;
	const char *answer; /* "": none, and it drops the question */
	struct pam_question question;
	int rc;
};

static void *
answer_one(void *context)
{
	struct helper *helper = context;
	struct pollfd fd = { .fd = helper->socket, .events = POLLIN };
	int answer = -1;

	(void)poll(&fd, 1, 5000);
	helper->rc =
	    pam_question_take(helper->socket, &helper->question, &answer);
	if (helper->rc < 0)
		return NULL;
	if (helper->answer[0] != '\0')
		(void)!write(answer, helper->answer, 1);
	(void)close(answer);
	return NULL;
}

static void
what_answers_mean(void **state)
{
	static const struct {
		const char *answer;
		enum pam_answer meant;
	} rows[] = {
		{ "\1", PAM_ANSWER_IS },
		{ "\2", PAM_ANSWER_IS_NOT },
		{ "\3", PAM_ANSWER_NONE },
		{ "1", PAM_ANSWER_NONE },
		{ "\xff", PAM_ANSWER_NONE },
		{ "", PAM_ANSWER_NONE },
	};
	struct credentials credentials = said("anna", "correct horse");
	int ends[2], before = lowest_free();

	(void)state;
	assert_int_equal(socket_pair(ends), 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct helper helper = { .socket = ends[0],
			.answer = rows[i].answer };
		pthread_t thread;
		assert_int_equal(
		    pthread_create(&thread, NULL, answer_one, &helper), 0);
		assert_int_equal(
		    pam_question_ask(ends[1], &credentials, client()),
		    rows[i].meant);
		(void)pthread_join(thread, NULL);
		assert_int_equal(helper.rc, 0);
		assert_string_equal(helper.question.name, "anna");
		assert_string_equal(helper.question.password, "correct horse");
		assert_true(address_eq(helper.question.from, client()));
	}
	(void)close(ends[0]);
	(void)close(ends[1]);
	assert_int_equal(lowest_free(), before);
}

/* A name that no module can be asked about is nobody's, and nothing is sent. */
static void
who_is_not_asked_about(void **state)
{
	struct credentials none = said("", "x"), cut = said("annaXroot", "x");
	struct pam_question question;
	int ends[2], answer;

	(void)state;
	cut.name[4] = '\0';
	assert_int_equal(socket_pair(ends), 0);
	assert_int_equal(
	    pam_question_ask(ends[1], &none, client()), PAM_ANSWER_IS_NOT);
	assert_int_equal(
	    pam_question_ask(ends[1], &cut, client()), PAM_ANSWER_IS_NOT);
	assert_int_equal(
	    pam_question_take(ends[0], &question, &answer), -EAGAIN);
	(void)close(ends[0]);
	assert_int_equal(
	    pam_question_ask(ends[1],
		&(struct credentials){ .name_len = 1, .name = "a" }, client()),
	    PAM_ANSWER_NONE);
	(void)close(ends[1]);
}

/* Where gatehouse-pam is not, something else stands in the place. */
static void
there_is_no_helper(void **state)
{
	struct credentials credentials = said("anna", "x");
	int null = open("/dev/null", O_RDWR);

	(void)state;
	assert_int_equal(
	    pam_question_ask(null, &credentials, client()), PAM_ANSWER_NONE);
	assert_int_equal(
	    pam_question_ask(-1, &credentials, client()), PAM_ANSWER_NONE);
	(void)close(null);
}

/* ---- the helper's end ---- */

static int
take(const struct pam_question *question, size_t len, size_t fds)
{
	const struct str bytes = { (const char *)question, len };
	struct pam_question taken;
	int ends[2], answer = -1;
	int given[2] = { 0, 0 };

	assert_int_equal(socket_pair(ends), 0);
	int before = lowest_free();
	assert_int_equal(socket_send(ends[1], bytes, given, fds), 0);
	int rc = pam_question_take(ends[0], &taken, &answer);
	if (rc == 0)
		(void)close(answer);
	assert_int_equal(lowest_free(), before);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return rc;
}

static void
what_is_no_question(void **state)
{
	struct pam_question good = { .name = "anna", .from = client() };
	struct pam_question wrong = good;
	const size_t len = sizeof(good);

	(void)state;
	assert_int_equal(take(&good, len, 1), 0);
	assert_int_equal(take(&good, len, 0), -EBADMSG);
	assert_int_equal(take(&good, len, 2), -EBADMSG);
	assert_int_equal(take(&good, len - 1, 1), -EBADMSG);
	assert_int_equal(take(&good, 1, 1), -EBADMSG);
	memset(wrong.name, 'a', sizeof(wrong.name));
	assert_int_equal(take(&wrong, len, 1), -EBADMSG);
	wrong = good;
	memset(wrong.password, 'a', sizeof(wrong.password));
	assert_int_equal(take(&wrong, len, 1), -EBADMSG);
	wrong = good;
	wrong.name[0] = '\0';
	assert_int_equal(take(&wrong, len, 1), -EBADMSG);
	wrong = good;
	wrong.from.family = 7;
	assert_int_equal(take(&wrong, len, 1), -EBADMSG);
}

static void
a_longer_one_and_the_end(void **state)
{
	char bytes[sizeof(struct pam_question) + 1] = "anna";
	struct pam_question taken;
	int ends[2], answer;

	(void)state;
	assert_int_equal(socket_pair(ends), 0);
	assert_int_equal(
	    socket_send(ends[1], (struct str){ bytes, sizeof(bytes) }, NULL, 0),
	    0);
	assert_int_equal(pam_question_take(ends[0], &taken, &answer), -EBADMSG);
	(void)close(ends[1]);
	assert_int_equal(pam_question_take(ends[0], &taken, &answer), -EPIPE);
	(void)close(ends[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_answers_mean),
		cmocka_unit_test(who_is_not_asked_about),
		cmocka_unit_test(there_is_no_helper),
		cmocka_unit_test(what_is_no_question),
		cmocka_unit_test(a_longer_one_and_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
