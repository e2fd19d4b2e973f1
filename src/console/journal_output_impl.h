/* SPDX-License-Identifier: GPL-2.0-or-later */
/* console/journal_output: what its files share. */
#ifndef GATEHOUSE_CONSOLE_JOURNAL_OUTPUT_IMPL_H
#define GATEHOUSE_CONSOLE_JOURNAL_OUTPUT_IMPL_H

#include "console/journal_output.h"

#include <pthread.h>

#include "base/clock.h"

/* How often a file's size and a lost server are looked at. */
#define JOURNAL_LOOK_EVERY CLOCK_SECOND

struct journal_output {
	pthread_mutex_t lock;
	pthread_cond_t wake;           /* of the thread */
	pthread_cond_t settled;        /* of who waits for it */
	unsigned refs;                 /* the owner's and the thread's */
	enum policy_journal_kind kind; /* for life */

	/* Under the lock. */
	struct journal_style style;
	int64_t bytes_max;
	int64_t every;
	unsigned keep;
	bool follows;        /* another process turns files over */
	struct text waiting; /* a newline, and the records */
	int64_t waiting_count;
	int64_t put, done; /* records, ever */
	int64_t unsaid;    /* lost, and not told of */
	struct journal_output_state state;
	int fd;      /* changed by the thread alone; -1: none */
	int next_fd; /* to take its place; -1: none */
	unsigned flushers;
	bool idle;  /* the thread waits to be woken */
	bool ended; /* the thread is gone */
	bool running;
	bool reopens;
	bool looks;  /* now, and not when it is time */
	int seen;    /* what came of it */
	bool turned; /* a file was begun anew, and nobody has asked */
	bool closing;
	int64_t deadline; /* of closing */

	/* The thread's. */
	char *path;             /* owned; NULL: none */
	struct address_port at; /* of a server; port 0: none */
	const char *enforcer;
	void (*moved)(void *context);
	void *context;
	bool is_file;      /* regular: a write does not wait for a reader */
	bool broken;       /* the last line written has no end */
	int64_t looked;    /* clock_now */
	int64_t period_of; /* `every`, by which the next is counted */
	int64_t period;    /* when the file was begun */
	struct text batch;
	struct text frame; /* of TCP */
};

/* Under the lock. */
void journal_output_wait_until(
    pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline);

/* Under the lock: so many are lost, which is counted and will be told. */
void journal_output_lose(struct journal_output *output, int64_t count);

/* The last one frees it. */
void journal_output_unref(struct journal_output *output);

/* Whether there is no use in waiting any more. */
bool journal_output_gives_up(struct journal_output *output);

/* Lets time pass; less of it once the output gives up. */
void journal_output_pause(struct journal_output *output, int64_t time);

/* What is wrong just now, for the state; 0: nothing. */
void journal_output_fails(struct journal_output *output, int error);

/* The thread changes over; the old one is closed. */
void journal_output_take_fd(struct journal_output *output, int fd);

/*
 * Waits until fd is ready for poll(2)'s `events`: 0, or -EPIPE when the output
 * gives up, -ETIMEDOUT, or another negative errno.
 */
int journal_output_wait(
    struct journal_output *output, int fd, short events, int64_t deadline);

/* ---- console/journal_file ---- */

/* A descriptor for appending, made if there was none, never through a link; or
 * a negative errno.  A line that was broken off is ended. */
int journal_file_open(const char *path, mode_t mode);

/* What is true of the descriptor that has just been taken. */
void journal_file_begin(struct journal_output *output);

/*
 * Of "\nLINE\nLINE\n", `count` lines: how many were written whole.  The first
 * byte goes out only if the line before has no end.
 */
int64_t journal_file_write(
    struct journal_output *output, struct str lines, int64_t count);

/* 0 or a negative errno, and writing goes on where it was. */
int journal_file_reopen(struct journal_output *output);

/* 1: begun anew; 0: not due; or a negative errno. */
int journal_file_rotate_if_due(struct journal_output *output);

/* ---- console/journal_socket ---- */

/* For datagrams, connected to nobody yet; or a negative errno. */
int journal_socket_open(void);

/* Of records, each with its end: how many were sent. */
int64_t journal_socket_write(
    struct journal_output *output, struct str records, int64_t count);

/* Whoever listened there may have been started again. */
void journal_socket_look(struct journal_output *output);

#endif
