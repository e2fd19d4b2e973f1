/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gatehouse-pam: asks PAM whether somebody is who he says.
 *
 *	gatehouse-pam SERVICE
 *
 * Started by gatehoused where the policy says `users pam`, as root without any
 * capability, for that is what the files of passwords ask for; with a socket at
 * PAM_QUESTIONS_FD, from whose other end the proxy asks (proxy/pam_question),
 * and a pipe at PAM_PULSE_FD, to say every second that it goes on.
 *
 * Each question has a process of its own, which ends with it: what a module
 * does to its memory, and what it keeps there, goes with it.  One that takes
 * too long is killed.  Of names and passwords nothing is ever said or written.
 */
#include "daemon/exit_status.h"
#include "daemon/pam_check.h"
#include "daemon/pam_keeper.h"
#include "daemon/refusal.h"
#include "daemon/sandbox.h"
#include "version.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A question that is looked at. */
struct look {
	pid_t pid; /* 0: none */
	int64_t until;
};

struct pam {
	const char *service;
	struct look looks[PAM_QUESTIONS_MAX];
	sigset_t awake; /* the signals while it waits */
	int64_t pulse;  /* the next one */
};

/* ---- a process for each question ---- */

_Noreturn static void
look_at(const struct pam *pam, const struct pam_question *question, int answer,
    pid_t parent)
{
	unsigned char byte;

	(void)signal(SIGCHLD, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &pam->awake, NULL);
	(void)close(PAM_QUESTIONS_FD);
	(void)close(PAM_PULSE_FD);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ||
	    getppid() != parent)
		_exit(STATUS_WORLD);
	byte = (unsigned char)pam_check(pam->service, question);
	_exit(write(answer, &byte, 1) == 1 ? STATUS_GOOD : STATUS_WORLD);
}

/* Whoever asked may be gone by now, and a password is not tried in vain. */
static bool
is_wanted(int answer)
{
	struct pollfd fd = { .fd = answer, .events = 0 };

	return poll(&fd, 1, 0) == 0;
}

static struct look *
find_free(struct pam *pam)
{
	for (size_t i = 0; i < PAM_QUESTIONS_MAX; i++)
		if (pam->looks[i].pid == 0)
			return &pam->looks[i];
	return NULL;
}

/* What cannot be looked at is answered by the end of the pipe. */
static void
begin_look(struct pam *pam, struct look *look,
    const struct pam_question *question, int answer)
{
	pid_t parent = getpid();

	if (!is_wanted(answer))
		return;
	pid_t pid = fork();
	if (pid == 0)
		look_at(pam, question, answer, parent);
	if (pid > 0)
		*look = (struct look){ pid, clock_now() + PAM_MODULE_PATIENCE };
}

/* ---- those that are under way ---- */

static void
reap(struct pam *pam)
{
	for (size_t i = 0; i < PAM_QUESTIONS_MAX; i++)
		if (pam->looks[i].pid > 0 &&
		    waitpid(pam->looks[i].pid, NULL, WNOHANG) != 0)
			pam->looks[i].pid = 0;
}

static void
end_overdue(struct pam *pam, int64_t now)
{
	for (size_t i = 0; i < PAM_QUESTIONS_MAX; i++) {
		struct look *look = &pam->looks[i];
		if (look->pid == 0 || now < look->until)
			continue;
		(void)fprintf(stderr,
		    "gatehouse-pam: a module of %s took too "
		    "long and was ended\n",
		    pam->service);
		(void)kill(look->pid, SIGKILL);
		look->until = INT64_MAX;
	}
}

/* ---- life ---- */

static void
on_child(int signo)
{
	(void)signo; /* it ends the wait */
}

static int
watch_children(struct pam *pam)
{
	struct sigaction action = { .sa_handler = on_child };
	sigset_t child;

	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	(void)signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &child, &pam->awake) < 0 ||
	    sigaction(SIGCHLD, &action, NULL) < 0)
		return -errno;
	return 0;
}

/* Until there is a question that can be taken, or something else to do. */
static bool
wait_for_question(const struct pam *pam, bool can_take)
{
	struct pollfd fd = { .fd = can_take ? PAM_QUESTIONS_FD : -1,
		.events = POLLIN };
	int64_t left = pam->pulse - clock_now();
	struct timespec time = { 0 };

	if (left > 0)
		time = (struct timespec){ left / CLOCK_SECOND,
			left % CLOCK_SECOND };
	return ppoll(&fd, 1, &time, &pam->awake) > 0;
}

static void
beat(struct pam *pam, int64_t now)
{
	if (now < pam->pulse)
		return;
	/* Nobody reads it any more: gatehoused ends, and this with it. */
	(void)!write(PAM_PULSE_FD, "", 1);
	pam->pulse = now + PAM_PULSE_EVERY;
}

static int
take_question(struct pam *pam, struct look *look)
{
	struct pam_question question;
	int answer;
	int rc = pam_question_take(PAM_QUESTIONS_FD, &question, &answer);

	if (rc == 0) {
		begin_look(pam, look, &question, answer);
		(void)close(answer);
	}
	explicit_bzero(&question, sizeof(question));
	/* What is no question is the proxy's affair. */
	return rc == -EPIPE ? rc : 0;
}

static int
serve(struct pam *pam)
{
	int rc = watch_children(pam);

	while (rc == 0) {
		struct look *look = find_free(pam);
		bool asked = wait_for_question(pam, look != NULL);
		int64_t now = clock_now();
		beat(pam, now);
		reap(pam);
		end_overdue(pam, now);
		if (asked)
			rc = take_question(pam, look);
	}
	return rc == -EPIPE ? 0 : rc;
}

/* As gatehoused says it of the others. */
static void
enter_sandbox(void)
{
	struct sandbox sandbox;

	sandbox_enter_pam(&sandbox);
	if (sandbox.problem[0] != '\0' &&
	    strcmp(sandbox.problem, SANDBOX_LEFT_OUT) != 0)
		(void)fprintf(stderr,
		    "gatehouse-pam: the sandbox of gatehouse-pam lacks: %s\n",
		    sandbox.problem);
}

static bool
is_channel(int fd)
{
	int type;
	socklen_t len = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	       type == SOCK_SEQPACKET;
}

static const char usage[] =
    "usage: gatehouse-pam SERVICE\n"
    "       gatehouse-pam --version | --help\n"
    "\n"
    "The part of Gatehouse that asks PAM for passwords. It is started by\n"
    "gatehoused, where the policy says 'users pam'; there is nothing to call\n"
    "by hand. See gatehouse(1).\n";

int
main(int argc, char **argv)
{
	static struct pam pam;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		(void)puts("gatehouse-pam " GATEHOUSE_VERSION);
		return STATUS_GOOD;
	}
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		(void)fputs(usage, stdout);
		return STATUS_GOOD;
	}
	if (argc != 2 || !is_channel(PAM_QUESTIONS_FD)) {
		(void)fputs(usage, stderr);
		return STATUS_USAGE;
	}
	pam.service = argv[1];
	int rc = refusal_say("gatehouse-pam");
	if (rc == 0) {
		enter_sandbox();
		rc = serve(&pam);
	}
	if (rc < 0)
		(void)fprintf(stderr, "gatehouse-pam: %s\n", strerror(-rc));
	return rc < 0 ? STATUS_WORLD : STATUS_GOOD;
}
