/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/alias_datagram.h"

#include "net/datagram.h"
#include "proxy/alias_question.h"
#include "proxy/aliases.h"
#include "proxy/limits.h"
#include "proxy/worker.h"

#include <errno.h>
#include <stdlib.h>

/* Read from a listener in one go. */
#define DATAGRAMS_MAX 64

struct alias_datagram {
	struct alias_question question;
	struct alias_datagram *next, **link; /* of the worker's */
	int listener;                        /* the generation's */
	struct address_port from;
	struct address to; /* that was asked */
};

/* ---- questions ---- */

static void
destroy(struct alias_datagram *datagram)
{
	struct worker *worker = datagram->question.worker;

	*datagram->link = datagram->next;
	if (datagram->next != NULL)
		datagram->next->link = datagram->link;
	worker->datagram_count--;
	free(datagram);
}

static void
on_answer(struct alias_question *question, struct str bytes)
{
	struct alias_datagram *datagram = question->context;

	/* What cannot be sent is lost, and is asked for again. */
	if (bytes.len > 0)
		(void)datagram_send_as(
		    datagram->listener, &datagram->from, datagram->to, bytes);
	destroy(datagram);
}

static void
take(struct worker *worker, int listener, struct address_port from,
    struct address to, struct str bytes)
{
	struct alias_datagram *datagram =
	    worker->datagram_count < PROXY_QUESTIONS_MAX
		? calloc(1, sizeof(*datagram))
		: NULL;

	if (datagram == NULL)
		return;
	datagram->listener = listener;
	datagram->to = to;
	datagram->question.worker = worker;
	datagram->from = from;
	datagram->question.source = (struct address_port){
		alias_client((enum address_family)from.address.family),
		from.port
	};
	datagram->question.answer = on_answer;
	datagram->question.context = datagram;
	datagram->next = worker->datagrams;
	datagram->link = &worker->datagrams;
	if (datagram->next != NULL)
		datagram->next->link = &datagram->next;
	worker->datagrams = datagram;
	worker->datagram_count++;
	alias_question_put(&datagram->question, bytes);
}

void
alias_datagrams_receive(struct worker *worker, int listener)
{
	for (int i = 0; i < DATAGRAMS_MAX; i++) {
		struct address_port from, to;
		struct str bytes;
		int rc = datagram_receive_for(listener, &bytes, &from, &to);
		if (rc == -EAGAIN)
			return;
		if (rc == 0)
			take(worker, listener, from, to.address, bytes);
	}
}

void
alias_datagrams_end_all(struct worker *worker)
{
	while (worker->datagrams != NULL) {
		alias_question_cancel(&worker->datagrams->question);
		destroy(worker->datagrams);
	}
}
