/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/pam_keeper.h"

#include "base/json.h"
#include "daemon/capabilities.h"
#include "daemon/notice.h"
#include "daemon/runtime.h"
#include "event/event.h"
#include "net/socket.h"
#include "version.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- in the new process, before the program runs ---- */

/* Root without its powers: who owns a file may read it, and no more. */
static bool
drop_privileges(void)
{
	capabilities_bound_none();
	return setgroups(0, NULL) == 0 && capabilities_drop_all() == 0 &&
	       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

static bool
die_with_parent(pid_t parent)
{
	return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 &&
	       getppid() == parent;
}

/* First out of each other's way, as daemon/child_begin does it. */
static bool
place_all(int questions, int pulse)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int first = fcntl(questions, F_DUPFD_CLOEXEC, PAM_FDS_END);
	int second = fcntl(pulse, F_DUPFD_CLOEXEC, PAM_FDS_END);

	return dup2(first, PAM_QUESTIONS_FD) >= 0 &&
	       dup2(second, PAM_PULSE_FD) >= 0 &&
	       dup2(null, STDIN_FILENO) >= 0 &&
	       dup2(null, STDOUT_FILENO) >= 0 &&
	       close_range(PAM_FDS_END, ~0u, CLOSE_RANGE_CLOEXEC) == 0;
}

_Noreturn static void
become_pam(struct pam_keeper *keeper, int program, int pulse, pid_t parent)
{
	char name[] = "gatehouse-pam";
	char *argv[] = { name, keeper->service, NULL };
	char *envp[] = { NULL };
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (chdir("/") == 0 && place_all(keeper->questions, pulse) &&
	    drop_privileges() && die_with_parent(parent))
		(void)fexecve(program, argv, envp);
	(void)dprintf(STDERR_FILENO,
	    "gatehoused: cannot start gatehouse-pam: %s\n", strerror(errno));
	_exit(127);
}

/* ---- in gatehoused ---- */

static int
open_program(void)
{
	struct text path = TEXT_EMPTY;

	runtime_program("gatehouse-pam", GATEHOUSE_PAM_PATH, &path);
	/* Above those that dup2 is going to take. */
	int low = open(path.at, O_PATH | O_CLOEXEC);
	int fd = low < 0 ? low : fcntl(low, F_DUPFD_CLOEXEC, PAM_FDS_END);
	int rc = fd < 0 ? -errno : fd;
	if (low >= 0)
		(void)close(low);
	if (rc < 0)
		notice_say("cannot open %s: %s",
		    path.at != NULL ? path.at : "gatehouse-pam", strerror(-rc));
	text_fini(&path);
	return rc;
}

static void
close_pulse(struct pam_keeper *keeper)
{
	if (keeper->pulse.fd < 0)
		return;
	loop_watch_stop(&keeper->pulse);
	(void)close(keeper->pulse.fd);
	keeper->pulse.fd = -1;
}

static void
hear(struct pam_keeper *keeper)
{
	loop_timer_arm(
	    keeper->loop, &keeper->silence, clock_now() + PAM_SILENCE_MAX);
}

static void
on_pulse(struct loop_watch *watch, unsigned ready)
{
	struct pam_keeper *keeper = watch->context;
	char beats[16];

	(void)ready;
	/* Its end is seen by SIGCHLD. */
	if (read(watch->fd, beats, sizeof(beats)) > 0)
		hear(keeper);
	else
		close_pulse(keeper);
}

static void
on_silence(struct loop_timer *timer)
{
	struct pam_keeper *keeper = timer->context;

	notice_say("gatehouse-pam (pid %d) did not move any more and is ended",
	    (int)keeper->pid);
	if (keeper->pid > 0)
		(void)kill(keeper->pid, SIGKILL);
}

static int
fork_pam(struct pam_keeper *keeper, int program, const int pulse[static 2])
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid == 0)
		become_pam(keeper, program, pulse[1], parent);
	if (pid < 0)
		return -errno;
	keeper->pid = pid;
	keeper->starts++;
	keeper->started = clock_now();
	return 0;
}

static int
watch_pulse(struct pam_keeper *keeper, int fd)
{
	keeper->pulse = (struct loop_watch){
		.fd = fd, .wanted = LOOP_READ, .fn = on_pulse, .context = keeper
	};
	int rc = loop_watch_start(keeper->loop, &keeper->pulse);

	if (rc < 0) {
		(void)close(fd);
		keeper->pulse.fd = -1;
		return rc;
	}
	hear(keeper);
	return 0;
}

static int
start(struct pam_keeper *keeper)
{
	int program = open_program();
	int pulse[2];

	if (program < 0)
		return program;
	int rc = pipe2(pulse, O_CLOEXEC | O_NONBLOCK) < 0 ? -errno : 0;
	if (rc == 0) {
		rc = fork_pam(keeper, program, pulse);
		(void)close(pulse[1]);
		if (rc == 0)
			rc = watch_pulse(keeper, pulse[0]);
		else
			(void)close(pulse[0]);
	}
	(void)close(program);
	return rc;
}

static void
restart_later(struct pam_keeper *keeper)
{
	if (clock_now() - keeper->started > PAM_LIVES)
		keeper->restart_after = PAM_RESTART_FIRST;
	loop_timer_arm(keeper->loop, &keeper->restart,
	    clock_now() + keeper->restart_after);
	if (keeper->restart_after < PAM_RESTART_MAX)
		keeper->restart_after *= 2;
}

static void
start_or_retry(struct pam_keeper *keeper)
{
	int rc = start(keeper);

	if (rc == 0)
		return;
	notice_say("gatehouse-pam cannot be started: %s; nobody is who he "
		   "says until it is",
	    strerror(-rc));
	restart_later(keeper);
}

static void
on_restart(struct loop_timer *timer)
{
	struct pam_keeper *keeper = timer->context;

	if (keeper->pid == 0 && keeper->service[0] != '\0')
		start_or_retry(keeper);
}

/* It has nothing to finish: who is asked about is told that nobody knows. */
static void
stop(struct pam_keeper *keeper)
{
	loop_timer_cancel(&keeper->silence);
	loop_timer_cancel(&keeper->restart);
	close_pulse(keeper);
	if (keeper->pid > 0) {
		(void)kill(keeper->pid, SIGKILL);
		(void)waitpid(keeper->pid, NULL, 0);
	}
	keeper->pid = 0;
}

int
pam_keeper_open(struct pam_keeper *keeper, struct loop *loop)
{
	int ends[2];
	int rc = socket_pair(ends);

	if (rc < 0)
		return rc;
	*keeper = (struct pam_keeper)PAM_KEEPER_CLOSED;
	keeper->loop = loop;
	keeper->questions = ends[0];
	keeper->helper = ends[1];
	keeper->restart_after = PAM_RESTART_FIRST;
	keeper->silence =
	    (struct loop_timer){ .fn = on_silence, .context = keeper };
	keeper->restart =
	    (struct loop_timer){ .fn = on_restart, .context = keeper };
	return 0;
}

void
pam_keeper_close(struct pam_keeper *keeper)
{
	stop(keeper);
	if (keeper->questions >= 0)
		(void)close(keeper->questions);
	if (keeper->helper >= 0)
		(void)close(keeper->helper);
	*keeper = (struct pam_keeper)PAM_KEEPER_CLOSED;
}

void
pam_keeper_follow(struct pam_keeper *keeper, const struct policy *policy)
{
	struct str service = policy->users.service;
	struct str now = str_of(keeper->service);

	if (str_eq(service.at != NULL ? service : STR(""), now))
		return;
	stop(keeper);
	(void)snprintf(
	    keeper->service, sizeof(keeper->service), "%.*s", STR_ARG(service));
	keeper->restart_after = PAM_RESTART_FIRST;
	if (service.len > 0)
		start_or_retry(keeper);
}

void
pam_keeper_see_child(struct pam_keeper *keeper)
{
	static const struct event told = { .kind = EVENT_KIND_FAULT,
		.enforcer = "firewall",
		.reason = "gatehouse-pam ended; it is started again" };
	int status;

	if (keeper->pid <= 0 || waitpid(keeper->pid, &status, WNOHANG) <= 0)
		return;
	keeper->pid = 0;
	loop_timer_cancel(&keeper->silence);
	close_pulse(keeper);
	event_emit(&told);
	if (WIFSIGNALED(status))
		notice_say("gatehouse-pam ended by signal %d (%s); it is "
			   "started again",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		notice_say("gatehouse-pam ended by exit status %d; it is "
			   "started again",
		    WEXITSTATUS(status));
	restart_later(keeper);
}

void
pam_keeper_json(const struct pam_keeper *keeper, struct json *json)
{
	if (keeper->service[0] == '\0') {
		json_put_stringz(json, NULL);
		return;
	}
	json_object_begin(json);
	json_name(json, "service");
	json_put_stringz(json, keeper->service);
	json_name(json, "pid");
	json_put_integer(json, keeper->pid);
	json_name(json, "starts");
	json_put_integer(json, keeper->starts);
	json_object_end(json);
}
