/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/signals.h"

#include <errno.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void
on_signal(struct loop_watch *watch, unsigned ready)
{
	struct loop_signal *signal = watch->context;
	struct signalfd_siginfo info;

	(void)ready;
	if (read(watch->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		signal->fn(signal, (int)info.ssi_signo);
}

int
loop_signal_start(struct loop *loop, struct loop_signal *signal)
{
	int error = pthread_sigmask(SIG_BLOCK, &signal->set, NULL);

	if (error != 0)
		return -error;
	signal->watch = (struct loop_watch){
		.fd = signalfd(-1, &signal->set, SFD_NONBLOCK | SFD_CLOEXEC),
		.wanted = LOOP_READ,
		.fn = on_signal,
		.context = signal,
	};
	if (signal->watch.fd < 0)
		return -errno;
	error = loop_watch_start(loop, &signal->watch);
	if (error < 0)
		(void)close(signal->watch.fd);
	return error;
}

void
loop_signal_stop(struct loop_signal *signal)
{
	if (signal->watch.loop == NULL)
		return;
	loop_watch_stop(&signal->watch);
	(void)close(signal->watch.fd);
}
