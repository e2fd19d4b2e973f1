/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console/journal_output: one place where events go, its queue and its thread.
 *
 *	any thread	put ->	[ records that wait ]  ->  the output's thread
 *
 * Who emits an event puts a record into the queue, which takes a lock for as
 * long as it takes to copy it.  The thread takes all that waits, some
 * milliseconds' worth, and writes it: so a hung disk, a full pipe or a dead
 * server holds this thread alone, and neither a worker nor another output.  A
 * full queue loses what comes (COUNTER_EVENTS_LOST); when there is room again
 * an event of kind `fault` in this output says how many were lost.  Records of
 * one process stay in their order.
 *
 *	kind            written as              what cannot be written
 *	file            a write of whole lines  is lost: the disk is full
 *	pipe, terminal  PIPE_BUF at a time      waits
 *	systemd, unix   a datagram each         waits
 *	udp             a datagram each         is lost
 *	tcp             LENGTH SP MESSAGE       waits, and connects again
 *
 * Life: create, start (a thread; what is put before waits), end and leave.
 * Whoever has called end need not wait: the thread writes what it has until
 * the deadline, and frees the output when it is the last that holds it.
 * Besides put, all calls are one thread's.
 */
#ifndef GATEHOUSE_CONSOLE_JOURNAL_OUTPUT_H
#define GATEHOUSE_CONSOLE_JOURNAL_OUTPUT_H

#include <sys/types.h>

#include "console/journal_rendering.h"

/* Of what waits, in each process: a tenth of a second of 100,000 events. */
#define JOURNAL_QUEUE_BYTES_MAX ((size_t)8 << 20)

struct journal_output;

struct journal_output_wish {
	const struct policy_journal_output *settings; /* lent */
	/* Of a file or a socket, lent: the output may open it again.  NULL:
	 * another process does that, or there is none. */
	const char *path;
	/* Taken, if it is created; -1: there is none to be had beforehand, or
	 * the path is tried again. */
	int fd;
	const char *enforcer; /* that tells of what was lost; lives for ever */
	/* By the output's thread: it has opened its file anew. */
	void (*moved)(void *context);
	void *context;
};

struct journal_output_state {
	int64_t written, lost;
	int error; /* why it cannot write just now: a negative errno, or 0 */
};

/*
 * Opens what an output of these settings writes to at `path`, by which another
 * process may be handed it.  A descriptor, -EALREADY if there is nothing to
 * open beforehand, or another negative errno.
 */
int journal_output_open(const struct policy_journal_output *settings,
    const char *path, mode_t mode);

/* 0, or a negative errno, and then the descriptor is still the caller's. */
int journal_output_create(
    const struct journal_output_wish *wish, struct journal_output **ret);
int journal_output_start(struct journal_output *output);

/* Frees one that was created and not started, without its descriptor. */
void journal_output_forsake(struct journal_output **output);

/* Whether it is one for this place: its settings may change. */
bool journal_output_is_at(const struct journal_output *output,
    const struct policy_journal_output *settings, const char *path);

/* Other settings for the same place, from the next record on. */
void journal_output_change(struct journal_output *output,
    const struct policy_journal_output *settings);

/* Writes there from the next batch on; fd is taken. */
void journal_output_use_fd(struct journal_output *output, int fd);

/* A copy of the descriptor it writes to, or a negative errno. */
int journal_output_dup_fd(struct journal_output *output);

/* From now on another process turns the file over: this one only opens it
 * again when it has. */
void journal_output_follow(struct journal_output *output);

/* Opens the path again, after somebody has moved the file. */
void journal_output_reopen(struct journal_output *output);

/*
 * Has a file begun anew if it is due, as it is by itself within a second.  1:
 * it has since it was last asked; 0: it is not due; or a negative errno.
 */
int journal_output_rotate(struct journal_output *output, int64_t deadline);

struct journal_style journal_output_style(struct journal_output *output);
struct journal_output_state journal_output_look(struct journal_output *output);

/* Any thread. */
void journal_output_put(
    struct journal_output *output, struct journal_rendering *rendering);

/* Whether all that was put is written or lost, by the deadline (clock_now). */
bool journal_output_flush(struct journal_output *output, int64_t deadline);

void journal_output_end(struct journal_output *output, int64_t deadline);

/* After end; `wait`: for the thread, until the deadline. */
void journal_output_leave(struct journal_output **output, bool wait);

#endif
