/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench/journal: what an event costs that goes to a file.
 *
 *	journal FILE EVENTS [RATE]
 *
 * One thread emits the event of an answered request, as fast as it can or RATE
 * a second.  Told are the time of who emits (what a worker of the proxy pays),
 * that of the process with the thread that writes, how many events a second
 * that makes of one core, and how many were lost.
 */
#include "console/journal.h"

#include "stopwatch.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "event/counter.h"

/* What is emitted between two looks at the clock, where a rate is kept. */
#define BURST 10

static const struct event request = {
	.kind = EVENT_KIND_REQUEST,
	.flow = 0x8f1d22c07ab3e915,
	.enforcer = "proxy",
	.phase = "request",
	.verdict = "allow",
	.rule_line = 29,
	.rule_name = STR_INIT("packages"),
	.zone_from = STR_INIT("lan"),
	.zone_to = STR_INIT("wan"),
	.source = { { .family = ADDRESS_IPV4, .bytes = { 10, 0, 0, 4 } },
	    40112 },
	.destination = { .family = ADDRESS_IPV4, .bytes = { 192, 0, 2, 80 } },
	.protocol = "tcp",
	.port = 80,
	.name = STR_INIT("eu.packages.example"),
	.method = STR_INIT("GET"),
	.url = STR_INIT("http://eu.packages.example/pool/main/g/gatehouse"),
	.status = 200,
	.measured = true,
	.bytes_in = 412,
	.bytes_out = 1258291,
	.duration = 34567890,
};

static int64_t
process_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * CLOCK_SECOND + now.tv_nsec;
}

static void
keep_rate(int64_t began, int64_t emitted, int64_t rate)
{
	int64_t due = began + emitted * CLOCK_SECOND / rate;
	struct timespec until = { .tv_sec = (time_t)(due / CLOCK_SECOND),
		.tv_nsec = (long)(due % CLOCK_SECOND) };

	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

int
main(int argc, char **argv)
{
	struct journal journal;
	int64_t events = argc > 2 ? atoll(argv[2]) : 0;
	int64_t rate = argc > 3 ? atoll(argv[3]) : 0;

	(void)signal(SIGPIPE, SIG_IGN);
	journal_init(&journal);
	if (events <= 0 || journal_open(&journal, argv[1], 0640) < 0) {
		(void)fprintf(stderr, "usage: journal FILE EVENTS [RATE]\n");
		return 2;
	}
	event_sink_set(journal_sink, &journal);
	int64_t process = process_now(), began = clock_now();
	int64_t mine = cpu_now();
	for (int64_t i = 0; i < events; i++) {
		if (rate > 0 && i % BURST == 0)
			keep_rate(began, i, rate);
		event_emit(&request);
	}
	mine = cpu_now() - mine;
	event_sink_set(NULL, NULL);
	journal_fini(&journal);
	int64_t took = clock_now() - began;
	process = process_now() - process;
	(void)printf("%lld ns an event for who emits, %lld ns in all, "
		     "%lld events a second of one core, %.3f s, %lld lost\n",
	    (long long)(mine / events), (long long)(process / events),
	    (long long)(events * CLOCK_SECOND / process),
	    (double)took / (double)CLOCK_SECOND,
	    (long long)counter_get(COUNTER_EVENTS_LOST));
	return 0;
}
