/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/proxy_sandbox.h"

#include "base/heap.h"
#include "daemon/channel.h"
#include "event/event.h"
#include "net/pipe.h"
#include "net/tls.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysinfo.h>
#include <time.h>

static void
on_refused(void *context, const char *call)
{
	struct event told = { .kind = EVENT_KIND_FAULT, .enforcer = "proxy" };
	char reason[120];

	(void)context;
	(void)snprintf(reason, sizeof(reason),
	    "gatehouse-proxy tried the system call %s and was refused", call);
	(void)fprintf(stderr,
	    "gatehouse-proxy: the system call %s was "
	    "refused\n",
	    call);
	told.reason = reason;
	event_emit(&told);
}

/*
 * The allocator would have eight (and count the cores by a file).  What one
 * thread stores in the cache another throws out, into the arena that it came
 * from: so with many of them each keeps what it once had, and the memory of the
 * process is what all of them had at their times.
 */
#define ARENAS_A_CORE 1

/* At the end of each, what requests take and free all the time. */
#define SPARE_BYTES ((size_t)1 << 20)

/* Below what the allocator maps by itself, and in sum above what it keeps. */
#define PIECE_BYTES 100000
#define PIECES      (2 * SPARE_BYTES / PIECE_BYTES)

static void *
shrink_heap(void *context)
{
	void *volatile pieces[PIECES];

	for (size_t i = 0; i < PIECES; i++)
		pieces[i] = malloc(PIECE_BYTES);
	for (size_t i = PIECES; i-- > 0;)
		free(pieces[i]);
	return context;
}

/* The first time that the heap of a thread shrinks, glibc reads how the kernel
 * commits memory. */
static void
shrink_first_heap(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, shrink_heap, NULL) == 0)
		(void)pthread_join(thread, NULL);
}

/*
 * What reads files of the host when it is first used is used now, or told what
 * it would find: OpenSSL's configuration; the local time, which mktime(3) would
 * look for each time if nobody named it; the allocator's two; where pipes are
 * emptied.
 */
static void
read_ahead(void)
{
	(void)setenv("TZ", ":/etc/localtime", 0);
	tzset();
	tls_begin(CHANNEL_AUTHORITIES_FD);
	pipe_begin();
	heap_begin((unsigned)get_nprocs() * ARENAS_A_CORE, SPARE_BYTES);
	shrink_first_heap();
}

int
proxy_sandbox_enter(struct loop *loop, struct refusal_watch *watch, int folder,
    struct sandbox *ret)
{
	int rc = refusal_open(loop, "gatehouse-proxy", watch, on_refused, NULL);

	if (rc < 0)
		return rc;
	read_ahead();
	sandbox_enter_proxy(folder, ret);
	return 0;
}
