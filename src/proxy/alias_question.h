/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/alias_question: what a sandboxed program asks the DNS.
 *
 *	read -> refused by the policy
 *	     -> [resolved] -> told an alias, or that there is no such name
 *
 * A name to which nothing may go does not exist for it (NXDOMAIN with RFC
 * 8914's reason), and no name server hears of it; where the policy says drop,
 * no answer comes.  One that may be meant is looked for as the proxy itself
 * would, and has an alias if it has an address.  Of other records than those of
 * addresses there are none.
 *
 * One thread, that of the worker.
 */
#ifndef GATEHOUSE_PROXY_ALIAS_QUESTION_H
#define GATEHOUSE_PROXY_ALIAS_QUESTION_H

#include "net/resolver.h"
#include "proxy/dns_judge.h"

struct alias_question;
struct worker;

/* No bytes: nothing is to be said.  They are lent; the question is gone after
 * it. */
typedef void (*alias_answer_fn)(
    struct alias_question *question, struct str bytes);

/* The caller sets worker, source, answer and context; the rest is zero. */
struct alias_question {
	struct worker *worker;
	struct address_port source;
	alias_answer_fn answer;
	void *context;
	struct dns_query asked;
	struct dns_judge judge; /* of its name */
	struct resolver_query query;
};

/* `answer` is called once, perhaps within the call. */
void alias_question_put(struct alias_question *question, struct str message);

/* Then it is not called any more. */
void alias_question_cancel(struct alias_question *question);

#endif
