/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/pam_question.h"

#include "net/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

/* Readiness within what is left of the time. */
static bool
wait_for(int fd, short what, int64_t deadline)
{
	struct pollfd one = { .fd = fd, .events = what };
	int64_t left;

	while ((left = deadline - clock_now()) > 0) {
		int n = poll(&one, 1, (int)(left / CLOCK_MS) + 1);
		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return false;
	}
	return false;
}

/* The other end of the socket stays while the helper is started again. */
static bool
send_question(int helper, const struct pam_question *question, int answer,
    int64_t deadline)
{
	const struct str bytes = { (const char *)question, sizeof(*question) };
	int rc;

	while ((rc = socket_send(helper, bytes, &answer, 1)) == -EAGAIN)
		if (!wait_for(helper, POLLOUT, deadline))
			return false;
	return rc == 0;
}

static enum pam_answer
read_answer(int fd, int64_t deadline)
{
	unsigned char byte;

	if (!wait_for(fd, POLLIN, deadline) || read(fd, &byte, 1) != 1)
		return PAM_ANSWER_NONE;
	return byte == PAM_ANSWER_IS || byte == PAM_ANSWER_IS_NOT
		   ? (enum pam_answer)byte
		   : PAM_ANSWER_NONE;
}

/* A NUL in a name would make it another one for a module. */
static bool
fill_in(struct pam_question *question, const struct credentials *credentials,
    struct address from)
{
	if (credentials->name_len == 0 ||
	    credentials->name_len > CREDENTIALS_TEXT_MAX ||
	    credentials->password_len > CREDENTIALS_TEXT_MAX ||
	    memchr(credentials->name, '\0', credentials->name_len) != NULL)
		return false;
	memcpy(question->name, credentials->name, credentials->name_len);
	memcpy(question->password, credentials->password,
	    credentials->password_len);
	question->from = from;
	return true;
}

enum pam_answer
pam_question_ask(
    int helper, const struct credentials *credentials, struct address from)
{
	int64_t deadline = clock_now() + PAM_QUESTION_PATIENCE;
	enum pam_answer answer = PAM_ANSWER_NONE;
	struct pam_question question = { 0 };
	int ends[2];

	if (!fill_in(&question, credentials, from))
		return PAM_ANSWER_IS_NOT;
	if (pipe2(ends, O_CLOEXEC) == 0) {
		bool sent = send_question(helper, &question, ends[1], deadline);
		/* Then the pipe ends with whoever has it. */
		(void)close(ends[1]);
		if (sent)
			answer = read_answer(ends[0], deadline);
		(void)close(ends[0]);
	}
	explicit_bzero(&question, sizeof(question));
	return answer;
}

static bool
is_text(const char *text, size_t room)
{
	return memchr(text, '\0', room) != NULL;
}

static bool
is_question(const struct socket_message *message)
{
	const struct pam_question *question = message->bytes;

	return message->len == sizeof(*question) && message->fds_count == 1 &&
	       is_text(question->name, sizeof(question->name)) &&
	       is_text(question->password, sizeof(question->password)) &&
	       question->name[0] != '\0' &&
	       (question->from.family == ADDRESS_IPV4 ||
		   question->from.family == ADDRESS_IPV6);
}

int
pam_question_take(int socket, struct pam_question *ret, int *ret_answer)
{
	struct socket_message message = { .bytes = ret, .room = sizeof(*ret) };
	int rc = socket_receive(socket, &message);

	if (rc < 0)
		return rc == -EMSGSIZE ? -EBADMSG : rc;
	if (message.len == 0)
		return -EPIPE;
	if (is_question(&message)) {
		*ret_answer = message.fds[0];
		return 0;
	}
	while (message.fds_count > 0)
		(void)close(message.fds[--message.fds_count]);
	explicit_bzero(ret, sizeof(*ret));
	return -EBADMSG;
}
