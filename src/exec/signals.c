/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/signals.h"

#include <errno.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

/* All that people and programs send; not those of a mistake of our own. */
static const int passed[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1,
	SIGUSR2, SIGALRM, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH,
	SIGCHLD };

int
exec_signals_open(struct exec_signals *signals)
{
	sigset_t all;

	(void)sigemptyset(&all);
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		(void)sigaddset(&all, passed[i]);
	if (sigprocmask(SIG_BLOCK, &all, &signals->before) < 0)
		return -errno;
	signals->fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	return signals->fd < 0 ? -errno : 0;
}

void
exec_signals_close(struct exec_signals *signals)
{
	if (signals->fd >= 0)
		(void)close(signals->fd);
	signals->fd = -1;
	(void)sigprocmask(SIG_SETMASK, &signals->before, NULL);
}

/*
 * What the terminal sends, and what a process of our own group sends to all of
 * it, the command has had.
 */
static bool
had_it(const struct signalfd_siginfo *info)
{
	if (info->ssi_code == SI_KERNEL)
		return true;
	return info->ssi_pid != 0 && getpgid((pid_t)info->ssi_pid) == getpgrp();
}

int
exec_signals_next(const struct exec_signals *signals)
{
	struct signalfd_siginfo info;

	while (read(signals->fd, &info, sizeof(info)) == sizeof(info)) {
		int number = (int)info.ssi_signo;
		if (number == SIGCHLD || number == SIGCONT || !had_it(&info))
			return number;
	}
	return 0;
}

bool
exec_signals_is_stop(int number)
{
	return number == SIGSTOP || number == SIGTSTP || number == SIGTTIN ||
	       number == SIGTTOU;
}

void
exec_signals_stop(int number)
{
	const struct timespec now = { 0, 0 };
	sigset_t one, before;

	(void)sigemptyset(&one);
	(void)sigaddset(&one, number);
	/* The terminal's own, to all of the job: else we would stop twice. */
	(void)sigtimedwait(&one, NULL, &now);
	(void)sigprocmask(SIG_UNBLOCK, &one, &before);
	(void)raise(number);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
}
