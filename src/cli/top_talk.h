/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/top_talk: what `gatehouse top` asks of the gateway, and when.
 *
 * One question after the other: `status`, then that of the view, and so again
 * every so often; in between what a key wished.  Nothing waits for an answer
 * but the caller's poll.
 */
#ifndef GATEHOUSE_CLI_TOP_TALK_H
#define GATEHOUSE_CLI_TOP_TALK_H

#include "cli/top_keys.h"
#include "cli/top_link.h"

/* What is asked for now. */
enum top_question {
	TOP_QUESTION_NONE,
	TOP_QUESTION_STATUS,
	TOP_QUESTION_VIEW,
	TOP_QUESTION_RULES, /* of `status`, where `rules` is not known */
	TOP_QUESTION_ORDER, /* what a key wished */
};

struct top_talk {
	const char *runtime;
	struct top_state *state;
	int64_t every;
	struct top_link link; /* its descriptor is to be polled */
	enum top_question asked;
	enum top_wish wish; /* that waits, or is being carried out */
	bool ask_again;     /* as soon as nothing is asked */
	bool is_new;        /* the state has changed */
	enum top_view of;   /* the view that was asked for */
	int64_t next;       /* clock_now */
};

/* What is lent lives as long. */
void top_talk_init(struct top_talk *talk, const char *runtime,
    struct top_state *state, int64_t every);
void top_talk_fini(struct top_talk *talk);

/* A key's wish, but to quit. */
void top_talk_wish(struct top_talk *talk, enum top_wish wish);

/* Asks what is to be asked next, if it is time and nothing is asked. */
void top_talk_go_on(struct top_talk *talk);

/* How long nothing needs to be done but to read: ms, or -1. */
int top_talk_wait_ms(const struct top_talk *talk);

/* The link can be read. */
void top_talk_read(struct top_talk *talk);

/* Asks for the view, once, and waits for all of it. */
void top_talk_once(struct top_talk *talk);

#endif
