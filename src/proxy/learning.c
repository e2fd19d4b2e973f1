/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An errand has a place in the table under the lock, by which it may be
 * cancelled at once, and lies in the queue until it is sent.  Answered, it is
 * out of the table and its message on the way: then the loop that it belongs
 * to either calls back or, if it was cancelled meanwhile, frees it.
 */
#include "proxy/learning.h"

#include "base/must.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct learning_errand {
	struct loop_message message;
	struct learning *learning;
	struct loop *loop;
	struct loop_timer patience; /* its own thread's */
	learning_fn fn;             /* NULL: nobody waits */
	void *context;
	uint32_t number;
	int error;
	bool is_sent;                 /* under the lock */
	bool answered;                /* so too */
	bool cancelled;               /* its own thread's */
	struct learning_errand *next; /* in the queue */
	struct learning_wish wish;
};

struct learning {
	pthread_mutex_t lock; /* of what is below */
	/* By its number, whose remainder is its place. */
	struct learning_errand *errands[LEARNING_MAX];
	struct learning_errand *first, **last; /* not sent yet */
	uint32_t last_number;
	unsigned sent; /* and not answered */
	learning_send_fn send;
};

struct learning *
learning_create(learning_send_fn send)
{
	struct learning *learning = calloc(1, sizeof(*learning));

	if (learning == NULL)
		return NULL;
	(void)pthread_mutex_init(&learning->lock, NULL);
	learning->send = send;
	learning->last = &learning->first;
	return learning;
}

/* Those that nobody waits for may still have a place. */
void
learning_destroy(struct learning **learning)
{
	struct learning *l = *learning;

	*learning = NULL;
	if (l == NULL)
		return;
	for (size_t i = 0; i < LEARNING_MAX; i++)
		must(l->errands[i] == NULL);
	(void)pthread_mutex_destroy(&l->lock);
	free(l);
}

/* ---- under the lock ---- */

/* The next number whose place is free; none is 0. */
static int
take_place(struct learning *learning, struct learning_errand *errand)
{
	for (size_t i = 0; i < LEARNING_MAX; i++) {
		uint32_t number = ++learning->last_number;
		struct learning_errand **place =
		    &learning->errands[number % LEARNING_MAX];
		if (*place != NULL || number == 0)
			continue;
		*place = errand;
		errand->number = number;
		return 0;
	}
	return -EBUSY;
}

static void
leave_queue(struct learning *learning, struct learning_errand *errand)
{
	struct learning_errand **link = &learning->first;

	while (*link != NULL && *link != errand)
		link = &(*link)->next;
	if (*link == NULL)
		return;
	*link = errand->next;
	if (errand->next == NULL)
		learning->last = link;
	errand->next = NULL;
}

static void
leave_place(struct learning_errand *errand)
{
	struct learning *learning = errand->learning;

	learning->errands[errand->number % LEARNING_MAX] = NULL;
	if (errand->is_sent)
		learning->sent--;
	else
		leave_queue(learning, errand);
}

/* As many as may be on their way.  What cannot be sent waits for the next
 * answer, or for nothing. */
static void
send_next(struct learning *learning)
{
	while (learning->first != NULL && learning->sent < LEARNING_SENT_MAX) {
		struct learning_errand *errand = learning->first;
		if (learning->send(errand->number, &errand->wish) < 0)
			return;
		leave_queue(learning, errand);
		errand->is_sent = true;
		learning->sent++;
	}
}

/* ---- an errand ---- */

static void
on_answer(struct loop *loop, struct loop_message *message)
{
	struct learning_errand *errand = (struct learning_errand *)message;
	learning_fn fn = errand->cancelled ? NULL : errand->fn;
	void *context = errand->context;
	bool is_known = errand->error == 0;

	(void)loop;
	loop_timer_cancel(&errand->patience);
	free(errand);
	if (fn != NULL)
		fn(is_known, context);
}

void
learning_cancel(struct learning_errand **errand)
{
	struct learning_errand *e = *errand;

	*errand = NULL;
	if (e == NULL)
		return;
	loop_timer_cancel(&e->patience);
	(void)pthread_mutex_lock(&e->learning->lock);
	bool is_answered = e->answered;
	if (!is_answered) {
		leave_place(e);
		send_next(e->learning);
	}
	(void)pthread_mutex_unlock(&e->learning->lock);
	/* The message comes to this thread, and so after this. */
	if (is_answered)
		e->cancelled = true;
	else
		free(e);
}

static void
on_impatience(struct loop_timer *timer)
{
	struct learning_errand *errand = timer->context;
	learning_fn fn = errand->fn;
	void *context = errand->context;

	learning_cancel(&errand);
	if (fn != NULL)
		fn(false, context);
}

static struct learning_errand *
make_errand(struct learning *learning, const struct learning_wish *wish,
    struct loop *loop)
{
	struct learning_errand *errand = calloc(1, sizeof(*errand));

	if (errand == NULL)
		return NULL;
	errand->message.fn = on_answer;
	errand->learning = learning;
	errand->loop = loop;
	errand->wish = *wish;
	errand->patience =
	    (struct loop_timer){ .fn = on_impatience, .context = errand };
	return errand;
}

/* 0 or -EBUSY; `may_wait`: until others are known. */
static int
set_out(struct learning_errand *errand, bool may_wait)
{
	struct learning *learning = errand->learning;
	int rc = -EBUSY;

	/* Its own thread's, and so before somebody may answer it. */
	loop_timer_arm(errand->loop, &errand->patience,
	    loop_now(errand->loop) + LEARNING_WAIT);
	(void)pthread_mutex_lock(&learning->lock);
	if (may_wait || learning->sent < LEARNING_SENT_MAX / 2)
		rc = take_place(learning, errand);
	if (rc == 0) {
		*learning->last = errand;
		learning->last = &errand->next;
		send_next(learning);
	}
	(void)pthread_mutex_unlock(&learning->lock);
	if (rc < 0)
		loop_timer_cancel(&errand->patience);
	return rc;
}

int
learning_tell(struct learning *learning, const struct learning_wish *wish,
    struct loop *loop, learning_fn fn, void *context,
    struct learning_errand **ret)
{
	struct learning_errand *errand = make_errand(learning, wish, loop);

	if (errand == NULL)
		return -ENOMEM;
	errand->fn = fn;
	errand->context = context;
	int rc = set_out(errand, true);
	if (rc < 0)
		free(errand);
	else
		*ret = errand;
	return rc;
}

void
learning_mention(struct learning *learning, const struct learning_wish *wish,
    struct loop *loop)
{
	struct learning_errand *errand = make_errand(learning, wish, loop);

	if (errand != NULL && set_out(errand, false) < 0)
		free(errand);
}

void
learning_leave(struct learning *learning, struct loop *loop)
{
	(void)pthread_mutex_lock(&learning->lock);
	for (size_t i = 0; i < LEARNING_MAX; i++) {
		struct learning_errand *errand = learning->errands[i];
		if (errand == NULL || errand->loop != loop)
			continue;
		loop_timer_cancel(&errand->patience);
		leave_place(errand);
		free(errand);
	}
	send_next(learning);
	(void)pthread_mutex_unlock(&learning->lock);
}

void
learning_answer(struct learning *learning, uint32_t number, int error)
{
	(void)pthread_mutex_lock(&learning->lock);
	struct learning_errand *errand =
	    learning->errands[number % LEARNING_MAX];
	if (errand != NULL && errand->number == number && errand->is_sent) {
		leave_place(errand);
		errand->answered = true;
		errand->error = error;
		send_next(learning);
	} else {
		errand = NULL;
	}
	(void)pthread_mutex_unlock(&learning->lock);
	if (errand != NULL)
		loop_post(errand->loop, &errand->message);
}
