/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/notify.h"

#include "base/clock.h"
#include "base/str.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* systemd gives a service minutes to become ready, which go by in vain. */
#define RETRY_AFTER CLOCK_SECOND

/* Whether it was told, or there is nobody to be told. */
static bool
tell(struct str words)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (path == NULL || strlen(path) >= sizeof(to.sun_path))
		return true;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t len = strlen(path);
	memcpy(to.sun_path, path, len);
	if (to.sun_path[0] == '@')
		to.sun_path[0] = '\0';
	if (fd < 0)
		return false;
	ssize_t sent = sendto(fd, words.at, words.len, MSG_DONTWAIT,
	    (struct sockaddr *)&to,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	(void)close(fd);
	return sent >= 0;
}

static bool
tell_ready(void)
{
	char words[48];
	int len = snprintf(
	    words, sizeof(words), "MAINPID=%d\nREADY=1", (int)getpid());

	return tell((struct str){ words, (size_t)len });
}

static void
on_turn(struct loop_timer *timer)
{
	struct notify *notify = timer->context;
	int64_t after = notify->every;

	if (!notify->is_told)
		notify->is_told = tell_ready();
	if (notify->every > 0)
		(void)tell(STR("WATCHDOG=1"));
	if (!notify->is_told && (after == 0 || after > RETRY_AFTER))
		after = RETRY_AFTER;
	if (after > 0)
		loop_timer_arm(notify->loop, timer, clock_now() + after);
}

static int64_t
wanted_every(void)
{
	const char *text = getenv("WATCHDOG_USEC");
	uint64_t usec;

	if (text == NULL ||
	    str_number(str_of(text), INT64_MAX / CLOCK_MS, &usec) < 0)
		return 0;
	return (int64_t)usec * (CLOCK_MS / 1000) / 2;
}

void
notify_ready(struct notify *notify, struct loop *loop)
{
	*notify = (struct notify){ .loop = loop, .every = wanted_every() };
	notify->timer = (struct loop_timer){ .fn = on_turn, .context = notify };
	on_turn(&notify->timer);
}

void
notify_end(struct notify *notify)
{
	loop_timer_cancel(&notify->timer);
}
