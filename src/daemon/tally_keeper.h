/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/tally_keeper: what happened over time, of both enforcers.
 *
 * Every TALLY_EVERY, at a whole multiple of it by the wall clock, and when
 * somebody asks, the proxy is asked for what it has decided (event/tally) and
 * the kernel for what its rules have counted (daemon/tally_kernel).  Packets
 * that rules log, and ends of flows, are counted as they are read.  It goes
 *
 *	into series	points of 10 s for an hour, of 60 s for a day, of 3600 s
 *			for 35 days
 *	into periods	5 minutes for an hour, an hour for a day: who is met
 *			most often
 *	to the rules	how often each was met and when last (daemon/rule_hits)
 *	to the disk	by the hour, if there is a folder of the state
 *			(daemon/tally_hours)
 *
 * What the kernel decides without a log it counts by rule alone: so it is in
 * the series and of rules, and of a zone pair where its rule is from one zone
 * to one other, but of no client.
 *
 * A proxy that is killed takes up to TALLY_EVERY of its counts along.
 */
#ifndef GATEHOUSE_DAEMON_TALLY_KEEPER_H
#define GATEHOUSE_DAEMON_TALLY_KEEPER_H

#include "daemon/rule_hits.h"
#include "daemon/tally_hours.h"
#include "daemon/tally_kernel.h"
#include "event/event.h"
#include "event/periods.h"
#include "net/loop.h"

#define TALLY_EVERY (10 * CLOCK_SECOND)

/* However many ask, nobody is asked more often than this. */
#define TALLY_FRESH CLOCK_SECOND

#define TALLY_SERIES 3

struct child;
struct generation;
struct pulse_keeper;

struct tally_keeper {
	/* Lent: */
	struct loop *loop;
	struct child *child;
	const struct pulse_keeper *pulse; /* of the child */
	const struct early_drop *early;
	/* Its own: */
	bool is_open;
	struct series series[TALLY_SERIES]; /* the shortest step first */
	struct periods minutes, hours;
	struct tally_hours by_hour;
	struct rule_hits hits;
	struct tally_kernel kernel;
	struct tally news;  /* since the last look; rules by their id */
	struct tally proxy; /* what it tells, while it is taken */
	struct loop_timer timer;
	int64_t looked; /* clock_now */
};

/* Without memory it stays closed, and counts nothing. */
void tally_keeper_open(struct tally_keeper *keeper);

/* There is a folder of the state. */
void tally_keeper_open_book(struct tally_keeper *keeper, const char *dir);
void tally_keeper_close(struct tally_keeper *keeper);

/* Another policy is about to come into force; and has, `anew` unless its rules
 * go on counting. */
void tally_keeper_look(struct tally_keeper *keeper);
void tally_keeper_follow(
    struct tally_keeper *keeper, const struct generation *current, bool anew);

/* The same, unless it was done a moment ago. */
void tally_keeper_refresh(struct tally_keeper *keeper);

/* An event that this process tells. */
void tally_keeper_see(struct tally_keeper *keeper, const struct event *event);

#endif
